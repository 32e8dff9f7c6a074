"""Judging a recorded history again."""

import json

import pytest
from builder import Story

from harness.claims.ledger import Ledger
from harness.claims.rejudge import rejudge
from harness.claims.verdicts import Verdict
from harness.errors import Inconclusive, InputError
from harness.history.checks import registry
from harness.history.recorder import Recorder

PLANNED = {"COUNTS": 1, "WORKS": 1, "FAILS": 1}
HEADER = {
    "scenario": "A link is cut",
    "feature": "features/x.feature",
    "planned": PLANNED,
    "flower": "1.25.0",
    "cloud": "embedded",
    "hypervisor": "process",
}


def cut_and_back() -> Story:
    story = Story().federation(2).run().asks(1).samples(1, [1, 2]).fit_begins(1, 1, 2).cut_for(1, 5)
    return story.fit_ends(1, 1, 2).results(1, [1, 2]).aggregates(1).round_ends(1)


def judge(recorder, ledger, claim, check, **parameters):
    """As a scenario judges: what is seen at that moment, and the verdict beside it."""
    history = recorder.history()
    begun = {"claims": [claim], "check": check, "parameters": parameters, "seen": len(history)}
    try:
        finding = registry.apply(check, history, parameters)
    except Inconclusive as error:
        recorder.record("scenario", "check", **begun, verdict="unknown", summary=str(error))
        raise
    ledger.add(claim, finding)
    verdict = "conforms" if finding.conforms else "deviates"
    recorder.record("scenario", "check", **begun, verdict=verdict, summary=finding.summary)


def recorded(path, story, *, more=None) -> Ledger:
    """Record a story, and judge three claims of it."""
    ledger = Ledger(PLANNED)
    with Recorder(path, **HEADER) as recorder:
        for event in story.events:
            recorder.record(event.source, event.kind, t=event.t, **event.data)
        try:
            judge(recorder, ledger, "COUNTS", "round-counts", round=1, node=1)
            judge(recorder, ledger, "WORKS", "works-again", node=1)
            judge(recorder, ledger, "FAILS", "round-records-failures", round=1, nodes=[1])
        except Inconclusive as error:
            recorder.record("scenario", "scenario.error", error=str(error), type="Inconclusive")
        for event in more.events if more else ():
            recorder.record(event.source, event.kind, t=event.t, **event.data)
    return ledger


def now(path):
    return {outcome.claim: outcome.verdict.value for outcome in rejudge(path).outcomes}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "h.jsonl"


def rewrite(path, change):
    """Change each event of a history by a function that returns what to keep of it."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(kept) + "\n" for event in events if (kept := change(event)) is not None))


def test_the_same_history_gives_the_same_verdicts(path):
    ledger = recorded(path, cut_and_back())
    again = rejudge(path)
    assert list(again.outcomes) == ledger.outcomes()
    assert again.recorded == now(path) == {"COUNTS": "conforms", "WORKS": "conforms", "FAILS": "deviates"}
    assert (again.scenario, again.flower, again.error) == ("A link is cut", "1.25.0", None)


def test_a_check_sees_what_it_saw_then_however_much_came_later(path):
    recorded(path, cut_and_back(), more=Story().passes(500).fault(1))
    assert now(path) == rejudge(path).recorded
    assert now(path)["WORKS"] == "conforms"


def test_an_incomplete_history_gives_the_same_error_again(path):
    story = Story().federation(2).run().asks(1).samples(1, [1, 2]).fault(1).results(1, [1, 2]).aggregates(1)
    recorded(path, story)
    again = rejudge(path)
    assert now(path) == again.recorded == {"COUNTS": "conforms", "WORKS": "unknown", "FAILS": "unknown"}
    assert again.error == "the cut of the link of node 1 is not over"
    assert {outcome.reason for outcome in again.outcomes[1:]} == {again.error}


def test_a_tampered_history_gives_other_verdicts(path):
    recorded(path, cut_and_back())

    def hide_the_result(event):
        if event["kind"] == "results":
            event["results"] = event["results"][1:]
            event["failures"] = [{"node": "id-1"}]
        return event

    rewrite(path, hide_the_result)
    assert now(path) == {"COUNTS": "deviates", "WORKS": "unknown", "FAILS": "conforms"}
    assert rejudge(path).recorded == {"COUNTS": "conforms", "WORKS": "conforms", "FAILS": "deviates"}


def test_a_verdict_that_is_written_in_the_file_is_not_believed(path):
    recorded(path, cut_and_back())
    rewrite(path, lambda event: {**event, "verdict": "conforms"} if event["kind"] == "check" else event)
    assert now(path)["FAILS"] == "deviates"


def test_a_claim_whose_check_is_not_in_the_history_is_unknown(path):
    recorded(path, cut_and_back())
    rewrite(path, lambda event: None if event.get("check") == "round-records-failures" else event)
    again = rejudge(path)
    assert now(path)["FAILS"] == again.recorded["FAILS"] == "unknown"


def test_a_check_that_crashes_gives_unknown(path):
    recorded(path, cut_and_back())

    def no_results(event):
        if event["kind"] == "results":
            del event["results"]
        return event

    rewrite(path, no_results)
    assert set(now(path).values()) == {Verdict.UNKNOWN.value}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"check": "no-such-check"}, "there is no check 'no-such-check'; was the history made by another version"),
        ({"parameters": {"nodes": 1}}, "was the history made by another version"),
        ({"parameters": [1]}, "the parameters of a check are an object, not [1]"),
        ({"seen": None}, "a check that saw None events"),
        ({"seen": 10_000}, "a check that saw 10000 events"),
        ({"seen": 0}, "a check that saw 0 events"),
        ({"claims": "COUNTS"}, "the claims of a check are a list, not 'COUNTS'"),
        ({"claims": ["OTHER"]}, "a check of 'OTHER', which the scenario did not plan to judge"),
    ],
)
def test_a_check_that_cannot_be_applied_is_named_by_its_place(path, change, says):
    recorded(path, cut_and_back())
    number = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if '"works-again"' in line)
    rewrite(path, lambda event: {**event, **change} if event.get("check") == "works-again" else event)
    with pytest.raises(InputError) as raised:
        rejudge(path)
    assert str(raised.value).startswith(f"{path}:{number}: ")
    assert says in str(raised.value)


@pytest.mark.parametrize("name", ["claims", "check", "parameters", "seen", "verdict"])
def test_a_check_that_lacks_something_is_named_by_its_place(path, name):
    recorded(path, cut_and_back())
    rewrite(
        path,
        lambda event: {k: v for k, v in event.items() if k != name} if event["kind"] == "check" else event,
    )
    with pytest.raises(InputError, match=f"a check has no '{name}'"):
        rejudge(path)


@pytest.mark.parametrize("name", HEADER)
def test_a_header_that_lacks_something_is_refused(path, name):
    recorded(path, cut_and_back())
    rewrite(
        path,
        lambda event: {k: v for k, v in event.items() if k != name} if event["kind"] == "history.begins" else event,
    )
    with pytest.raises(InputError, match=f":1: history.begins has no `{name}`"):
        rejudge(path)


@pytest.mark.parametrize("planned", [None, ["COUNTS"], {"COUNTS": "1"}])
def test_a_header_whose_plan_is_none_is_refused(path, planned):
    recorded(path, cut_and_back())
    rewrite(path, lambda event: {**event, "planned": planned} if event["kind"] == "history.begins" else event)
    with pytest.raises(InputError, match=r":1: `planned` of history.begins"):
        rejudge(path)
