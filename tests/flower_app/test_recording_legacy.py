"""What the record shows of strategies of the legacy API, sound ones and ones with planted faults."""

import pytest

from harness.flower.app import STRATEGY_FILE
from harness.history.events import Event


def _nodes(event: Event) -> list[str]:
    return sorted(event["nodes"])


def test_a_sound_run(play):
    run = play()
    assert run.error is None
    assert not run.all("recording.error")
    assert [(event["round"], event["loss"] is not None) for event in run.all("global")] == [
        (0, True),
        (1, True),
        (2, True),
    ]
    losses = [event["loss"] for event in run.all("global")]
    assert losses[0] > losses[1] > losses[2]
    for number in (1, 2):
        fit, evaluate = run.all("sampled", round=number)
        before, after = run.one("global", round=number - 1), run.one("global", round=number)
        assert (fit["phase"], evaluate["phase"]) == ("fit", "evaluate")
        assert _nodes(fit) == ["1000", "1001"]
        assert fit["sent"] == [before["model"]] * 2
        assert fit["model"] == before["model"]
        assert evaluate["sent"] == [after["model"]] * 2
        results = run.one("results", round=number, phase="fit")
        assert sorted((row["node"], row["partition"], row["num_examples"]) for row in results["results"]) == [
            ("1000", 0, 40),
            ("1001", 1, 50),
        ]
        assert results["failures"] == []
        assert results["missing"] == []
        aggregated = run.one("aggregated", round=number, phase="fit")
        assert aggregated["outcome"] == "aggregated"
        assert aggregated["model"] == after["model"]
        assert aggregated["within"] is True
        assert aggregated["distance"] < 1e-12
        assert run.one("aggregated", round=number, phase="evaluate")["loss"] > 0
    assert run.events[0].kind == "run.begins"
    assert run.events[-1].kind == "run.ends"
    assert run.events[-1]["outcome"] == "completed"
    assert [event["round"] for event in run.all("round.ends")] == [1, 2]
    times = [event.t for event in run.events]
    assert times == sorted(times)


def test_what_the_clients_record_is_what_the_server_records(play):
    run = play()
    begun = [event for event in run.clients if event.kind == "fit.begins"]
    ended = [event for event in run.clients if event.kind == "fit.ends"]
    assert sorted((event["round"], event["partition"], event["node"]) for event in begun) == [
        (1, 0, "1000"), (1, 1, "1001"), (2, 0, "1000"), (2, 1, "1001"),
    ]  # fmt: skip
    for event in begun:
        assert event["model"] == run.one("global", round=event["round"] - 1)["model"]
    for event in ended:
        rows = run.one("results", round=event["round"], phase="fit")["results"]
        assert [row["model"] for row in rows if row["node"] == event["node"]] == [event["sent"]]
    judged = [event for event in run.clients if event.kind == "evaluate.begins"]
    assert sorted(event["round"] for event in judged) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("how", "code", "kind", "reason"),
    [
        ("gone", 5, "ValueError", "Node Unavailable"),
        ("silent", None, "ValueError", "Expected one Message but got: 0"),
        ("transport", None, "ConnectionError", "no way to node 1001"),
    ],
)
def test_a_failure_is_recorded_with_its_node(play, how, code, kind, reason):
    run = play(faults=[("fit", 1, 1, how)])
    results = run.one("results", round=1, phase="fit")
    assert results["failures"] == [{"node": "1001", "code": code, "type": kind, "reason": reason}]
    assert [row["node"] for row in results["results"]] == ["1000"]
    assert run.one("aggregated", round=1, phase="fit")["distance"] < 1e-12
    assert run.one("results", round=2, phase="fit")["failures"] == []


def test_a_client_that_raises_as_asked(play):
    run = play(fit_fails_at="1/0", evaluate_fails_at="2/*")
    failure = run.one("results", round=1, phase="fit")["failures"][0]
    assert (failure["node"], failure["code"]) == ("1000", 2)
    assert "AskedToFail" in failure["reason"]
    assert len(run.one("results", round=2, phase="evaluate")["failures"]) == 2
    assert run.one("aggregated", round=2, phase="evaluate")["outcome"] == "none"
    assert [event["round"] for event in run.clients if event.kind == "fit.aborted"] == [1]


def test_all_gone_leaves_the_model_in_force(play):
    run = play(faults=[("fit", 1, 0, "gone"), ("fit", 1, 1, "gone")])
    assert run.one("aggregated", round=1, phase="fit")["outcome"] == "none"
    assert run.one("global", round=1)["model"] == run.one("global", round=0)["model"]
    assert run.one("global", round=2)["model"] != run.one("global", round=1)["model"]


def test_waiting_for_nodes_shows_as_waiting(play):
    run = play(nodes=[{"partition": 0}, {"partition": 1, "after": 3.0}], num_rounds=1)
    sampled = run.one("sampled", phase="fit")
    assert _nodes(sampled) == ["1000", "1001"]
    assert sampled["available"] == 2
    # Flower looks for new nodes every 5 s.
    assert sampled["waited"] > 1
    assert run.one("sampling.begins", phase="fit")["round"] == 1
    assert [event["nodes"] for event in run.all("nodes")] == [["1000"], ["1000", "1001"]]


def test_a_strategy_that_does_not_wait(play):
    nodes = [{"partition": 0}, {"partition": 1, "after": 60.0}]
    run = play(own="legacy_faults.py:DoesNotWait", nodes=nodes, num_rounds=1, min_available=2, fraction_evaluate=0.0)
    sampled = run.one("sampled", phase="fit")
    assert sampled["nodes"] == ["1000"]
    assert sampled["available"] == 1
    assert sampled["waited"] < 30
    assert run.one("sampled", phase="evaluate")["nodes"] == []
    assert run.one("round.ends")["round"] == 1


def test_failures_counted_as_results(play):
    sound = play(faults=[("fit", 2, 1, "gone")])
    run = play(own="legacy_faults.py:CountsFailuresAsResults", faults=[("fit", 2, 1, "gone")])
    assert run.one("strategy")["used"] == f"{STRATEGY_FILE}:CountsFailuresAsResults"
    assert [len(one.one("results", round=2, phase="fit")["results"]) for one in (sound, run)] == [1, 1]
    assert sound.one("aggregated", round=2, phase="fit")["within"] is True
    aggregated = run.one("aggregated", round=2, phase="fit")
    assert aggregated["within"] is False
    assert aggregated["distance"] > 0.01


def test_a_model_made_up_when_all_failed(play):
    faults = [("fit", 1, 0, "gone"), ("fit", 1, 1, "gone")]
    run = play(own="legacy_faults.py:KeepsGoingWithoutResults", faults=faults)
    aggregated = run.one("aggregated", round=1, phase="fit")
    assert aggregated["outcome"] == "aggregated"
    assert aggregated["within"] is None
    assert run.one("results", round=1, phase="fit")["results"] == []
    assert run.one("global", round=1)["model"] != run.one("global", round=0)["model"]


def test_a_node_that_failed_is_never_sampled_again(play):
    run = play(own="legacy_faults.py:ShunsTheFailed", faults=[("fit", 1, 1, "gone")], num_rounds=3)
    assert [_nodes(event) for event in run.all("sampled", phase="fit")] == [["1000", "1001"], ["1000"], ["1000"]]
    assert {event["available"] for event in run.all("sampled")} == {2}


def test_another_model_is_sent(play):
    run = play(own="legacy_faults.py:SendsAnotherModel")
    sampled = run.one("sampled", round=1, phase="fit")
    assert sampled["model"] == run.one("global", round=0)["model"]
    assert set(sampled["sent"]).isdisjoint({sampled["model"]})


def test_a_sum_is_not_within_its_results(play):
    aggregated = play(own="legacy_faults.py:Sum").one("aggregated", round=1, phase="fit")
    assert aggregated["within"] is False
    assert aggregated["distance"] > 0.1


def test_a_plain_mean_is_within_but_not_the_weighted_one(play):
    run = play(own="legacy_faults.py:PlainMean")
    aggregated = run.one("aggregated", round=1, phase="fit")
    assert aggregated["within"] is True
    assert aggregated["distance"] > 1e-3
    # Recorded before the strategy could change it.
    assert sorted(row["num_examples"] for row in run.one("results", round=1, phase="fit")["results"]) == [40, 50]


def test_a_strategy_that_raises(play):
    run = play(own="legacy_faults.py:Raises")
    assert run.error == "KeyError: 'accuracy'"
    aggregated = run.one("aggregated", round=2, phase="fit")
    assert aggregated["outcome"] == "error"
    assert "accuracy" in aggregated["error"]
    assert run.one("run.ends")["outcome"] == "failed"
    assert not run.all("global", round=2)


def test_a_strategy_that_raises_when_sampling(play):
    run = play(own="legacy_faults.py:RaisesWhenSampling")
    assert run.error == "ZeroDivisionError: no clients"
    assert run.one("sampling.failed")["phase"] == "evaluate"


def test_nonsense_fails_the_run_as_it_does_without_the_record(play):
    recorded, bare = (play(own="legacy_faults.py:ReturnsNonsense", record=record) for record in (True, False))
    assert recorded.error == bare.error
    assert recorded.error is not None
    assert recorded.error.startswith("TypeError")
    assert recorded.one("recording.error")["what"] == "aggregated"


def test_another_default_shows(play):
    faults = [("fit", 1, 1, "gone")]
    run = play(own="legacy_faults.py:RefusesFailures", faults=faults)
    assert run.one("strategy")["effective"]["accept-failures"] is False
    assert run.one("strategy")["parameters"] == {}
    assert run.one("aggregated", round=1, phase="fit")["outcome"] == "none"
    asked = play(own="legacy_faults.py:RefusesFailures", faults=faults, accept_failures="true")
    assert asked.one("aggregated", round=1, phase="fit")["outcome"] == "aggregated"


@pytest.mark.parametrize(
    ("own", "rate", "fit", "evaluate"),
    [
        (None, 0.5, "aggregated", "aggregated"),
        (None, 0.6, "none", "none"),
        ("legacy_faults.py:IgnoresTheRate", 0.6, "aggregated", "none"),
        ("legacy_faults.py:IgnoresTheEvaluateRate", 0.6, "none", "aggregated"),
    ],
)
def test_completion_rates(play, own, rate, fit, evaluate):
    run = play(
        own=own,
        strategy="fault-tolerant-fedavg",
        fit_fails_at="1/1",
        evaluate_fails_at="1/1",
        num_rounds=1,
        completion_rate_fit=rate,
        completion_rate_evaluate=rate,
    )
    assert run.one("strategy")["reason"] is None
    assert run.one("aggregated", phase="fit")["outcome"] == fit
    assert run.one("aggregated", phase="evaluate")["outcome"] == evaluate
