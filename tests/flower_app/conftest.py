"""A Flower environment, and plays of the app in it."""

import json
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.flower.app import STRATEGY_FILE
from harness.flower.commands import surroundings
from harness.flower.versions import SPECIFIED, FlowerEnvironment, environment
from harness.history.events import Event, parse_event
from harness.processes import Process

HERE = Path(__file__).parent
APP = HERE.parents[1] / "fixtures" / "flower_app"
STRATEGIES = HERE / "strategies"

# Its settings need neither Flower nor numpy and are tested in this process.
sys.path.insert(0, str(APP))


@dataclass(frozen=True)
class Play:
    """What a play left behind.

    Attributes:
        events: Of the ServerApp, in order.
        clients: Of the ClientApps, in order.
        error: What the ServerApp raised.
        log: Flower's own log lines.
        trace: What the strategy under test wrote itself, if it does.
    """

    events: list[Event]
    clients: list[Event]
    error: str | None
    log: list[str]
    trace: list[str]

    def all(self, kind: str, **fields: Any) -> list[Event]:
        return [
            event
            for event in self.events
            if event.kind == kind and all(event.get(name) == value for name, value in fields.items())
        ]

    def one(self, kind: str, **fields: Any) -> Event:
        found = self.all(kind, **fields)
        assert len(found) == 1, (kind, fields, [event.to_json() for event in self.events])
        return found[0]


@pytest.fixture(scope="session")
def flower() -> FlowerEnvironment:
    return environment(SPECIFIED, print)


@pytest.fixture(scope="session")
def app_folder() -> Path:
    return APP


@pytest.fixture(scope="session")
def player(flower: FlowerEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("player")
    argv = [flower.python, HERE / "player.py"]
    env = surroundings(flower, folder / "home")
    with Process("player", argv, log=folder / "player.log", env=env, pipe=True) as process:
        yield process


@pytest.fixture
def play(player: Process, tmp_path: Path) -> Callable[..., Play]:
    """Plays the app with a run config, and with a strategy of one's `own` (FILE:CLASS of `strategies/`), if any.

    Nodes are partitions 0, 1, …, or dicts with a `partition` that is there `after` so many seconds. A fault is a phase,
    a round, a partition and how it shows: `gone` (the SuperLink answers for the node), `silent` or `transport`.
    """
    count = 0

    def run(
        *,
        own: str | None = None,
        nodes: int | list[dict[str, Any]] = 2,
        faults: list[tuple[str, int, int, str]] = [],  # noqa: B006 - never changed
        record: bool = True,
        **config: Any,
    ) -> Play:
        nonlocal count
        count += 1
        folder = tmp_path / f"play-{count}"
        events = folder / "events"
        events.mkdir(parents=True)
        shutil.copytree(APP, folder / "app")
        values = {**_declared(folder / "app"), "num-rounds": 2, "events-dir": str(events) if record else ""}
        values |= {name.replace("_", "-"): value for name, value in config.items()}
        if own is not None:
            file, name = own.rsplit(":", 1)
            shutil.copy(STRATEGIES / file, folder / "app" / "harness_app" / STRATEGY_FILE)
            values |= {"strategy-file": STRATEGY_FILE, "strategy-class": name}
        spec = {
            "app": str(folder / "app"),
            "config": values,
            "nodes": [{"partition": number} for number in range(nodes)] if isinstance(nodes, int) else nodes,
            "faults": [dict(zip(("phase", "round", "partition", "how"), fault, strict=True)) for fault in faults],
            "answer": str(folder / "answer.json"),
            "trace": str(folder / "trace"),
        }
        player.input.write(json.dumps(spec) + "\n")
        player.input.flush()
        line = player.output.readline()
        assert json.loads(line or "{}").get("status") == 0, player.tail(2000)
        answer = json.loads((folder / "answer.json").read_text())
        trace = (folder / "trace").read_text().splitlines() if (folder / "trace").exists() else []
        clients = [event for path in sorted(events.glob("clientapp-*.jsonl")) for event in _events(path)]
        return Play(_events(events / "serverapp.jsonl"), clients, answer["error"], answer["log"], trace)

    return run


def _declared(app: Path) -> dict[str, Any]:
    return tomllib.loads((app / "pyproject.toml").read_text())["tool"]["flwr"]["app"]["config"]


def _events(path: Path) -> list[Event]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [parse_event(line, f"{path}:{number}") for number, line in enumerate(lines, 1)]
