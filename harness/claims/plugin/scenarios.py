"""Joins a scenario that runs to its claims, its history and its verdicts."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from pytest_bdd.parser import Step
from pytest_bdd.scenario import scenario_wrapper_template_registry

from harness import sessions
from harness.claims.catalogue import Catalogue
from harness.claims.expected import with_expected
from harness.claims.gherkin import NIGHTLY, TAKES, claims_of_step
from harness.claims.ledger import Ledger
from harness.claims.plugin.collector import FeatureFile, catalogue_of, example_of
from harness.claims.plugin.order import side_by_side
from harness.claims.plugin.run import PROPERTY, Run, run_key, target_key
from harness.claims.verdicts import Verdict
from harness.errors import ClaimViolated, HarnessError, Unavailable
from harness.flower.place import Place
from harness.flower.service import Appliance
from harness.flower.versions import environment
from harness.history.history import History
from harness.history.recorder import Recorder
from harness.report.live import LiveNote
from harness.report.outcomes import ScenarioOutcome, file_name
from harness.scene.scene import Kit, Scene
from harness.target import Target
from harness.turns import Turns
from harness.waiting import listening

_UNSAID = 30
"""Seconds that a scenario without a `takes-…` tag is taken to last."""

disturbed_key = pytest.StashKey[list[str]]()
"""For each attempt of a scenario that was disturbed, by what."""

_ledger_key = pytest.StashKey[Ledger]()
_recorder_key = pytest.StashKey[Recorder]()
_note_key = pytest.StashKey[LiveNote]()
_scene_key = pytest.StashKey[Scene]()
_start_key = pytest.StashKey[float]()
_expected_key = pytest.StashKey[Catalogue]()


# -- which scenarios, in which order


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs with --nightly only, and order the rest."""
    if not any(isinstance(item.parent, FeatureFile) for item in items):
        return
    if not config.getoption("--nightly"):
        left_out = [item for item in items if item.get_closest_marker(NIGHTLY)]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = side_by_side(sorted(items, key=lambda item: item.nodeid), workers, lasts)


def lasts(item: pytest.Item) -> int:
    """How long a scenario lasts, seconds, as its tag says."""
    found = [int(match[1]) for mark in item.iter_markers() if (match := TAKES.fullmatch(mark.name)) is not None]
    return max(found, default=_UNSAID)


# -- one scenario


def recorder_of(item: pytest.Item) -> Recorder | None:
    """The history of a scenario that was run; None before that."""
    return item.stash.get(_recorder_key, None)


def claims_of(item: pytest.Item) -> dict[str, int]:
    """The claims of a scenario, each with the number of Then-steps that judge it."""
    catalogue = catalogue_of(item.config)
    claims = [name for name in dict.fromkeys(mark.name for mark in item.iter_markers()) if name in catalogue]
    planned = dict.fromkeys(sorted(claims), 0)
    assert isinstance(item, pytest.Function)
    for step in scenario_wrapper_template_registry[item.function].render(example_of(item)).steps:
        if step.type == "then":
            for claim in claims_of_step(step.name)[1] or claims:
                planned[claim] += 1
    return planned


def _in_features(item: pytest.Item) -> bool:
    return isinstance(item.parent, FeatureFile)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the history before anything can go wrong, so that whatever does is in it."""
    if not _in_features(item):
        return
    run, target = item.config.stash[run_key], item.config.stash[target_key]
    if _scene_key in item.stash:
        # Of an attempt that was disturbed.
        del item.stash[_scene_key]
    item.stash[_start_key] = time.monotonic()
    item.stash[_ledger_key] = ledger = Ledger(claims_of(item))
    item.stash[_note_key] = LiveNote(run.folder / "live" / f"{file_name(item.nodeid)}.json", item.name)
    item.stash[_recorder_key] = Recorder(
        run.folder / "histories" / f"{file_name(item.nodeid)}.jsonl",
        scenario=item.name,
        feature=_feature(item),
        claims=list(ledger.planned),
        planned=ledger.planned,
        flower=target.flower,
        cloud=target.cloud,
        hypervisor=target.hypervisor,
    )


def _feature(item: pytest.Item) -> str:
    root = item.config.rootpath
    return str(item.path.relative_to(root)) if item.path.is_relative_to(root) else str(item.path)


@pytest.fixture
def scene(request: pytest.FixtureRequest, run: Run, target: Target) -> Iterator[Scene]:
    """The scenario's things; all of them are ended when it ends."""
    item = request.node
    name = file_name(item.nodeid)
    session = sessions.join_session(run.session)
    place = Place(work=session.work / name, logs=run.folder / "logs" / name)
    place.work.mkdir(parents=True)
    place.logs.mkdir(parents=True)
    fixtures = Path(request.config.rootpath) / "fixtures"
    appliance, templates = fixtures / "appliance", fixtures / "service_template"
    kit = Kit(
        flower=environment(target.flower),
        toxiproxy=run.toxiproxy,
        fixture=fixtures / "flower_app",
        strategy=target.strategy,
        appliance=Appliance(
            superlink=appliance / "superlink.sh", supernode=target.boot_script or appliance / "boot.sh"
        ),
        service_template=target.service_template or templates / "flower.json",
        vm_templates=templates,
        site=lambda: run.hypervisor.site(session),
        edge=lambda: run.hypervisor.edge_site(
            flower=target.flower, image=target.image, log=run.folder / "logs" / "image-build.log"
        ),
        turns=Turns(session.work / "turns"),
    )
    note: LiveNote = item.stash[_note_key]
    try:
        with listening(note.waiting), Scene(kit, place, item.stash[_recorder_key], item.stash[_ledger_key]) as made:
            item.stash[_scene_key] = made
            yield made
    finally:
        item.stash[_recorder_key].settle()
        shutil.rmtree(place.work, ignore_errors=True)


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Say which step runs, and which claims it judges."""
    item = request.node
    if not _in_features(item):
        return
    item.stash[_note_key].step(f"{step.keyword} {step.name}")
    item.stash[_recorder_key].record("scenario", "step", text=f"{step.keyword} {step.name}", line=step.line_number)
    if _scene_key in item.stash:
        item.stash[_scene_key].claims = claims_of_step(step.name)[1] or tuple(item.stash[_ledger_key].planned)


def pytest_bdd_before_step_call(request: pytest.FixtureRequest, step: Step) -> None:
    """The first step of a scenario makes the scene: its claims are known only now."""
    item = request.node
    if _in_features(item) and _scene_key in item.stash:
        item.stash[_scene_key].claims = claims_of_step(step.name)[1] or tuple(item.stash[_ledger_key].planned)


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Step) -> None:
    """What a scenario starts has started when its first When-step is done: mostly that clients have begun to work."""
    item = request.node
    if _in_features(item) and _scene_key in item.stash and step.type == "when":
        item.stash[_scene_key].started()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """End a scenario that found a violation by that violation, once all of its steps are done."""
    yield
    if _in_features(item) and (violation := item.stash[_ledger_key].violation) is not None:
        raise violation


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the verdicts into the report, and take a violation that is expected for what it is."""
    if call.excinfo is not None and _says_it_all(item, call):
        # Writing a traceback out takes pytest longer than most of these scenarios take.
        call.excinfo.traceback = call.excinfo.traceback[-1:]
    report = yield
    if not _in_features(item) or _ledger_key not in item.stash:
        return report
    ends = call.when == "call" or (call.when == "setup" and not report.passed)
    if not ends:
        if call.when == "teardown":
            _close(item)
        return report
    error = call.excinfo.value if call.excinfo is not None else None
    text = None
    if error is not None and not isinstance(error, ClaimViolated):
        text = " ".join(str(error).split()) or type(error).__name__
        item.stash[_recorder_key].record("scenario", "scenario.error", error=text, type=type(error).__name__)
    outcome = _outcome(item, text, unavailable=isinstance(error, Unavailable))
    report.user_properties.append((PROPERTY, json.dumps(outcome.to_json())))
    if isinstance(error, ClaimViolated):
        _expect(item, outcome, report)
    if report.failed and _says_it_all(item, call):
        report.longrepr = str(error)
    if outcome.unavailable and not item.config.stash[target_key].strict:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {text}")
    return report


def _says_it_all(item: pytest.Item, call: pytest.CallInfo[None]) -> bool:
    """Whether an error was raised on purpose, for a person to read: a traceback (`--tb=long`) adds nothing to it."""
    error = call.excinfo.value if call.excinfo is not None else None
    on_purpose = isinstance(error, HarnessError | ClaimViolated)
    return _in_features(item) and on_purpose and item.config.option.tbstyle == "auto"


def _outcome(item: pytest.Item, error: str | None, *, unavailable: bool) -> ScenarioOutcome:
    recorder = item.stash[_recorder_key]
    run = item.config.stash[run_key]
    reasons: list[str] = item.stash.get(disturbed_key, [])
    return ScenarioOutcome(
        nodeid=item.nodeid,
        name=item.name,
        feature=_feature(item),
        claims=tuple(item.stash[_ledger_key].outcomes(error)),
        history=str(recorder.path.relative_to(run.folder)),
        seconds=round(time.monotonic() - item.stash[_start_key], 1),
        error=error,
        strategy=_strategy(recorder.history()),
        disturbed=tuple(reasons),
        unavailable=unavailable,
    )


def _strategy(history: History) -> str | None:
    """The Strategies that the runs used; of a user's own that was not used, why."""
    used = [
        str(event.get("used")) + (f" ({event['reason']})" if event.get("reason") else "")
        for event in history.of("strategy")
    ]
    return ", ".join(dict.fromkeys(used)) or None


def _expect(item: pytest.Item, outcome: ScenarioOutcome, report: pytest.TestReport) -> None:
    """A violation of which every claim is expected to deviate is an expected failure, with the catalogue's reason."""
    target = item.config.stash[target_key]
    if _expected_key not in item.config.stash:
        catalogue = catalogue_of(item.config)
        item.config.stash[_expected_key] = (
            catalogue if target.expected is None else with_expected(catalogue, target.expected)
        )
    catalogue = item.config.stash[_expected_key]
    deviating = [found.claim for found in outcome.claims if found.verdict is Verdict.DEVIATES]
    expected = {claim: catalogue[claim].expected(target.flower) for claim in deviating}
    if all(it.verdict is Verdict.DEVIATES for it in expected.values()) and not target.strict:
        report.outcome = "skipped"
        report.wasxfail = "; ".join(f"{claim} deviates as expected: {it.reason}" for claim, it in expected.items())


def _close(item: pytest.Item) -> None:
    item.stash[_recorder_key].close()
    item.stash[_note_key].close()
