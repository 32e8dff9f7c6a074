"""Rounds and policies while OneFlow scales, and what SuperNodes publish."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case


def fitting(nodes: int = 3, rounds: int = 3, **config: object) -> Story:
    """Round 1 is in fit on all nodes of a service."""
    everyone = range(1, nodes + 1)
    story = Story().service(nodes).run(rounds)
    story.events[-4].data["config"] |= config
    return story.asks(1).samples(1, everyone).fit_begins(1, *everyone).passes(1)


def ends(story: Story, came: list[int], failed: list[int], number: int = 1) -> Story:
    outcome = "aggregated" if came else "none"
    return story.passes(3).results(number, came, failed).aggregates(number, outcome).round_ends(number)


# -- who is taken out of a round


@case("round-records-removed", CONFORMS, "nodes 1 were shut down (SIGTERM)", round=1, removed=1)
@case("round-records-removed", INCONCLUSIVE, "1 nodes of round 1 were shut down", round=1, removed=2)
@case("round-records-removed", INCONCLUSIVE, "not 2", round=1, removed=2, or_more=True)
def one_is_removed_and_fails():
    return ends(fitting().removes(1), [2, 3], [1])


@case("round-records-removed", CONFORMS, "2 failures", round=1, removed=1, or_more=True)
@case("round-records-removed", INCONCLUSIVE, "2 nodes of round 1 were shut down", round=1, removed=1)
def two_are_removed_and_fail():
    return ends(fitting().removes(1).passes(5).removes(2), [3], [1, 2])


@case("round-records-removed", DEVIATES, "1 results and 2 failures", round=1, removed=1)
def another_one_fails_too():
    return ends(fitting().removes(1), [2], [1, 3])


@case("round-records-removed", DEVIATES, "a result of node 1 was counted", round=1, removed=1)
def the_one_that_was_removed_is_counted():
    return ends(fitting().removes(1), [1, 2, 3], [])


@case("round-records-removed", DEVIATES, "SIGKILL", round=1, removed=1)
def it_is_removed_without_a_chance():
    return ends(fitting().removes(1, signal="SIGKILL"), [2, 3], [1])


@case("round-records-removed", INCONCLUSIVE, "has no results", round=1, removed=1)
def the_round_did_not_end():
    return fitting().removes(1)


EXPRESSION = "LOAD < 20"


def policed(nodes: int = 3) -> Story:
    return fitting(nodes).policies_put().policy(EXPRESSION).passes(2)


@case("policy-removes-in-round", CONFORMS, "in mid-round", round=1)
def the_policy_removes_one_in_the_round():
    return ends(policed().removes(1).policy(EXPRESSION, "LOAD[5.0] < 20").role(2, "SCALING"), [2, 3], [1])


@case("policy-removes-in-round", DEVIATES, "ended with all its nodes", round=1)
def the_policy_waits_for_the_round():
    return ends(policed().policy(EXPRESSION, "LOAD[5.0] < 20", 1), [1, 2, 3], []).removes(1)


@case("policy-removes-in-round", INCONCLUSIVE, "nothing was removed", round=1)
def the_policy_was_not_true():
    return ends(policed().policy(EXPRESSION, "LOAD[50.0] < 20", 0), [1, 2, 3], [])


@case("policy-removes-in-round", INCONCLUSIVE, "not seen to be evaluated", round=1)
def the_policy_was_not_evaluated():
    return ends(policed(), [1, 2, 3], [])


@case("policy-removes-in-round", INCONCLUSIVE, "by hand", round=1)
def the_role_was_scaled_by_hand():
    return policed().tell("scenario", "service.scale", role="supernode", cardinality=2, refused=None).removes(1)


@case("policy-removes-in-round", INCONCLUSIVE, "no policy was given", round=1)
def the_role_has_no_policy():
    return ends(fitting().removes(1), [2, 3], [1])


@case("round-loses-one-node-only", CONFORMS, "the next one", round=1)
def the_second_one_goes_after_the_round():
    return ends(policed().removes(1).role(2, "COOLDOWN"), [2, 3], [1]).passes(20).removes(2)


@case("round-loses-one-node-only", DEVIATES, "2 nodes were shut down", round=1)
def the_second_one_goes_in_the_round():
    return ends(policed().removes(1).role(2, "COOLDOWN").passes(3).removes(2), [3], [1, 2])


@case("round-loses-one-node-only", INCONCLUSIVE, "did not look out", round=1)
def nobody_looked_for_a_second_one():
    return ends(policed().removes(1).role(2, "COOLDOWN"), [2, 3], [1])


@case("round-loses-one-node-only", INCONCLUSIVE, "removed no second node", round=1)
def no_second_one_ever_goes():
    story = ends(policed().removes(1).role(2, "COOLDOWN"), [2, 3], [1])
    return story.watch_in_vain("2 SuperNodes have been removed")


@case("round-loses-one-node-only", INCONCLUSIVE, "could not protect it", round=1)
def the_cooldown_was_over_before_the_round():
    return ends(policed().removes(1).role(2, "COOLDOWN").passes(9).role(2), [2, 3], [1]).passes(5).removes(2)


@case("round-loses-one-node-only", INCONCLUSIVE, "no node was shut down", round=1)
def nothing_was_removed_in_the_round():
    return ends(policed(), [1, 2, 3], []).removes(1)


# -- who joins


def joined(story: Story, node: int = 3) -> Story:
    return story.start(node, vm=node + 10).passes(2).registers(node)


@case("joins-next-round", CONFORMS, "round 2, the first to sample after that, aggregated", node=3, round=1)
def it_joins_the_next_round():
    return ends(joined(fitting(2)), [1, 2], []).round(2, [1, 2, 3])


@case("joins-next-round", DEVIATES, "did not count", node=3, round=1)
def it_is_left_out_of_the_next_round():
    return ends(joined(fitting(2)), [1, 2], []).round(2, [1, 2]).round(3, [1, 2, 3])


@case("joins-next-round", DEVIATES, "1 results and 1 failures", node=3, round=1)
def the_round_under_way_is_disturbed():
    return ends(joined(fitting(2)), [1], [2]).round(2, [1, 2, 3])


@case("joins-next-round", CONFORMS, "round 3, the first to sample after that", node=3, round=1)
def it_is_online_only_in_round_two():
    story = ends(fitting(2).start(3, vm=13), [1, 2], []).asks(2).samples(2, [1, 2]).registers(3)
    return ends(story, [1, 2], [], 2).round(3, [1, 2, 3])


@case("joins-next-round", INCONCLUSIVE, "was not started while", node=3, round=1)
def it_came_after_the_round():
    return joined(ends(fitting(2), [1, 2], [])).round(2, [1, 2, 3])


@case("joins-next-round", INCONCLUSIVE, "no round sampled after", node=3, round=1)
def there_was_no_next_round():
    return ends(joined(fitting(2)), [1, 2], [])


# -- minimums


def starved(rounds: int = 3, **config: object) -> Story:
    """A scale-down in round 1 leaves node 2 alone."""
    return ends(fitting(2, rounds, **config).removes(1), [2], [1])


@case("run-is-stuck", CONFORMS, "the run stays `running`", round=2, seconds=30)
def the_round_waits_and_the_run_runs():
    return starved(**{"min-available": 2}).asks(2).run_seen("running").passes(31).watch("time", took=1)


@case("run-is-stuck", DEVIATES, "says of the run: finished", round=2, seconds=30)
def the_superlink_says_that_the_run_is_over():
    return starved(**{"min-available": 2}).asks(2).passes(31).run_seen("finished", "failed")


@case("run-is-stuck", DEVIATES, "sampled 1 nodes", round=2, seconds=30)
def the_round_goes_on_with_one():
    return starved(**{"min-available": 2}).asks(2).passes(3).samples(2, [2]).run_seen("running").passes(31)


@case("run-is-stuck", INCONCLUSIVE, "watched for", round=2, seconds=30)
def it_was_not_watched_for_long():
    return starved(**{"min-available": 2}).asks(2).run_seen("running").passes(5).watch("time", took=1)


@case("run-is-stuck", INCONCLUSIVE, "no min-available", round=2, seconds=30)
def the_minimum_is_not_known():
    return starved().asks(2).run_seen("running").passes(31)


@case("run-is-stuck", INCONCLUSIVE, "no node was removed", round=2, seconds=30)
@case("no-round-is-lost", INCONCLUSIVE, "no node was removed", round=2)
def nothing_was_scaled():
    return ends(fitting(2), [1, 2], []).asks(2).passes(31)


@case("no-round-is-lost", DEVIATES, "2 rounds went by", round=2)
def rounds_are_burnt():
    story = starved()
    for number in (2, 3):
        story.asks(number).samples(number, [], available=1).round_ends(number)
    return story.run_ends()


@case("no-round-is-lost", CONFORMS, "the run waits", round=2)
def the_run_waits():
    return starved().asks(2).watch_in_vain("the run has ended")


@case("no-round-is-lost", INCONCLUSIVE, "no round lacked nodes", round=2)
def the_run_ended_with_nodes_in_each_round():
    return starved().round(2, [2]).round(3, [2]).run_ends()


# -- identity


def replaced(story: Story, partition: int) -> Story:
    """Node 1 is removed and node 4 added."""
    story = ends(story.removes(1), [2, 3], [1])
    return story.start(4, partition, vm=14).registers(4).round(2, [2, 3, 4])


@case("partition-ids-repeat", CONFORMS, "the partitions 1, 2, 2", nodes=3)
def the_new_one_has_the_partition_of_another():
    return replaced(fitting(), 2)


@case("partition-ids-repeat", DEVIATES, "the partitions 0, 1, 2", nodes=3)
def the_new_one_takes_the_place_of_the_one_that_went():
    return replaced(fitting(), 0)


@case("partition-ids-repeat", INCONCLUSIVE, "no node was added", nodes=3)
def none_was_added():
    return ends(fitting().removes(1), [2, 3], [1]).round(2, [2, 3])


@case("partition-ids-repeat", INCONCLUSIVE, "no node was removed", nodes=3)
def none_was_removed():
    return ends(fitting(), [1, 2, 3], [])


@case("partition-ids-repeat", INCONCLUSIVE, "trained in no round of 3", nodes=3)
def the_new_one_did_not_train_with_them():
    story = ends(fitting().removes(1), [2, 3], [1])
    return story.start(4, 2, vm=14).registers(4).round(2, [2, 3])


# -- policies

CPU = "CPU > 80"


def loaded(**policy: object) -> Story:
    return fitting(1, 6).policies_put().policy(CPU, "CPU[120.0] > 80", 1)


def grown(story: Story, cardinality: int = 2) -> Story:
    story.role(cardinality, "SCALING").start(2, vm=12).registers(2)
    return ends(story, [1], [])


@case("policy-adds-node", CONFORMS, "from 1 to 2, and round 2 aggregated a result of node 2", node=2, expression=CPU)
def it_adds_one_that_trains():
    return grown(loaded()).round(2, [1, 2])


@case("policy-adds-node", DEVIATES, "from 1 to 3", node=2, expression=CPU)
def it_adds_two():
    return grown(loaded(), 3).round(2, [1, 2])


@case("policy-adds-node", DEVIATES, "no result of node 2 was aggregated", node=2, expression=CPU)
def the_new_node_never_trains():
    return grown(loaded()).round(2, [1]).run_ends()


@case("policy-adds-node", DEVIATES, "no VM was added", node=2, expression=CPU)
def it_is_true_and_adds_nothing():
    return loaded().watch_in_vain("node 2 is online")


@case("policy-adds-node", INCONCLUSIVE, "not seen to be true", node=2, expression=CPU)
def it_was_never_true():
    return fitting(1).policies_put().policy(CPU, "CPU[12.0] > 80", 0).watch_in_vain("node 2 is online")


@case("policy-adds-node", INCONCLUSIVE, "3 times in a row", node=2, expression=CPU)
def it_was_true_less_often_than_it_has_to_be():
    story = fitting(1).policies_put(expression=CPU, period_number=3).policy(CPU, "CPU[120.0] > 80", 2)
    return story.policy(CPU, "CPU[12.0] > 80", 0).watch_in_vain("node 2 is online")


@case("policy-adds-node", INCONCLUSIVE, "never seen to be evaluated", node=2, expression=CPU)
def it_was_never_evaluated():
    return grown(fitting(1).policies_put().policy(CPU))


@case("policy-adds-node", INCONCLUSIVE, "by hand", node=2, expression=CPU)
def somebody_scaled_it_by_hand():
    return grown(loaded().tell("scenario", "service.scale", role="supernode", cardinality=2)).round(2, [1, 2])


IDLE = "CPU < 20"


def shrunk(*sizes: int) -> Story:
    story = Story().service(sizes[0]).policies_put()
    for size in sizes[1:]:
        story.policy(IDLE, "CPU[1.0] < 20").role(size, "SCALING").role(size, "COOLDOWN").role(size)
    return story


@case("policy-shrinks-to", CONFORMS, "3 → 2 → 1, one at a time", minimum=1, expression=IDLE)
def it_shrinks_to_the_minimum():
    return shrunk(3, 2, 1).passes(2).policy(IDLE, "CPU[1.1] < 20", 1)


@case("policy-shrinks-to", INCONCLUSIVE, "once the role had 1 VMs", minimum=1, expression=IDLE)
def nobody_saw_what_it_does_at_the_minimum():
    return shrunk(3, 2, 1)


@case("policy-shrinks-to", DEVIATES, "3 → 1", minimum=1, expression=IDLE)
def it_removes_two_at_a_time():
    return shrunk(3, 1).policy(IDLE, "CPU[1.1] < 20", 1)


@case("policy-shrinks-to", DEVIATES, "2 → 1 → 0", minimum=1, expression=IDLE)
def it_goes_below_the_minimum():
    return shrunk(2, 1, 0)


@case("policy-shrinks-to", DEVIATES, "3 → 2 only", minimum=1, expression=IDLE)
def it_stops_above_the_minimum():
    return shrunk(3, 2).policy(IDLE, "CPU[1.1] < 20", 4).watch_in_vain("the policy is true with 1 VM")


@case("policy-shrinks-to", INCONCLUSIVE, "never seen to be evaluated", minimum=1, expression=IDLE)
def no_policy_was_evaluated():
    return Story().service(3)


@case("policy-shrinks-to", INCONCLUSIVE, "not seen to be true", minimum=1, expression=IDLE)
def the_vms_were_not_idle():
    return Story().service(3).policy(IDLE, "CPU[50.0] < 20", 0)


# -- what SuperNodes publish


def published(wrong: dict[str, str] | None = None, *, at: str = "") -> Story:
    """Node 1 publishes what it does in two rounds and a cut; `wrong` is what it publishes instead at a moment."""

    def tell(moment: str, number: int, status: str) -> None:
        active = "YES" if status == "TRAINING" else "NO"
        right = {"FL_TRAINING_ACTIVE": active, "FL_ROUND_NUMBER": str(number), "FL_CLIENT_STATUS": status}
        story.publishes(1, **(right | (wrong or {}) if moment == at else right))

    story = Story().service(1).run(2)
    for number in (1, 2):
        story.asks(number).samples(number, [1]).fit_begins(number, 1)
        tell(f"fit {number}", number, "TRAINING")
        story.passes(5).fit_ends(number, 1)
        tell(f"pause {number}", number, "IDLE")
        ends(story, [1], [], number)
    story.fault(1).passes(3)
    tell("cut", 2, "DISCONNECTED")
    return story.passes(15).heal(1)


@case("training-active-follows", CONFORMS, "(YES, NO)", node=1)
@case("round-number-follows", CONFORMS, "(1, 2)", node=1)
@case("client-status-follows", CONFORMS, "(TRAINING, IDLE, DISCONNECTED)", node=1)
def it_publishes_what_it_does():
    return published()


@case("training-active-follows", DEVIATES, "was 'NO' in its fit of round 2", node=1)
def it_says_that_it_does_not_train():
    return published({"FL_TRAINING_ACTIVE": "NO"}, at="fit 2")


@case("training-active-follows", DEVIATES, "was 'YES' between two fits", node=1)
@case("client-status-follows", DEVIATES, "was 'TRAINING' between two fits", node=1)
def it_says_that_it_trains_in_a_pause():
    return published({"FL_TRAINING_ACTIVE": "YES", "FL_CLIENT_STATUS": "TRAINING"}, at="pause 1")


@case("round-number-follows", DEVIATES, "was '1' in its fit of round 2", node=1)
def it_says_an_old_round():
    return published({"FL_ROUND_NUMBER": "1"}, at="fit 2")


@case("client-status-follows", DEVIATES, "was 'IDLE' while its link was cut", node=1)
def it_does_not_say_that_it_is_cut_off():
    return published({"FL_CLIENT_STATUS": "IDLE"}, at="cut")


@case("round-number-follows", DEVIATES, "never published", node=1)
def it_publishes_nothing():
    story = published()
    story.events = [event for event in story.events if event.kind != "vm.metrics"]
    return story


@case("training-active-follows", INCONCLUSIVE, "not seen in two fits", node=1)
@case("round-number-follows", INCONCLUSIVE, "not seen in two fits", node=1)
@case("client-status-follows", INCONCLUSIVE, "not seen in two fits", node=1)
def it_had_one_fit_only():
    return ends(fitting(1).passes(5).fit_ends(1, 1), [1], [])


@case("client-status-follows", INCONCLUSIVE, "was not cut after them", node=1)
def its_link_was_not_cut():
    story = published()
    story.events = [event for event in story.events if not event.kind.startswith("fault.")]
    return story


# -- logs


def logged(text: str, outcome: str = "none") -> Story:
    story = fitting().removes(1, 2, 3).passes(3).results(1, [], [1, 2, 3]).aggregates(1, outcome)
    return story.tell("scenario", "logs.read", text=text)


@case("logs-say", CONFORMS, "have the phrase", phrase="not enough results")
def the_logs_have_the_words():
    return logged("aggregate_fit: Not enough results\n")


@case("logs-say", DEVIATES, "they say: aggregate_fit: received 1 results and 3 failures", phrase="not enough results")
def the_logs_have_other_words():
    return logged("INFO: a\nINFO\naggregate_fit: received 1 results and 3 failures\n")


@case("logs-say", INCONCLUSIVE, "no round had given nothing", phrase="not enough results")
def no_round_had_failed():
    return logged("x", "aggregated")


@case("logs-say", INCONCLUSIVE, "were not read", phrase="not enough results")
def the_logs_were_not_read():
    return fitting()
