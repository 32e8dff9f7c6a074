"""What can be read of a version of Flower without a federation: its options, the signatures of its Strategies."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.flower.commands import surroundings
from harness.flower.versions import FlowerEnvironment
from harness.processes import run

_TIMEOUT = 60.0
_OPTION = re.compile(r"^  (--[a-z-]+)", re.MULTILINE)


def supernode_options(flower: FlowerEnvironment, home: Path) -> dict[str, str]:
    """The options of `flower-supernode`, each with its help.

    Raises:
        HarnessError: `--help` shows no option.
    """
    text = run([flower.command("flower-supernode"), "--help"], timeout=_TIMEOUT, env=surroundings(flower, home)).output
    parts = _OPTION.split(text[text.index("options:") :]) if "options:" in text else []
    found = {name: " ".join(words.split()) for name, words in zip(parts[1::2], parts[2::2], strict=True)}
    if not found:
        raise HarnessError(f"flower-supernode --help shows no option: {text[:300]}")
    return found


def strategy_signatures(flower: FlowerEnvironment, home: Path) -> list[dict[str, Any]]:
    """Each Strategy that the version exports: `api`, `name`, whether it `has` accept_failures, its `default`."""
    script = resources.files("harness.flower.observer") / "signatures.py"
    done = run([flower.python, str(script)], timeout=_TIMEOUT, env=surroundings(flower, home))
    found: list[dict[str, Any]] = json.loads(done.output)
    return found
