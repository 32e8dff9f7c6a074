"""A SuperLink that is restarted."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case


def restarted(nodes=2) -> Story:
    return Story().federation(nodes).passes(5).superlink()


def watched(story: Story, *, met: bool) -> Story:
    for node in (1, 2):
        story.watch(f"node {node} is online", met=met, took=5 if met else 45)
    return story


@case("nodes-return", CONFORMS, "node 1 online, node 2 online", nodes=[1, 2])
def heartbeats_of_both_come():
    return watched(restarted().seen("id-1").seen("id-2"), met=True)


@case("nodes-return", DEVIATES, "node 1 not known to the SuperLink", nodes=[1, 2])
def the_new_superlink_knows_nobody():
    return watched(restarted(), met=False)


@case("nodes-return", DEVIATES, "node 1 registered anew as id-new", nodes=[1, 2])
def a_node_registers_anew():
    return watched(restarted().registers(1, "id-new").seen("id-2"), met=True)


@case("nodes-return", DEVIATES, "node 2 offline", nodes=[1, 2])
def a_node_goes_offline():
    return watched(restarted().seen("id-1").seen("id-2").seen("id-2", "offline"), met=False)


@case("nodes-return", DEVIATES, "without a heartbeat", nodes=[1, 2])
def the_database_says_online_until_it_says_offline():
    story = restarted().seen("id-1").seen("id-2", until=110).passes(60).seen("id-2", "offline", until=110)
    return watched(story, met=False)


@case("nodes-return", INCONCLUSIVE, "no heartbeat was seen", nodes=[1, 2])
def only_the_database_says_that_they_are_online():
    return watched(restarted().seen("id-1", until=110).seen("id-2", until=110), met=True)


@case("nodes-return", INCONCLUSIVE, "was not restarted", nodes=[1, 2])
@case("new-run-works", INCONCLUSIVE, "was not restarted", nodes=[1, 2])
@case("run-goes-on", INCONCLUSIVE, "was not restarted")
def the_superlink_was_started_once():
    return watched(Story().federation(2), met=True).run().round(1, [1, 2])


@case("nodes-return", INCONCLUSIVE, "did not answer", nodes=[1, 2])
@case("new-run-works", INCONCLUSIVE, "did not answer", nodes=[1, 2])
@case("run-goes-on", INCONCLUSIVE, "did not answer")
def the_superlink_does_not_answer_after_its_restart():
    return watched(Story().federation(2).run().fit_begins(1, 1).superlink(answers=False), met=False)


@case("nodes-return", INCONCLUSIVE, "started again", nodes=[1, 2])
def a_node_was_started_again_too():
    return watched(restarted().start(1).registers(1).seen("id-2"), met=True)


@case("nodes-return", INCONCLUSIVE, "not connected before", nodes=[1, 2])
@case("new-run-works", INCONCLUSIVE, "not connected before", nodes=[1, 2])
def a_node_had_not_been_connected():
    return watched(restarted(1).start(2).registers(2), met=True).run().round(1, [1, 2])


@case("nodes-return", INCONCLUSIVE, "did not look out for `node 2 is online` after that", nodes=[1, 2])
def nobody_looked_after_the_restart():
    return watched(Story().federation(2), met=True).superlink().watch("node 1 is online").seen("id-1").seen("id-2")


# -- a new run


@case("new-run-works", CONFORMS, "of the nodes under the ids", nodes=[1, 2])
def a_new_run_aggregates_both():
    return restarted().run().round(1, [1, 2])


@case("new-run-works", DEVIATES, "none of node 1", nodes=[1, 2])
def a_node_works_under_a_new_id():
    story = restarted().run().asks(1).samples(1, [1, 2])
    return story.results(1, [1, 2], ids={1: "id-new"}).aggregates(1)


@case("new-run-works", DEVIATES, "aggregated nothing in 90 s", nodes=[1, 2])
def a_new_run_hangs():
    return restarted().run().asks(1).watch_in_vain("round 1 has aggregated")


@case("new-run-works", DEVIATES, "outcome `none`", nodes=[1, 2])
def a_new_run_makes_nothing_of_its_results():
    return restarted().run().round(1, [1, 2], outcome="none")


@case("new-run-works", INCONCLUSIVE, "no run was started after", nodes=[1, 2])
def no_new_run():
    return Story().federation(2).run().round(1, [1, 2]).superlink()


@case("new-run-works", INCONCLUSIVE, "did not look out for `round 1 has aggregated` after that", nodes=[1, 2])
def nobody_looked_at_the_new_run():
    return Story().federation(2).run().watch("round 1 has aggregated").superlink().run()


@case("new-run-works", INCONCLUSIVE, "ended without an aggregation", nodes=[1, 2])
def the_new_run_ended_without_an_aggregation():
    return restarted().run().run_ends("failed").watch("round 1 has aggregated")


# -- the old run


def in_fit() -> Story:
    return Story().federation(2).run().asks(1).samples(1, [1, 2]).fit_begins(1, 1, 2).superlink()


@case("run-goes-on", CONFORMS, "finished:completed")
def the_old_run_completes():
    return in_fit().round(2, [1, 2]).run_seen("finished", "completed").watch("the run has ended", took=30)


@case("run-goes-on", DEVIATES, "finished:failed")
def the_old_run_fails():
    return in_fit().run_seen("finished", "failed").watch("the run has ended", took=60)


@case("run-goes-on", DEVIATES, "unknown to the SuperLink")
def the_old_run_is_forgotten():
    return in_fit().watch_in_vain("the run has ended", 120)


@case("run-goes-on", INCONCLUSIVE, "the SuperLink was not seen to say how")
def the_old_run_ends_before_the_superlink_says_so():
    return in_fit().run_seen("running").run_ends().watch("the run has ended", took=60)


@case("run-goes-on", DEVIATES, "running")
def the_old_run_hangs():
    return in_fit().run_seen("running").watch_in_vain("the run has ended", 120)


@case("run-goes-on", INCONCLUSIVE, "did not look out")
def nobody_looked_for_the_end_of_the_old_run():
    return in_fit().run_seen("running").watch_in_vain("node 1 is online")


@case("run-goes-on", INCONCLUSIVE, "no run was in fit")
def no_run_was_in_fit():
    return Story().federation(2).run().superlink().run_seen("finished", "completed").watch("the run has ended")


@case("run-goes-on", INCONCLUSIVE, "had ended before")
def the_run_was_over_already():
    story = Story().federation(2).run(1).round(1, [1, 2]).run_ends().superlink()
    return story.run_seen("finished", "completed").watch("the run has ended")
