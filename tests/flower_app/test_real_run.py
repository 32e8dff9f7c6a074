"""The app on a real SuperLink with two real SuperNodes: it learns, and the record has every round."""

import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.flower.app import STRATEGY_FILE, App, prepare, start_run
from harness.flower.commands import SuperLinkOptions, SuperNodeOptions, superlink, supernode, surroundings
from harness.flower.place import Place
from harness.flower.versions import FlowerEnvironment
from harness.history.events import Event, parse_event
from harness.ports import Ports
from harness.processes import Process
from harness.waiting import wait_until

STRATEGY = Path(__file__).parent / "strategies" / "message_faults.py"


@dataclass(frozen=True)
class Real:
    app: App
    nodes: list[Process]
    folder: Path

    def start(self, name: str, **config) -> Path:
        events = self.folder / "events" / name
        events.mkdir(parents=True)
        values = {key.replace("_", "-"): value for key, value in config.items()}
        start_run(self.app, {**values, "events-dir": str(events)})
        return events


@pytest.fixture(scope="module")
def real(flower: FlowerEnvironment, app_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    place = Place(work=tmp_path_factory.mktemp("federation"), logs=tmp_path_factory.mktemp("logs"))
    nodes: list[Process] = []

    def start(name: str, argv: list[str]) -> Process:
        return Process(name, argv, log=place.logs / f"{name}.log", env=surroundings(flower, place.home(name)), grace=2)

    with Ports() as ports:
        options = SuperLinkOptions(ports.take(), ports.take(), ports.take())
        with start("superlink", superlink(flower, options)) as link:
            try:
                wait_until(lambda: _listens(options.control_port), what="the SuperLink", timeout=60, abort=link.ended)
                for number in range(2):
                    node = SuperNodeOptions(options.fleet_port, ports.take(), {"partition-id": number})
                    nodes.append(start(f"supernode-{number}", supernode(flower, node)))
                port = options.control_port
                yield Real(
                    prepare(app_folder, place, flower, control_port=port, tls=None, strategy=STRATEGY),
                    nodes,
                    place.work,
                )
            finally:
                for process in nodes:
                    process.end()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _events(folder: Path, pattern: str = "serverapp.jsonl") -> list[Event]:
    paths = sorted(folder.glob(pattern))
    return [parse_event(line, str(path)) for path in paths for line in path.read_text().splitlines()]


def _ended(folder: Path) -> list[Event]:
    def over() -> bool:
        return any(event.kind == "run.ends" for event in _events(folder))

    wait_until(over, what=f"the end of {folder.name}", timeout=120)
    return _events(folder)


def test_both_apis_learn_and_are_recorded(real):
    # At the same time: the second with a strategy of a user's own.
    legacy = real.start("legacy", num_rounds=2, fit_seconds=0.5, min_available=2)
    own = {"strategy_file": STRATEGY_FILE, "strategy_class": "HandsOutMessagesOnce"}
    with_own = real.start("own", strategy="message-fedavg", num_rounds=1, **own)
    messages = real.start("messages", strategy="message-fedavg", num_rounds=2, min_available=2)
    for folder in (legacy, messages):
        events = _ended(folder)
        assert events[-1]["outcome"] == "completed", events[-1]
        losses = [event["loss"] for event in events if event.kind == "global"]
        assert len(losses) == 3
        assert losses[0] > losses[1] > losses[2]
        clients = _events(folder, "clientapp-*.jsonl")
        assert sorted((event["round"], event["partition"]) for event in clients if event.kind == "fit.ends") == [
            (1, 0), (1, 1), (2, 0), (2, 1),
        ]  # fmt: skip
        sampled = next(event for event in events if event.kind == "sampled")
        begun = [event for event in clients if event.kind == "fit.begins"]
        assert {event["node"] for event in begun} == set(sampled["nodes"])
        # One clock: a client works between the sampling and the results of its round.
        for number in (1, 2):
            first = next(e.t for e in events if e.kind == "sampled" and e["round"] == number)
            last = next(e.t for e in events if e.kind == "results" and e["round"] == number)
            assert all(first < event.t < last for event in begun if event["round"] == number)
    # Flower reads an iterable of messages twice, so a generator sends none; a record that mended that would be a lie.
    ended = _ended(with_own)[-1]
    assert ended["outcome"] == "failed"
    assert "`messages_list` must not be empty" in ended["error"]


def test_a_node_that_is_stopped_ends_its_fit_at_once(real):
    folder = real.start("stopped", num_rounds=1, fit_seconds=60.0)

    def fitting() -> list[Event]:
        return [event for event in _events(folder, "clientapp-*.jsonl") if event.kind == "fit.begins"]

    wait_until(fitting, lambda seen: len(seen) == 2, what="both fits", timeout=60)
    stopped = time.monotonic()
    real.nodes[1].signal(signal.SIGTERM, tree=True)
    aborted = wait_until(
        lambda: [event for event in _events(folder, "clientapp-*.jsonl") if event.kind == "fit.aborted"],
        what="the end of the fit",
        timeout=30,
    )
    assert [event["partition"] for event in aborted] == [1]
    assert aborted[0]["error"].startswith("SystemExit")
    assert 0 <= aborted[0].t - stopped < 5
