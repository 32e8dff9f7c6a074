"""The app of a run: a copy of the fixture, pointed at the scenario's SuperLink, with the user's own Strategy in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.flower.commands import LOOPBACK, Tls, run_config, surroundings
from harness.flower.place import Place
from harness.flower.versions import FlowerEnvironment
from harness.processes import run

PACKAGE = "harness_app"
STRATEGY_FILE = "users_strategy.py"
"""From 1.31 on Flower leaves files named `*_test.py` and `test_*.py` out of an app (measured)."""

_FEDERATION = "harness"
_START_TIMEOUT = 120.0
"""Seconds for `flwr run`; it takes 1 to 3 s (measured), more when all scenarios start at once."""


@dataclass(frozen=True)
class App:
    """A copy of the app that is ready to run.

    Attributes:
        folder: The copy. A copy because Flower 1.31 rewrites a legacy `pyproject.toml` in place (measured).
        home: FLWR_HOME of the `flwr` command.
        flower: The version under test.
        superlink: Address of its SuperLink.
    """

    folder: Path
    home: Path
    flower: FlowerEnvironment
    superlink: str


def prepare(
    fixture: Path,
    place: Place,
    flower: FlowerEnvironment,
    *,
    control_port: int,
    tls: Tls | None,
    strategy: Path | None,
    control_host: str = LOOPBACK,
) -> App:
    """Copy the fixture and write where its federation is.

    Args:
        fixture: The app.
        place: The scenario's folders.
        flower: The version under test.
        control_port: Of the SuperLink's Control API.
        tls: The SuperLink's certificates.
        strategy: File of a user's own Strategy.
        control_host: Address of the SuperLink's Control API.
    """
    folder = place.work / "app"
    shutil.copytree(fixture, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    if strategy is not None:
        shutil.copy(strategy, folder / PACKAGE / STRATEGY_FILE)
    home = place.home("flwr")
    security = "insecure = true"
    if tls is not None:
        shutil.copy(tls.ca_certificate, folder / "ca.crt")
        security = 'root-certificates = "ca.crt"'
    connection = f'address = "{control_host}:{control_port}"\n{security}\n'
    if flower.version.startswith("1.25."):
        with (folder / "pyproject.toml").open("a", encoding="utf-8") as project:
            project.write(f"\n[tool.flwr.federations.{_FEDERATION}]\n{connection}")
    else:
        # Relative to FLWR_HOME there, not to the app.
        connection = connection.replace("ca.crt", str(folder / "ca.crt"))
        (home / "config.toml").write_text(f"[superlink.{_FEDERATION}]\n{connection}", encoding="utf-8")
    return App(folder, home, flower, control_host)


def start_run(app: App, values: Mapping[str, float | str]) -> str:
    """Start a run by `flwr run`; returns its id.

    Args:
        app: From `prepare`.
        values: The run config that differs from the app's own.

    Raises:
        HarnessError: Flower refused; the text has its reason. Errors exit with 0 there, so its JSON is what counts.
    """
    argv: list[str | Path] = [
        app.flower.command("flwr"),
        "run",
        app.folder,
        _FEDERATION,
        "--run-config",
        run_config(values),
    ]
    done = run(
        [*argv, "--format", "json"], timeout=_START_TIMEOUT, env=surroundings(app.flower, app.home, [app.superlink])
    )
    return _run_id(done.output)


def read_log(app: App, run_id: str) -> str:
    """The log of a run, as `flwr log --show` has it.

    Raises:
        ProcessFailed: The SuperLink does not answer.
    """
    argv: list[str | Path] = [app.flower.command("flwr"), "log", run_id, app.folder, _FEDERATION, "--show"]
    done = run(argv, timeout=_START_TIMEOUT, env=surroundings(app.flower, app.home))
    return done.output + done.errors


def register_node_key(app: App, public_key: Path) -> None:
    """Make a SuperNode's public key known to a SuperLink that authenticates SuperNodes.

    Raises:
        HarnessError: Flower refused; the text has its reason.
    """
    argv: list[str | Path] = [app.flower.command("flwr"), "supernode", "register", public_key, app.folder, _FEDERATION]
    done = run(
        [*argv, "--format", "json"], timeout=_START_TIMEOUT, env=surroundings(app.flower, app.home, [app.superlink])
    )
    _answer(done.output)


def _answer(output: str) -> Mapping[str, object]:
    try:
        answer = json.loads(output[output.index("{") :])
    except ValueError as error:
        raise HarnessError(f"flwr did not answer with JSON: {output.strip()[-600:]}") from error
    if not isinstance(answer, dict) or not answer.get("success"):
        raise HarnessError(f"flwr refused: {answer}")
    return answer


def _run_id(output: str) -> str:
    run_id = _answer(output).get("run-id")
    if run_id is None:
        raise HarnessError(f"flwr started no run: {output.strip()[-600:]}")
    return str(run_id)
