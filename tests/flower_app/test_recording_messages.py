"""What the record shows of strategies of the message API, sound ones and ones with planted faults."""

import functools

import pytest


@pytest.fixture
def play_messages(play):
    return functools.partial(play, strategy="message-fedavg")


def test_a_sound_run(play, play_messages):
    run = play_messages()
    assert run.error is None
    assert not run.all("recording.error")
    losses = [event["loss"] for event in run.all("global")]
    assert losses[0] > losses[1] > losses[2]
    results = run.one("results", round=1, phase="fit")["results"]
    assert sorted((row["node"], row["partition"], row["num_examples"]) for row in results) == [
        ("1000", 0, 40),
        ("1001", 1, 50),
    ]
    assert [event["round"] for event in run.all("round.ends")] == [1, 2]
    assert sorted({event["round"] for event in run.clients}) == [1, 2]
    for number in (1, 2):
        aggregated = run.one("aggregated", round=number, phase="fit")
        assert aggregated["within"] is True
        assert aggregated["distance"] < 1e-12
        assert aggregated["model"] == run.one("global", round=number)["model"]
        assert (
            run.one("sampled", round=number, phase="fit")["sent"] == [run.one("global", round=number - 1)["model"]] * 2
        )
    # The two APIs train the same model from the same data.
    assert [event["model"] for event in run.all("global")] == [event["model"] for event in play().all("global")]


@pytest.mark.parametrize(
    ("how", "failures", "missing"),
    [
        ("gone", [{"node": "1001", "code": 5, "type": "Error", "reason": "Node Unavailable"}], []),
        ("silent", [], ["1001"]),
    ],
)
def test_a_node_that_does_not_return_a_result(play_messages, how, failures, missing):
    run = play_messages(faults=[("fit", 1, 1, how)])
    results = run.one("results", round=1, phase="fit")
    assert results["failures"] == failures
    assert results["missing"] == missing
    assert run.one("aggregated", round=1, phase="fit")["outcome"] == "aggregated"


def test_all_gone_leaves_the_model_in_force(play_messages):
    run = play_messages(faults=[("fit", 1, 0, "gone"), ("fit", 1, 1, "gone")])
    assert run.one("aggregated", round=1, phase="fit")["outcome"] == "none"
    assert run.one("global", round=1)["model"] == run.one("global", round=0)["model"]


def test_a_model_made_up_when_all_failed(play_messages):
    faults = [("fit", 1, 0, "gone"), ("fit", 1, 1, "gone")]
    run = play_messages(own="message_faults.py:KeepsGoingWithoutResults", faults=faults)
    assert run.one("aggregated", round=1, phase="fit")["outcome"] == "aggregated"
    assert run.one("global", round=1)["model"] != run.one("global", round=0)["model"]


def test_waiting_for_nodes_shows_as_waiting(play_messages):
    run = play_messages(nodes=[{"partition": 0}, {"partition": 1, "after": 2.0}], num_rounds=1)
    sampled = run.one("sampled", phase="fit")
    assert sorted(sampled["nodes"]) == ["1000", "1001"]
    assert sampled["waited"] > 0.5
    assert [event["nodes"] for event in run.all("nodes")] == [["1000"], ["1000", "1001"]]


def test_a_strategy_that_does_not_wait(play_messages):
    nodes = [{"partition": 0}, {"partition": 1, "after": 60.0}]
    own = "message_faults.py:DoesNotWait"
    run = play_messages(own=own, nodes=nodes, num_rounds=2, min_available=2, fraction_evaluate=0.0)
    sampled = run.one("sampled", phase="fit", round=1)
    assert sampled["nodes"] == ["1000"]
    assert sampled["available"] == 1
    assert [event["round"] for event in run.clients if event.kind == "fit.begins"] == [1, 2]
    assert run.one("strategy")["effective"]["min-available"] == 2


def test_another_model_is_sent(play_messages):
    sampled = play_messages(own="message_faults.py:SendsAnotherModel").one("sampled", round=1, phase="fit")
    assert sampled["model"] not in sampled["sent"]
    assert len(sampled["sent"]) == 2


def test_a_sum_is_not_within_its_results(play_messages):
    run = play_messages(own="message_faults.py:Sum")
    aggregated = run.one("aggregated", round=1, phase="fit")
    assert aggregated["within"] is False
    assert aggregated["distance"] > 0.1


def test_a_strategy_that_raises(play_messages):
    run = play_messages(own="message_faults.py:Raises")
    assert run.error == "KeyError: 'accuracy'"
    assert run.one("aggregated", phase="evaluate")["outcome"] == "error"
    assert run.one("run.ends")["outcome"] == "failed"


def test_what_a_generator_of_messages_raises_is_the_strategys_error(play_messages):
    recorded, bare = (
        play_messages(own="message_faults.py:RaisesWhileHandingOut", record=record) for record in (True, False)
    )
    assert recorded.error == bare.error == "KeyError: 'accuracy'"
    assert recorded.one("sampling.failed")["phase"] == "fit"
    assert not recorded.all("recording.error")


def test_nothing_sampled(play_messages):
    run = play_messages(own="message_faults.py:SamplesNothing", num_rounds=1)
    assert run.error is None
    assert run.one("sampled", phase="fit")["nodes"] == []
    assert run.one("aggregated", phase="fit")["outcome"] == "none"
    assert not run.all("recording.error")


def test_an_overridden_start_is_honoured(play_messages):
    run = play_messages(own="message_faults.py:OwnStart", num_rounds=3)
    assert run.one("run.ends")["outcome"] == "completed"
    assert [event["round"] for event in run.all("round.begins")] == [1]


def test_a_loop_that_never_evaluates(play_messages):
    run = play_messages(own="message_faults.py:NeverEvaluates", num_rounds=2)
    assert run.error is None
    assert [event["round"] for event in run.all("global")] == [0, 1, 2]
    assert [event["round"] for event in run.all("round.ends")] == [1, 2]
    # Replies that can be read only once reach the strategy all the same.
    assert [event["outcome"] for event in run.all("aggregated")] == ["aggregated", "aggregated"]
