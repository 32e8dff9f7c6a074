"""Nodes after faults of their links."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case


def in_round_1(nodes=2, **options) -> Story:
    """Round 1 is in fit on all nodes."""
    everyone = range(1, nodes + 1)
    return Story().federation(nodes, **options).run().asks(1).samples(1, everyone).fit_begins(1, *everyone)


def counted(story: Story, number=1, nodes=(1, 2)) -> Story:
    return story.results(number, nodes).aggregates(number).round_ends(number)


# -- works again


@case("works-again", CONFORMS, "in round 1", node=1)
@case("keeps-node-id", CONFORMS, "was id-1 before the fault and worked as id-1", node=1)
def cut_in_its_fit_and_counted_in_the_same_round():
    return counted(in_round_1().cut_for(1, 30).fit_ends(1, 1, 2))


@case("works-again", CONFORMS, "in round 1", node=1)
def its_fit_ended_in_the_cut():
    return counted(in_round_1().fault(1).passes(5).fit_ends(1, 1, 2).passes(20).heal(1))


@case("works-again", CONFORMS, "in round 2", node=1)
def failed_in_round_1_and_counted_in_round_2():
    story = in_round_1().fault(1).fit_ends(1, 2).passes(60).results(1, [2], [1]).aggregates(1).round_ends(1).heal(1)
    return story.round(2, [1, 2])


@case("works-again", CONFORMS, node=1)
def reset_once():
    story = in_round_1().fault(1, "reset").heal(1, "reset", live="reset", new="answered")
    return counted(story.fit_ends(1, 1, 2))


@case("works-again", DEVIATES, "no result of node 1 was aggregated in the 90 s", node=1)
def never_works_again():
    story = in_round_1().cut_for(1, 5).fit_ends(1, 1, 2).results(1, [2], [1]).aggregates(1).round_ends(1)
    return story.round(2, [2], [1]).watch_in_vain("node 1 has worked again")


@case("works-again", DEVIATES, "no result of node 1", node=1)
def its_results_come_but_are_never_aggregated():
    story = in_round_1().cut_for(1, 5).fit_ends(1, 1, 2).results(1, [1, 2]).aggregates(1, "none").round_ends(1)
    return story.watch_in_vain("node 1 has worked again")


@case("works-again", DEVIATES, "its process ended with code 1", node=1)
def its_process_gives_up():
    return in_round_1().fault(1).passes(10).node_ends(1).passes(20).heal(1).watch("node 1 has worked again", took=40)


@case("works-again", INCONCLUSIVE, "is not over", node=1)
@case("keeps-node-id", INCONCLUSIVE, "is not over", node=1)
@case("keeps-partition", INCONCLUSIVE, "is not over", node=1)
def the_fault_is_not_over():
    return counted(in_round_1().fault(1).fit_ends(1, 1, 2))


@case("works-again", INCONCLUSIVE, "the cut of the link of node 1 is not over", node=1)
def one_of_two_faults_is_not_over():
    return counted(in_round_1().fault(1).fault(1, "latency").heal(1, "latency").fit_ends(1, 1, 2))


@case("works-again", INCONCLUSIVE, "did not bite", node=1)
def the_fault_did_not_bite():
    return counted(in_round_1().fault(1).heal(1, failed="bytes still pass").fit_ends(1, 1, 2))


@case("works-again", INCONCLUSIVE, "has had no fault", node=1)
@case("keeps-node-id", INCONCLUSIVE, "has had no fault", node=1)
@case("keeps-partition", INCONCLUSIVE, "has had no fault", node=1)
def nothing_happened_to_its_link():
    return counted(in_round_1().cut_for(2, 5).fit_ends(1, 1, 2))


@case("works-again", INCONCLUSIVE, "did not look out", node=1)
def it_had_sent_its_result_before_the_fault():
    return counted(in_round_1().fit_ends(1, 1).cut_for(1, 5).fit_ends(1, 2))


@case("works-again", INCONCLUSIVE, "sign of a return", node=1)
@case("keeps-node-id", INCONCLUSIVE, "started again in between", node=1)
@case("keeps-partition", INCONCLUSIVE, "started again in between", node=1)
def it_was_started_again_in_between():
    story = in_round_1().fault(1).fit_ends(1, 2).passes(60).results(1, [2], [1]).aggregates(1).round_ends(1)
    return story.node_ends(1).start(1).heal(1).registers(1).round(2, [1, 2])


@case("works-again", INCONCLUSIVE, "the run was over", node=1)
def the_run_was_over_before_it_could_work_again():
    story = in_round_1().cut_for(1, 5).run_ends("failed", "ValueError: of the strategy")
    return story.watch("node 1 has worked again", took=0.2)


@case("works-again", INCONCLUSIVE, "ended by the scenario", node=1)
def the_scenario_itself_ended_it():
    return in_round_1().cut_for(1, 5).stopped(1).watch_in_vain("node 1 has worked again")


@case("works-again", INCONCLUSIVE, "after that", node=1)
def nobody_looked_after_the_last_of_two_faults():
    story = in_round_1().cut_for(1, 5).watch_in_vain("node 1 has worked again")
    return story.cut_for(1, 5)


# -- node id


@case("keeps-node-id", DEVIATES, "worked as id-new", node=1)
def it_works_under_another_id():
    story = in_round_1().cut_for(1, 90).fit_ends(1, 1, 2).results(1, [2], [1]).aggregates(1).registers(1, "id-new")
    story.asks(2).samples(2, [2]).fit_ends(2, 1, 2)
    return story.results(2, [1, 2], ids={1: "id-new"}).aggregates(2)


@case("keeps-node-id", INCONCLUSIVE, "no result came from partition 0 after", node=1)
def no_result_of_it_after_the_fault():
    return counted(in_round_1().fit_ends(1, 1).cut_for(1, 5).fit_ends(1, 2))


@case("keeps-node-id", INCONCLUSIVE, "no node id before the fault", node=1)
def it_was_not_connected_before_the_fault():
    story = Story().superlink().start(1).start(2).fault(1).heal(1).registers(1).registers(2)
    return story.run().round(1, [1, 2])


@case("keeps-node-id", INCONCLUSIVE, "is not node 1's alone", node=1)
def another_node_has_its_partition():
    return counted(in_round_1(partitions={2: 0}).cut_for(1, 5).fit_ends(1, 1, 2))


# -- partition


@case("keeps-partition", CONFORMS, "partition 0 before the fault and 0 after", node=1)
def it_trains_the_same_partition_in_the_next_round():
    return counted(in_round_1().cut_for(1, 5).fit_ends(1, 1, 2)).round(2, [1, 2])


@case("keeps-partition", DEVIATES, "partition 0 before the fault and 7 after", node=1)
def it_trains_another_partition_in_the_next_round():
    story = counted(in_round_1().cut_for(1, 5).fit_ends(1, 1, 2))
    return story.asks(2).samples(2, [1, 2]).fit_begins(2, 1, partition=7)


@case("keeps-partition", INCONCLUSIVE, "both before and after", node=1)
def it_did_not_train_after_the_fault():
    return counted(in_round_1().cut_for(1, 5).fit_ends(1, 1, 2))


# -- restart


def restarted() -> Story:
    return Story().federation(2).stopped(1).start(1)


@case("takes-configured-partition", CONFORMS, "its node id went from id-1 to id-1.2", node=1)
def it_trains_its_partition_after_a_restart():
    return restarted().registers(1).run().round(1, [1, 2])


@case("takes-configured-partition", DEVIATES, "configured with partition 0, trained partition 5", node=1)
def it_trains_another_partition_after_a_restart():
    return restarted().registers(1).run().asks(1).samples(1, [1, 2]).fit_begins(1, 1, partition=5)


@case("takes-configured-partition", DEVIATES, "did not train after its restart in 90 s", node=1)
def it_does_not_train_after_a_restart():
    return restarted().registers(1).run().asks(1).watch_in_vain("round 1 has aggregated")


@case("takes-configured-partition", INCONCLUSIVE, "was not started again", node=1)
def it_was_not_started_again():
    return Story().federation(2).run().round(1, [1, 2])


@case("takes-configured-partition", INCONCLUSIVE, "no run began", node=1)
def no_run_after_a_restart():
    return restarted().registers(1).watch_in_vain("round 1 has aggregated")


@case("takes-configured-partition", INCONCLUSIVE, "was not in fit", node=1)
def the_round_did_without_it():
    return restarted().registers(1).run().round(1, [2]).watch("round 1 has aggregated")


# -- duplicates


def duplicates() -> Story:
    return Story().federation(2, {2: 0}).run().asks(1).samples(1, [1, 2]).fit_ends(1, 1, 2)


@case("duplicate-partitions-accepted", CONFORMS, "2 of 2 nodes with partition-id 0", nodes=[1, 2])
def both_are_aggregated():
    return duplicates().results(1, [1, 2]).aggregates(1)


@case("duplicate-partitions-accepted", DEVIATES, "1 of 2 nodes", nodes=[1, 2])
def one_of_them_is_refused():
    return duplicates().results(1, [1], [2]).aggregates(1)


@case("duplicate-partitions-accepted", DEVIATES, "outcome `none`", nodes=[1, 2])
def nothing_is_made_of_them():
    return duplicates().results(1, [1, 2]).aggregates(1, "none")


@case("duplicate-partitions-accepted", INCONCLUSIVE, "do not share", nodes=[1, 2])
def they_have_partitions_of_their_own():
    return Story().federation(2).run().round(1, [1, 2])


@case("duplicate-partitions-accepted", INCONCLUSIVE, "shows no refusal", nodes=[1, 2])
def one_of_them_was_cut_off():
    return duplicates().fault(2).results(1, [1], [2]).aggregates(1)


@case("duplicate-partitions-accepted", INCONCLUSIVE, "no aggregated", nodes=[1, 2])
def the_strategy_has_not_answered_yet():
    return duplicates().results(1, [1, 2])
