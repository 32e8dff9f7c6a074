"""One run of `pytest features/`: its session, its folder of reports, its set-up, its end.

The process that the user started is the controller; xdist's workers run the scenarios. Without xdist (`-n 0`) one
process is both.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness import sessions
from harness.chaos.toxiproxy.locate import locate
from harness.claims.plugin.collector import catalogue_of
from harness.claims.plugin.options import read_options
from harness.errors import InputError, SetupFailed
from harness.flower.versions import environment
from harness.hypervisor.choice import Ready, set_up
from harness.hypervisor.docker.engine import end_left
from harness.report.live import LiveView
from harness.report.outcomes import ScenarioOutcome
from harness.report.run_report import RunReport
from harness.target import Target

LATEST = "latest"
PROPERTY = "harness"
"""Name of the property of a test's report that carries its outcome, as JSON."""


@dataclass(frozen=True)
class Run:
    """What every worker needs to know of a run.

    Attributes:
        session: Id of the session.
        folder: The run's own folder of reports.
        toxiproxy: Executable.
        hypervisor: What was set up for the scenarios to run on.
    """

    session: str
    folder: Path
    toxiproxy: Path
    hypervisor: Ready


sessions.also_end(end_left)

run_key = pytest.StashKey[Run]()
target_key = pytest.StashKey[Target]()
_session_key = pytest.StashKey[sessions.Session]()
_report_key = pytest.StashKey[RunReport]()
_live_key = pytest.StashKey[LiveView]()


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def has_features(config: pytest.Config) -> bool:
    """Whether feature files are among what pytest was asked to run."""
    for argument in config.args:
        path = _path_of(argument, config)
        if path.suffix == ".feature" or (path.is_dir() and path.name != "tests" and any(path.rglob("*.feature"))):
            return True
    return False


def text_of(argument: str, config: pytest.Config) -> str:
    """What the feature files say that one of pytest's arguments means, not yet parsed."""
    path = _path_of(argument, config)
    files = [path] if path.is_file() else path.rglob("*.feature")
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def _path_of(argument: str, config: pytest.Config) -> Path:
    path = Path(str(argument).split("::")[0])
    return path if path.is_absolute() else config.invocation_params.dir / path


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Check the options, end what killed runs have left, and set up what the scenarios need, before anything runs."""
    if is_worker(config) or config.option.help or not has_features(config):
        return
    try:
        config.stash[target_key] = target = read_options(config)
        report = RunReport(target, catalogue_of(config), _features_root(config))
        if config.option.collectonly:
            return
        _say_all(sessions.reap(), "left by a killed run, ended")
        config.stash[_session_key] = session = sessions.open_session()
        config.stash[run_key] = run = _set_up(target, session)
    except (InputError, SetupFailed) as error:
        if (opened := config.stash.get(_session_key, None)) is not None:
            # pytest is not configured yet and will not call `pytest_unconfigure`.
            sessions.close_session(opened)
        raise pytest.UsageError(str(error)) from error
    report.folder = run.folder
    config.stash[_report_key] = report
    if config.option.xmlpath is None:
        config.option.xmlpath = str(run.folder / "junit.xml")
    if config.option.allure_report_dir is None:
        config.option.allure_report_dir = str(run.folder / "allure-results")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let a worker know what the controller has set up, before allure-pytest looks where its results belong."""
    given: dict[str, Any] | None = getattr(config, "workerinput", {}).get("harness")
    if given is None:
        return
    config.stash[target_key] = read_options(config)
    config.stash[run_key] = run = Run(
        given["session"], Path(given["folder"]), Path(given["toxiproxy"]), Ready.from_json(given["hypervisor"])
    )
    if config.option.allure_report_dir is None:
        # A worker gets the command line as it was given, not the options as the controller has changed them.
        config.option.allure_report_dir = str(run.folder / "allure-results")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the run to a worker of xdist."""
    if (run := node.config.stash.get(run_key, None)) is not None:
        node.workerinput["harness"] = {
            "session": run.session,
            "folder": str(run.folder),
            "toxiproxy": str(run.toxiproxy),
            "hypervisor": run.hypervisor.to_json(),
        }


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to gather outcomes, and to show what the scenarios wait for."""
    config = session.config
    if (report := config.stash.get(_report_key, None)) is None:
        return
    config.pluginmanager.register(_Gatherer(report, config), "harness-gatherer")
    view = LiveView(report.folder / "live", report.target.live, _write_line(config))
    config.stash[_live_key] = view
    view.start()


class _Gatherer:
    """Takes the outcome of each scenario out of its test's report; says when one has ended."""

    def __init__(self, report: RunReport, config: pytest.Config) -> None:
        self._report = report
        self._say = _write_line(config)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._report.lost(report.nodeid, report.longreprtext)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = dict(report.user_properties).get(PROPERTY)
        if report.when != "call" and not (report.failed or report.skipped):
            return
        if found is None:
            self._report.lost(report.nodeid, report.longreprtext)
            return
        outcome = ScenarioOutcome.from_json(json.loads(str(found)))
        if self._report.add(outcome):
            self._say(outcome.line(report.outcome if not hasattr(report, "wasxfail") else "as expected"))

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        # The line of `pytest_runtest_logreport` takes the place of a dot.
        if report.when == "call" and hasattr(report, "wasxfail"):
            return "xfailed", "", ""
        if report.when == "call" and report.passed:
            return "passed", "", ""
        return None


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the reports and decide by verdicts."""
    config = session.config
    if (view := config.stash.get(_live_key, None)) is not None:
        view.stop()
    if (report := config.stash.get(_report_key, None)) is None:
        return
    report.finish()
    if exitstatus == pytest.ExitCode.OK and report.red:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show the matrix of claims, what differs, and where to look."""
    if (report := config.stash.get(_report_key, None)) is not None:
        terminalreporter.ensure_newline()
        width = shutil.get_terminal_size((120, 40)).columns
        terminalreporter.write(report.terminal(width, colour=terminalreporter.hasmarkup))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the scenarios have left, and say so: they should have left nothing."""
    if (session := config.stash.get(_session_key, None)) is not None:
        _say_all(sessions.close_session(session), "left by this run, ended")


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Run:
    """The run that this scenario is part of."""
    return pytestconfig.stash[run_key]


@pytest.fixture(scope="session")
def target(pytestconfig: pytest.Config) -> Target:
    """What is under test."""
    return pytestconfig.stash[target_key]


def _features_root(config: pytest.Config) -> Path:
    return config.rootpath / "features"


def _make_folder(target: Target, session_id: str) -> Path:
    folder = target.reports / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{session_id}"
    for name in ("histories", "logs", "allure-results", "live"):
        (folder / name).mkdir(parents=True)
    latest = target.reports / LATEST
    if latest.is_symlink() or not latest.exists():
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder.name)
    else:
        raise InputError(
            f"--reports {target.reports}: {latest} is in the way; it has to be a link that runs can replace"
        )
    return folder


def _set_up(target: Target, session: sessions.Session) -> Run:
    ready = set_up(target.hypervisor, flower=target.flower, image=target.image, session=session, say=_say)
    folder = _make_folder(target, session.id)
    environment(target.flower, _say)
    return Run(session.id, folder, locate(target.toxiproxy, say=_say).path, ready)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _say_all(lines: list[str], what: str) -> None:
    for line in lines:
        _say(f"{what}: {line}")


def _write_line(config: pytest.Config) -> Callable[[str], None]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")

    def write(line: str) -> None:
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(line)

    return write
