"""`harness`: the commands beside `pytest features/`."""

from __future__ import annotations

import sys

import typer

from harness.cli.claims import claims
from harness.cli.compare import compare
from harness.cli.doctor import doctor
from harness.cli.fidelity import fidelity
from harness.cli.image import app as image
from harness.cli.inspect import inspect
from harness.cli.judge import judge
from harness.errors import HarnessError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Chaos and conformance tests for Flower on OpenNebula; the scenarios themselves run by `pytest features/`.",
)
for command in (doctor, claims, judge, compare, inspect, fidelity):
    app.command()(command)
app.add_typer(image, name="image")


def main() -> None:
    """Run the command line. What is wrong with the input is one clear line, and exit code 2."""
    try:
        app()
    except HarnessError as error:
        sys.stderr.write(f"harness: {error}\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
