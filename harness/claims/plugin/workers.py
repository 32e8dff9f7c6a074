"""Scenarios run side by side, by default: most of their time is waiting."""

from __future__ import annotations

import os

import psutil
import pytest

from harness.claims.plugin.run import has_features, is_worker, text_of
from harness.priority import lead_session

PER_CORE = 5
"""Scenarios at once for each core. A scenario costs 5 to 10 CPU-seconds and lasts 20 to 200 s (measured)."""

_MEMORY_EACH = 1.0e9
"""Bytes of memory that a scenario may need at once: SuperLink, ServerApp, four SuperNodes with their ClientApps."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Give xdist the number of workers, unless the user did."""
    given = getattr(config.option, "numprocesses", None)
    alone = config.option.usepdb or config.option.collectonly or config.option.help
    if is_worker(config) or given is not None or alone or not has_features(config):
        return
    config.option.numprocesses = workers(os.cpu_count() or 1, psutil.virtual_memory().total, _most(config))
    # One test at a time goes to a worker that is free; see `side_by_side` for the order.
    config.option.maxschedchunk = 1


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let a worker lead a session: Ctrl-C reaches the controller, which ends its workers and all that they started."""
    if is_worker(config):
        lead_session()


def workers(cores: int, memory: float, scenarios: int) -> int:
    """How many scenarios to run at once: by cores, by memory (bytes), and no more than there are."""
    return max(1, min(PER_CORE * cores, int(memory / _MEMORY_EACH), scenarios))


def _most(config: pytest.Config) -> int:
    """An upper bound on the number of scenarios that were asked for."""
    count = 0
    for argument in config.args:
        inside = str(argument).split("::")[1:]
        text = text_of(argument, config)
        count += 1 if inside else text.count("Scenario:") + 8 * text.count("Scenario Outline:")
    return max(count, 1)
