"""Scenarios that a known defect of the software under test disturbed are run again.

Not a remedy for a flaky test: what is run again is only what met, by its own history, a defect that is none of the
claims' business and leaves nothing to judge. Flower 1.25.0 loses a message whose objects have not arrived yet when its
SuperNode asks for them (`harness/flower/logs.py`, LOST_MESSAGE); the round then hangs with every node online, whatever
the scenario is about. It is rare on an idle machine and less so on a busy one. No other reason starts a scenario again,
and each time is told: in the terminal, in the report, and by the history of the disturbed attempt, which is kept.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from harness.claims.plugin.collector import FeatureFile
from harness.claims.plugin.run import run_key
from harness.claims.plugin.scenarios import disturbed_key, recorder_of
from harness.history.checks.registry import disturbance
from harness.report.outcomes import file_name

ATTEMPTS = 3
FOLDER = "disturbed"
"""Below `histories/` and `logs/`: what disturbed attempts have left."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a scenario, and again when it was disturbed."""
    if not isinstance(item.parent, FeatureFile):
        return None
    assert isinstance(item, pytest.Function)
    reasons: list[str] = []
    item.stash[disturbed_key] = reasons
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    while True:
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        recorder = recorder_of(item)
        reason = None if recorder is None else disturbance(recorder.history())
        if recorder is None or reason is None or len(reasons) + 1 >= ATTEMPTS:
            break
        reasons.append(reason)
        _put_aside(item, recorder.path, len(reasons))
        # As pytest does before it runs an item: fixtures are asked for anew.
        item._initrequest()  # noqa: SLF001 - there is no public way; pytest-rerunfailures does the same
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _put_aside(item: pytest.Item, history: Path, attempt: int) -> None:
    folder = item.config.stash[run_key].folder
    for source, target in (
        (history, folder / "histories" / FOLDER / f"{file_name(item.nodeid)}.{attempt}.jsonl"),
        (folder / "logs" / file_name(item.nodeid), folder / "logs" / FOLDER / f"{file_name(item.nodeid)}.{attempt}"),
    ):
        target.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            source.rename(target)
