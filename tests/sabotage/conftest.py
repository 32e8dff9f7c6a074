"""Runs of `pytest features/` against parts that are broken on purpose: real Flower, real Toxiproxy, real faults.

A run lasts about a minute, and most of that is waiting. So the runs of all tests that were asked for are started
together, a few at a time, and each test waits for its own.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sabotage import HERE, Ran, Sabotage, features

from harness.chaos.toxiproxy.locate import locate
from harness.flower.versions import SPECIFIED, environment

AT_ONCE = 6


def pytest_configure(config):
    config.addinivalue_line("markers", "sabotage: breaks something on purpose and runs real scenarios; takes minutes")


@pytest.fixture(scope="session")
def toxiproxy() -> Path:
    return locate(say=print).path


@pytest.fixture(scope="session")
def runs(request, tmp_path_factory, toxiproxy) -> Iterator[dict[str, Future[Ran]]]:
    """The runs of all cases that were asked for, by the case's name."""
    environment(SPECIFIED, print)
    cases = {
        item.callspec.params["case"].name: item.callspec.params["case"]
        for item in request.session.items
        if isinstance(getattr(item, "callspec", None) and item.callspec.params.get("case"), Sabotage)
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {}
        for case in cases.values():
            folder = tmp_path_factory.mktemp(case.name)
            used, env = (toxiproxy, {}) if case.part is None else case.part(folder, toxiproxy)
            options: list[str | Path] = ["-m", case.scenarios, "-k", case.only, "-n", str(case.workers)]
            options += ["--toxiproxy", used]
            if case.strategy is not None:
                options += ["--strategy", f"{HERE / 'strategies.py'}:{case.strategy}"]
            started[case.name] = pool.submit(features, folder / "reports", *options, env=env)
        yield started
        for future in started.values():
            future.cancel()
