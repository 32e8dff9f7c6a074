"""Whose a result is, and where a node is with its work."""

import pytest
from builder import Story

from harness.errors import Inconclusive
from harness.history import work


def test_a_node_goes_through_a_phase():
    story = Story().federation(2).run().asks(1).samples(1, [1, 2])
    assert work.phase_state(story.history, 1, 1, "fit") == "not yet"
    story.fit_begins(1, 1)
    assert work.phase_state(story.history, 1, 1, "fit") == "in it"
    assert work.phase_state(story.history, 2, 1, "fit") == "not yet"
    assert work.phase_state(story.history, 1, 2, "fit") == "not yet"
    assert work.phase_state(story.history, 1, 1, "evaluate") == "not yet"
    story.fit_ends(1, 1)
    assert work.phase_state(story.history, 1, 1, "fit") == "over"


def test_a_phase_that_was_aborted_is_over():
    story = Story().federation(1).run().fit_begins(1, 1)
    story.tell("clientapp", "fit.aborted", round=1, node="id-1", partition=0, run=story.run_name)
    assert work.phase_state(story.history, 1, 1, "fit") == "over"


def test_a_phase_of_an_earlier_run_does_not_count():
    story = Story().federation(1).run().fit_begins(1, 1).fit_ends(1, 1).run_ends().run()
    assert work.phase_state(story.history, 1, 1, "fit") == "not yet"


def test_a_node_has_an_id_more_after_each_restart():
    story = Story().federation(1).stopped(1).start(1).registers(1).registers(1)
    assert work.node_ids(story.history, 1) == ["id-1", "id-1.2"]
    assert work.named(story.history, 1) == {"id-1", "id-1.2"}
    with pytest.raises(Inconclusive, match="node 2 was never registered"):
        work.named(story.history, 2)


def test_the_partition_is_that_of_the_last_start():
    story = Story().superlink().start(1).start(1, 5)
    assert work.partition(story.history, 1) == 5
    with pytest.raises(Inconclusive, match="node 2 was not started"):
        work.partition(story.history, 2)


def test_results_and_failures_are_found_by_their_node():
    results = Story().federation(3).run().results(1, [1], [2], missing=[3]).history.needed("results")
    row = work.result_of(results, {"id-1"})
    assert row is not None
    assert row["partition"] == 0
    assert work.result_of(results, {"id-2"}) is None
    assert work.failure_of(results, {"id-1"}) is None
    assert work.failure_of(results, {"id-2"}) == {"node": "id-2", "code": 5}
    assert work.failure_of(results, {"id-3"}) == {"node": "id-3", "type": "missing"}


def test_a_node_that_is_missing_has_not_failed_when_nothing_has():
    story = (
        Story()
        .federation(1)
        .run()
        .tell("serverapp", "results", round=1, phase="fit", results=[], failures=[], missing=["id-1"])
    )
    assert work.failure_of(story.history.needed("results"), {"id-1"}) is None


def test_a_fault_is_over_when_all_of_the_link_are():
    story = Story().federation(2).fault(1).fault(1, "latency").heal(1)
    with pytest.raises(Inconclusive, match="the latency of the link of node 1 is not over"):
        work.end_of_fault(story.history, 1)
    story.heal(1, "latency")
    assert work.end_of_fault(story.history, 1) == story.t
    with pytest.raises(Inconclusive, match="the link of node 2 has had no fault"):
        work.end_of_fault(story.history, 2)


def test_a_node_is_refused_from_its_start_or_from_the_cut_on():
    before = Story().superlink().start(1).fault(1)
    assert work.refused_since(before.history, 1) == before.t
    after = Story().superlink().fault(1).start(1)
    assert work.refused_since(after.history, 1) == after.t
    assert work.healed_since(after.history, 1) is None
    after.heal(1)
    assert work.healed_since(after.history, 1) == after.t
