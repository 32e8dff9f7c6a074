"""Rounds: what came back, what the strategy made of it, what became of the model, whom a round samples."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case


def in_fit(nodes=3, rounds=3, number=1) -> Story:
    everyone = range(1, nodes + 1)
    story = Story().federation(nodes).run(rounds)
    return story.asks(number).samples(number, everyone).fit_begins(number, *everyone).passes(3)


def one_fails(outcome="aggregated", **options) -> Story:
    """Node 1 is stopped in the fit of round 1; nodes 2 and 3 come back."""
    story = in_fit().stopped(1).fit_ends(1, 2, 3).results(1, [2, 3], [1])
    return story.aggregates(1, outcome, **options).round_ends(1)


def all_fail(outcome="none", *, rounds=3, **options) -> Story:
    story = in_fit(2, rounds).stopped(1).stopped(2).results(1, [], [1, 2])
    return story.aggregates(1, outcome, **options).round_ends(1)


# -- failures are recorded


@case("round-records-failures", CONFORMS, "2 results and 1 failures", round=1, nodes=[1])
@case("round-aggregates", CONFORMS, "the global model changed", round=1)
@case("aggregate-is-mean-of-results", CONFORMS, "within their range", round=1)
@case("round-counts", CONFORMS, "counted a result of node 2", round=1, node=2)
def one_of_three_fails():
    return one_fails()


@case("round-records-failures", CONFORMS, "1 results and 2 failures", round=1, nodes=[1, 2])
def two_of_three_fail_together():
    return in_fit().stopped(1).node_ends(2, 0).results(1, [3], [1, 2]).aggregates(1)


@case("round-records-failures", CONFORMS, "2 results and 1 failures", round=1, nodes=[1])
def the_failure_does_not_name_its_node():
    return in_fit().stopped(1).results(1, [2, 3], missing=[1]).aggregates(1)


@case("round-records-failures", CONFORMS, round=1, nodes=[1], phase="evaluate")
def one_of_two_fails_in_evaluate():
    story = Story().federation(2).run(1).round(1, [1, 2]).asks(1, "evaluate").samples(1, [1, 2], "evaluate")
    return story.stopped(1).results(1, [2], [1], "evaluate")


@case("round-records-failures", DEVIATES, "a result of node 1 was counted", round=1, nodes=[1])
def the_app_counts_a_failed_client_as_a_result():
    return in_fit().stopped(1).results(1, [1, 2, 3]).aggregates(1)


@case("round-records-failures", DEVIATES, "a result of node 1 was counted", round=1, nodes=[1])
@case("round-counts", CONFORMS, "counted a result of node 1", round=1, node=1)
def a_short_cut_is_no_failure():
    return in_fit(2).cut_for(1, 5).fit_ends(1, 1, 2).results(1, [1, 2]).aggregates(1)


@case("round-records-failures", DEVIATES, "2 results and 0 failures", round=1, nodes=[1])
def the_failure_is_hidden():
    return in_fit().stopped(1).results(1, [2, 3]).aggregates(1)


@case("round-records-failures", DEVIATES, "1 results and 2 failures", round=1, nodes=[1])
def another_node_fails_too():
    return in_fit().stopped(1).results(1, [3], [1, 2]).aggregates(1)


@case("round-records-failures", DEVIATES, "had not ended after 130 s", round=1, nodes=[1])
def the_round_hangs():
    return in_fit(2).stopped(1, how="clientapp_kill").watch_in_vain("round 1 has ended", 130)


@case("round-records-failures", INCONCLUSIVE, "nothing was done to node 1", round=1, nodes=[1])
def it_failed_without_a_fault():
    return in_fit().results(1, [2, 3], [1]).aggregates(1)


@case("round-records-failures", INCONCLUSIVE, "nothing was done to node 1", round=1, nodes=[1])
def the_fault_came_when_the_round_was_over():
    return in_fit().fit_ends(1, 1, 2, 3).results(1, [1, 2, 3]).aggregates(1).stopped(1)


@case("round-records-failures", INCONCLUSIVE, "did not bite", round=1, nodes=[1])
def the_fault_did_not_bite():
    return in_fit().fault(1).heal(1, failed="bytes still pass").results(1, [1, 2, 3]).aggregates(1)


@case("round-records-failures", INCONCLUSIVE, "did not sample node 1", round=1, nodes=[1])
@case("round-counts", INCONCLUSIVE, "did not sample node 1", round=1, node=1)
def it_was_not_sampled():
    story = Story().federation(3).run().asks(1).samples(1, [2, 3]).stopped(1)
    return story.results(1, [2, 3]).aggregates(1)


@case("round-records-failures", INCONCLUSIVE, "has no `sampled`", round=2, nodes=[1])
@case("round-counts", INCONCLUSIVE, "has no `sampled`", round=2, node=2)
@case("round-gives-none", INCONCLUSIVE, "has no `sampled`", round=2, results=0, failures=2)
def the_round_did_not_begin():
    return one_fails().watch_in_vain("round 2 has ended")


@case("round-records-failures", INCONCLUSIVE, "nobody looked for long enough", round=1, nodes=[1])
def nobody_looked_for_its_end():
    return in_fit().stopped(1)


@case(
    "round-records-failures",
    INCONCLUSIVE,
    "did not begin: the Strategy could not be used: no class",
    round=1,
    nodes=[1],
)
@case("strategy-has", INCONCLUSIVE, "no class", values={"accept-failures": True})
def the_strategy_could_not_be_used():
    return Story().federation(2).run(begins=False).tell("serverapp", "strategy.error", error="no class X")


@case("round-records-failures", INCONCLUSIVE, "the run ended, failed", round=1, nodes=[1])
def the_run_broke():
    return in_fit().stopped(1).run_ends("failed", "ValueError: x").watch("round 1 has ended")


# -- counts


@case("round-counts", DEVIATES, "counted no result of node 1", round=1, node=1)
def its_result_is_not_counted():
    return in_fit(2).cut_for(1, 90).results(1, [2], [1]).aggregates(1)


@case("round-counts", DEVIATES, "had not ended after 90 s", round=1, node=1)
def the_round_hangs_while_it_was_awaited_back():
    return in_fit(2).cut_for(1, 5).watch_in_vain("node 1 has worked again")


@case("round-counts", INCONCLUSIVE, "started again in between", round=1, node=1)
def it_was_started_again_in_the_round():
    return in_fit(2).stopped(1).start(1).registers(1).results(1, [1, 2]).aggregates(1)


@case("round-counts", INCONCLUSIVE, "nobody looked for long enough", round=1, node=1)
def something_else_was_looked_for():
    return in_fit(2).cut_for(1, 5).watch_in_vain("node 1 is offline", 10)


# -- aggregates


@case("round-aggregates", CONFORMS, "2 results and 1 failures", round=1, results=2, failures=1)
def aggregated_with_the_counts_of_the_claim():
    return one_fails()


@case("round-aggregates", CONFORMS, "loss 0.5", round=1, phase="evaluate")
def an_evaluation_is_aggregated():
    return (
        Story()
        .federation(2)
        .run(1)
        .round(1, [1, 2])
        .asks(1, "evaluate")
        .samples(1, [1, 2], "evaluate")
        .results(1, [2], [1], "evaluate")
        .aggregates(1, phase="evaluate", loss=0.5)
    )


def evaluation(outcome, loss=None) -> Story:
    story = Story().federation(2).run(1).round(1, [1, 2]).asks(1, "evaluate").samples(1, [1, 2], "evaluate")
    return story.results(1, [2], [1], "evaluate").aggregates(1, outcome, "evaluate", loss=loss)


@case("round-aggregates", DEVIATES, "gave None", round=1, phase="evaluate")
@case("round-gives-none", CONFORMS, "aggregate_evaluate gave None", round=1, phase="evaluate", results=1, failures=1)
def an_evaluation_gives_none():
    return evaluation("none")


@case("round-aggregates", DEVIATES, "loss None", round=1, phase="evaluate")
def an_evaluation_has_no_loss():
    return evaluation("aggregated")


@case("round-gives-none", DEVIATES, "aggregate_evaluate aggregated", round=1, phase="evaluate", results=1, failures=1)
def an_evaluation_that_should_be_none():
    return evaluation("aggregated", 0.5)


@case("round-aggregates", DEVIATES, "gave None; the global model stayed", round=1)
@case("aggregate-is-mean-of-results", DEVIATES, "gave None", round=1)
@case("model-unchanged", CONFORMS, "global model m0 before round 1, m0 after it", round=1)
@case("round-gives-none", CONFORMS, "aggregate_fit gave None", round=1, results=2, failures=1)
def a_failure_makes_it_none():
    return one_fails("none")


@case("round-aggregates", DEVIATES, "raised ValueError", round=1)
@case("round-gives-none", DEVIATES, "raised ValueError", round=1, results=2, failures=1)
def the_strategy_raises():
    return one_fails("error")


@case("round-aggregates", DEVIATES, "raised ValueError", round=1)
def the_strategy_raises_and_that_ends_the_run():
    story = one_fails("error").run_ends("failed", "ValueError: no")
    story.events = [event for event in story.events if event.kind != "global"]
    return story


@case("round-aggregates", DEVIATES, "the global model stayed", round=1)
def it_says_aggregated_and_keeps_the_old_model():
    return one_fails(model="m0")


@case("round-aggregates", DEVIATES, "had not ended after 60 s", round=1)
def a_round_with_a_failure_hangs():
    return in_fit().stopped(1).watch_in_vain("the run has ended", 60)


@case("round-aggregates", INCONCLUSIVE, "3 results and 0 failures", round=1)
@case("aggregate-is-mean-of-results", INCONCLUSIVE, "3 results and 0 failures", round=1)
@case("model-unchanged", INCONCLUSIVE, "has no failure", round=1)
def nothing_failed():
    return Story().federation(3).run().round(1, [1, 2, 3])


@case("round-aggregates", INCONCLUSIVE, "the claim is about 3 results and 1 failures", round=1, results=3, failures=1)
@case("round-gives-none", INCONCLUSIVE, "the claim is about 0 results", round=1, results=0, failures=3)
def other_counts_than_the_claim_is_about():
    return one_fails()


@case("round-aggregates", INCONCLUSIVE, "0 results and 2 failures", round=1)
@case("round-gives-none", CONFORMS, "0 results and 2 failures", round=1, results=0, failures=2)
@case("model-unchanged", CONFORMS, round=1)
def all_failed():
    return all_fail()


@case("round-aggregates", INCONCLUSIVE, "no `aggregated`", round=1)
@case("aggregate-is-mean-of-results", INCONCLUSIVE, "no `aggregated`", round=1)
def the_strategy_has_not_answered_yet():
    return in_fit().stopped(1).results(1, [2, 3], [1])


@case("round-aggregates", INCONCLUSIVE, "was not recorded", round=1)
@case("model-unchanged", INCONCLUSIVE, "was not recorded", round=1)
def the_model_was_not_recorded():
    story = one_fails()
    story.events = [event for event in story.events if event.kind != "global"]
    return story


# -- the mean


@case("aggregate-is-mean-of-results", DEVIATES, "0.05 from the weighted mean", round=1)
def a_result_is_left_out():
    return one_fails(distance=0.05)


@case("aggregate-is-mean-of-results", DEVIATES, "0.0002 from the weighted mean", round=1)
def a_result_is_counted_twice():
    return one_fails(distance=2e-4)


@case("aggregate-is-mean-of-results", DEVIATES, "31 from the weighted mean", round=1)
def a_result_is_made_up():
    return one_fails(distance=31.0)


@case("aggregate-is-mean-of-results", DEVIATES, "nan from the weighted mean", round=1)
def the_aggregate_is_no_number():
    return one_fails(distance="nan")


@case("aggregate-is-mean-of-results", DEVIATES, "other shapes", round=1)
def the_aggregate_has_other_shapes():
    return one_fails(distance=None)


# -- the model


@case("model-unchanged", DEVIATES, "m0 before round 1, wild after it", round=1)
def the_model_changes_although_none_was_returned():
    return all_fail(model="wild")


@case("model-unchanged", DEVIATES, "round 2 sent other", round=1)
def the_next_round_sends_another_model():
    return all_fail().start(1).registers(1).start(2).registers(2).asks(2).samples(2, [1, 2], sent="other")


@case("model-unchanged", CONFORMS, "round 2 sent m0", round=1)
def the_next_round_sends_the_same_model():
    return all_fail().start(1).registers(1).start(2).registers(2).asks(2).samples(2, [1, 2])


@case("model-unchanged", INCONCLUSIVE, "sent nothing yet", round=1)
def the_next_round_has_not_sent_yet():
    return all_fail().asks(2)


@case("model-unchanged", DEVIATES, "had not ended after 150 s", round=1)
@case("round-gives-none", DEVIATES, "had not ended after 150 s", round=1, results=0, failures=2)
@case("next-round-begins", DEVIATES, "round 2 had not begun after 150 s, nor 1 ended", round=1)
def a_round_whose_clients_are_gone_hangs():
    return in_fit(2).stopped(1).stopped(2).watch_in_vain("round 1 has ended", 150)


@case("round-gives-none", DEVIATES, "aggregate_fit aggregated", round=1, results=0, failures=2)
@case("model-unchanged", DEVIATES, "m1 after it", round=1)
def a_model_is_made_of_nothing():
    return all_fail("aggregated")


# -- the next round


@case("next-round-begins", CONFORMS, "round 2 began", round=1)
def the_next_round_begins():
    return all_fail().asks(2)


@case("next-round-begins", DEVIATES, "the run ended, failed ValueError: no results", round=1)
@case("round-aggregates-nodes", DEVIATES, "the run ended, failed", round=2, nodes=[1, 2])
@case("waits-for-nodes", DEVIATES, "did not come to ask", round=2, minimum=2, seconds=20)
def the_run_ends_instead():
    return all_fail().run_ends("failed", "ValueError: no results")


@case("next-round-begins", DEVIATES, "round 2 had not begun after 90 s", round=1)
def the_next_round_does_not_begin():
    return all_fail().watch("round 1 has ended").watch_in_vain("round 2 has aggregated")


@case("next-round-begins", INCONCLUSIVE, "nobody looked", round=1)
def nobody_looked_at_the_next_round():
    return all_fail().watch("round 1 has ended")


@case("next-round-begins", INCONCLUSIVE, "the run had 1 rounds only", round=1)
@case("round-aggregates-nodes", INCONCLUSIVE, "the run had 1 rounds only", round=2, nodes=[1, 2])
def there_was_to_be_no_next_round():
    return all_fail(rounds=1).run_ends()


# -- nodes of a round


@case("round-aggregates-nodes", CONFORMS, "2 results and 0 failures", round=1, nodes=[1, 2])
@case("every-round-aggregates", CONFORMS, "all 3 rounds", rounds=3, nodes=[1, 2])
def three_rounds_go_well():
    return Story().federation(2).run().round(1, [1, 2]).round(2, [1, 2]).round(3, [1, 2])


@case("round-aggregates-nodes", CONFORMS, round=2, nodes=[1, 2, 3])
def a_node_that_is_back_takes_part():
    return one_fails().start(1).registers(1).passes(10).round(2, [1, 2, 3])


@case("round-aggregates-nodes", DEVIATES, "no result of node 1", round=2, nodes=[1, 2, 3])
def a_node_that_is_back_is_not_sampled():
    return one_fails().start(1).registers(1).passes(10).round(2, [2, 3])


@case("round-aggregates-nodes", DEVIATES, "no result of node 1", round=2, nodes=[1, 2])
def a_node_that_the_server_app_knows_is_not_sampled():
    return one_fails().start(1).registers(1).knows([1, 2, 3]).round(2, [2, 3])


@case("round-aggregates-nodes", DEVIATES, "no result of node 1", round=1, nodes=[1, 2, 3])
@case("every-round-aggregates", DEVIATES, "no result of node 1", rounds=1, nodes=[1, 2, 3])
def a_node_that_was_sampled_has_no_result():
    return one_fails()


@case("round-aggregates-nodes", DEVIATES, "gave None", round=1, nodes=[1, 2])
def the_round_gives_none():
    return Story().federation(2).run().round(1, [1, 2], outcome="none")


@case("round-aggregates-nodes", DEVIATES, "nothing after 90 s", round=2, nodes=[1, 2])
def the_round_does_not_come():
    return all_fail().asks(2).watch_in_vain("round 2 has aggregated")


@case("round-aggregates-nodes", INCONCLUSIVE, "not known to be online", round=2, nodes=[1, 2, 3])
def a_node_comes_back_as_the_round_samples():
    return one_fails().start(1).registers(1).round(2, [2, 3])


@case("round-aggregates-nodes", INCONCLUSIVE, "did not look out", round=2, nodes=[1, 2])
@case("every-round-aggregates", INCONCLUSIVE, "did not look out", rounds=2, nodes=[2])
def nobody_waited_for_the_round():
    return one_fails()


@case("round-aggregates-nodes", INCONCLUSIVE, "never registered", round=1, nodes=[1, 2, 3])
def a_node_never_was_there():
    return Story().federation(2).run().round(1, [1, 2])


@case("round-counts", INCONCLUSIVE, "no run was started", round=1, node=1)
@case("every-round-aggregates", INCONCLUSIVE, "no run was started", rounds=1, nodes=[1])
def no_run():
    return Story().federation(2)


@case("round-counts", INCONCLUSIVE, "of run run-2 did not begin", round=1, node=1)
def only_an_earlier_run_had_rounds():
    return Story().federation(2).run().round(1, [1, 2]).run_ends().run(begins=False)


# -- whom a round samples


@case("not-sampled", CONFORMS, "it was not among them", round=1, node=3)
def a_node_that_has_ended_is_not_sampled():
    return Story().federation(3).stopped(3).run().asks(1).samples(1, [1, 2])


@case("not-sampled", DEVIATES, "it was among them", round=1, node=3)
def a_node_that_has_ended_is_sampled():
    return Story().federation(3).node_ends(3, -9).run().asks(1).samples(1, [1, 2, 3])


@case("not-sampled", INCONCLUSIVE, "had not ended", round=1, node=3)
def it_had_not_ended():
    return Story().federation(3).run().asks(1).samples(1, [1, 2]).stopped(3)


@case("not-sampled", INCONCLUSIVE, "had not ended", round=1, node=3)
def it_was_started_again_before_the_round():
    return Story().federation(3).stopped(3).start(3).registers(3).run().asks(1).samples(1, [1, 2])


@case("not-sampled", INCONCLUSIVE, "sampled nobody in 60 s", round=1, node=3)
def the_round_did_not_sample():
    return Story().federation(3).stopped(3).run().asks(1).watch_in_vain("round 1 has sampled", 60)


@case("not-sampled", INCONCLUSIVE, "chose nobody at all", round=1, node=3)
def the_round_chose_nobody():
    return Story().federation(3).stopped(3).run().asks(1).samples(1, [], available=2)


def two_of_three(min_fit=3) -> Story:
    return Story().federation(2).run(**{"min-fit": min_fit}).asks(1).knows([1, 2])


@case("samples-below-min-fit", CONFORMS, "sampled 2", round=1, nodes=[1, 2], minimum=3)
def it_goes_on_with_what_there_is():
    return two_of_three().samples(1, [1, 2])


@case("samples-below-min-fit", DEVIATES, "3 rounds went by", round=1, nodes=[1, 2], minimum=3)
def the_rounds_burn():
    story = two_of_three().samples(1, [], available=2).round_ends(1)
    return story.round_ends(2).round_ends(3).run_ends()


@case("samples-below-min-fit", DEVIATES, "waited for 30 s", round=1, nodes=[1, 2], minimum=3)
def it_waits_instead():
    return two_of_three().watch_in_vain("round 1 has sampled", 30)


@case("samples-below-min-fit", INCONCLUSIVE, "3 nodes were available", round=1, nodes=[1, 2], minimum=3)
def enough_were_available():
    return Story().federation(3).run().asks(1).knows([1, 2, 3]).samples(1, [1, 2, 3])


@case("samples-below-min-fit", INCONCLUSIVE, "was not seen to sample among 2", round=1, nodes=[1, 2], minimum=3)
def it_waits_because_only_one_is_there():
    return Story().federation(2).run().asks(1).knows([1]).watch_in_vain("round 1 has sampled", 30)


@case("samples-below-min-fit", INCONCLUSIVE, "the run ended, failed", round=1, nodes=[1, 2], minimum=3)
def the_run_broke_before_it_sampled():
    return two_of_three().run_ends("failed").watch("round 1 has sampled")


# -- waiting for nodes


def below_minimum() -> Story:
    """Two of three nodes are stopped in round 1, whose minimum is two."""
    story = in_fit().stopped(1).stopped(2).fit_ends(1, 3).results(1, [3], [1, 2]).aggregates(1)
    return story.round_ends(1).asks(2)


@case("waits-for-nodes", CONFORMS, "fewer than 2 nodes online", round=2, minimum=2, seconds=20)
def it_waits_and_goes_on_when_a_node_is_back():
    return below_minimum().passes(21).start(1).registers(1).passes(5).samples(2, [1, 3])


@case("waits-for-nodes", CONFORMS, round=2, minimum=2, seconds=20)
def it_still_waits():
    return below_minimum().passes(21).watch("time")


@case("waits-for-nodes", DEVIATES, "sampled 1 nodes", round=2, minimum=2, seconds=20)
def it_does_not_wait():
    return below_minimum().passes(1).samples(2, [3]).passes(30).watch("time")


@case("waits-for-nodes", DEVIATES, "sampled 1 nodes", round=2, minimum=2, seconds=20)
def it_does_not_even_ask_who_is_there():
    return below_minimum().passes(1).samples(2, [3], available=None).passes(30).watch("time")


@case("waits-for-nodes", DEVIATES, "sampled 0 nodes", round=2, minimum=2, seconds=20)
def it_samples_nobody_and_goes_on():
    return below_minimum().samples(2, [], available=1).round_ends(2).passes(30).watch("time")


@case("waits-for-nodes", DEVIATES, "ended instead of waiting", round=2, minimum=2, seconds=20)
def the_run_ends_instead_of_waiting():
    return below_minimum().passes(2).run_ends("failed", "TimeoutError").passes(30).watch("time")


@case("waits-for-nodes", INCONCLUSIVE, "was watched for", round=2, minimum=2, seconds=20)
def it_was_not_watched_long_enough():
    return below_minimum().passes(10).start(1).registers(1).passes(30).samples(2, [1, 3])


@case("waits-for-nodes", INCONCLUSIVE, "was watched for", round=2, minimum=2, seconds=20)
def a_node_came_back_by_itself():
    return below_minimum().passes(10).seen("id-1").passes(1).samples(2, [1, 3]).passes(30).watch("time")


@case("waits-for-nodes", INCONCLUSIVE, "never were fewer than 2", round=2, minimum=2, seconds=20)
def there_were_enough_all_the_time():
    return one_fails().asks(2).samples(2, [2, 3])


@case("waits-for-nodes", INCONCLUSIVE, "2 nodes were available", round=2, minimum=2, seconds=20)
def the_server_app_had_not_heard_of_it_yet():
    return below_minimum().samples(2, [2, 3], available=2)


@case("waits-for-nodes", INCONCLUSIVE, "2 nodes were available", round=1, minimum=2, seconds=20)
def a_killed_node_counts_as_online_until_its_heartbeat_is_missed():
    story = Story().federation(2).node_ends(2, -9).run().asks(1).samples(1, [1, 2]).passes(60)
    return story.seen("id-2", "offline").passes(30).watch("time")


@case("waits-for-nodes", INCONCLUSIVE, "did not come to ask", round=2, minimum=2, seconds=20)
def the_round_did_not_ask():
    return in_fit().stopped(1).stopped(2)


# -- what a strategy says of itself


def strategy(**given) -> Story:
    effective = {"accept-failures": True, "completion-rate-fit": 0.5}
    story = Story().run(begins=False)
    return story.tell("serverapp", "strategy", parameters=given, effective=effective)


@case("strategy-has", CONFORMS, "accept-failures is True by default", values={"accept-failures": True})
def it_has_the_value():
    return strategy()


@case("strategy-has", DEVIATES, "completion-rate-fit is 0.5", values={"completion-rate-fit": 0.75})
def it_has_another_value():
    return strategy()


@case("strategy-has", INCONCLUSIVE, "the scenario set", values={"accept-failures": True})
def the_scenario_set_it():
    return strategy(**{"accept-failures": True})


@case("strategy-has", INCONCLUSIVE, "did not say", values={"completion-rate-evaluate": 0.5})
def it_does_not_say():
    return strategy()
