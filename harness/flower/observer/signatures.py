"""Runs in Flower's own Python and prints, as JSON, which of its Strategies have `accept_failures`, and its default."""

from __future__ import annotations

import importlib
import inspect
import json

MODULES = {"legacy": "flwr.server.strategy", "message": "flwr.serverapp.strategy"}


def main() -> None:
    """Print a list of objects: api, name, has, default."""
    found = []
    for api, module_name in MODULES.items():
        module = importlib.import_module(module_name)
        base = module.Strategy
        for name in sorted(module.__all__):
            cls = getattr(module, name)
            if not (inspect.isclass(cls) and issubclass(cls, base)) or cls is base or inspect.isabstract(cls):
                continue
            parameter = inspect.signature(cls.__init__).parameters.get("accept_failures")
            default = None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default
            found.append({"api": api, "name": name, "has": parameter is not None, "default": default})
    print(json.dumps(found))


if __name__ == "__main__":
    main()
