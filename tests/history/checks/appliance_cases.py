"""VMs that boot the edge image."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case

NODE, RUN = {"node": 1}, {"node": 1, "cores": 2, "memory": 2048, "rounds": 2}


def boots(*, memory: int = 2048, internet: object = False, machines: tuple[str, ...] = ("supernode-1",)) -> Story:
    """The VM of node 1 is started, of an image; node 2 is a process."""
    story = Story().superlink()
    story.tell("scenario", "site", name="qemu", machines=list(machines), cores=2, memory=memory, internet=internet)
    return story.start(1, vm=11).start(2, vm=12).registers(2)


def asks(story: Story) -> Story:
    return story.tell("hypervisor", "gate.answered", vm=11, node=1, about="service")


def node_fault(story: Story, kind: str, seconds: float) -> Story:
    story.tell("chaos", "fault.begin", fault=kind, target="supernode-1", evidence={}).passes(seconds)
    return story.tell("chaos", "fault.end", fault=kind, target="supernode-1", evidence={"running": True})


# -- READY, and registered


@case("ready-means-connected", DEVIATES, "was READY 22.", **NODE)
@case("boots-and-registers", CONFORMS, "tried 2 times while its link was cut, and was online 3.", **NODE)
def ready_behind_a_cut_link():
    story = asks(boots().fault(1).passes(100)).publishes(1, READY="YES").retries(1, [2, 16]).heal(1)
    return story.passes(3).registers(1)


@case("ready-means-connected", CONFORMS, "5.2 s after it was online", **NODE)
@case("boots-and-registers", CONFORMS, "READY 106.", **NODE)
def ready_when_it_is_connected():
    return asks(boots().passes(100)).registers(1).passes(5).publishes(1, READY="YES")


@case("ready-means-connected", INCONCLUSIVE, "which came first", **NODE)
def ready_and_connected_at_once():
    return asks(boots().passes(100)).publishes(1, READY="YES").registers(1)


@case("ready-means-connected", INCONCLUSIVE, "not seen to report READY", **NODE)
@case("boots-and-registers", DEVIATES, "had not reported READY 900 s", **NODE)
def never_ready():
    story = asks(boots().passes(100)).registers(1).publishes(1, FL_CONNECTED="1")
    return story.watch_in_vain("node 1 has reported READY", 900)


@case("ready-means-connected", DEVIATES, "was not online 600 s later", **NODE)
@case("boots-and-registers", DEVIATES, "not online 600 s later", **NODE)
def ready_and_never_online():
    story = asks(boots().fault(1).passes(100)).publishes(1, READY="YES").heal(1)
    return story.watch_in_vain("node 1 is online", 600)


@case("ready-means-connected", INCONCLUSIVE, "did not look out", **NODE)
@case("boots-and-registers", INCONCLUSIVE, "did not look out", **NODE)
def ready_and_nobody_looked_on():
    return asks(boots().passes(100)).publishes(1, READY="YES")


@case("boots-and-registers", INCONCLUSIVE, "not seen to try while its link was cut", **NODE)
def its_link_was_healed_before_it_tried():
    return asks(boots().fault(1).passes(100)).publishes(1, READY="YES").heal(1).passes(3).registers(1)


@case("boots-and-registers", INCONCLUSIVE, "whether the VM has internet", **NODE)
def it_may_have_internet():
    return asks(boots(internet=None).passes(100)).publishes(1, READY="YES").registers(1)


@case("boots-and-registers", INCONCLUSIVE, "did not ask OneGate", **NODE)
def nobody_asked_one_gate():
    return boots().passes(100).publishes(1, READY="YES").passes(3).registers(1)


@case("boots-and-registers", INCONCLUSIVE, "no VM that boots an image", **NODE)
@case("starts-without-network", INCONCLUSIVE, "no VM that boots an image", **NODE)
@case("takes-part", INCONCLUSIVE, "no VM that boots an image", **RUN)
def it_is_a_process():
    return asks(boots(machines=()).passes(9)).publishes(1, READY="YES").passes(3).registers(1)


# -- without a network


def unplugged(after: float = 1) -> Story:
    story = boots().passes(after)
    return story.tell("chaos", "fault.begin", fault="node_unplug", target="supernode-1", evidence={}).passes(100)


def plugged(story: Story) -> Story:
    return story.tell("chaos", "fault.end", fault="node_unplug", target="supernode-1", evidence={"running": True})


@case("starts-without-network", CONFORMS, "was online 4.", **NODE)
def it_tries_and_comes_online():
    return plugged(unplugged().retries(1, [2])).passes(3.5).registers(1)


@case("starts-without-network", DEVIATES, "no SuperNode of node 1 was seen to try, 900 s", **NODE)
def no_supernode_is_started():
    return plugged(unplugged().watch_in_vain("node 1 has announced 1 wait", 900)).passes(3).registers(1)


@case("starts-without-network", DEVIATES, "not online 600 s after", **NODE)
def it_never_comes_online():
    return plugged(unplugged().retries(1, [2])).watch_in_vain("node 1 is online", 600)


@case("starts-without-network", INCONCLUSIVE, "had its cable for 6", **NODE)
def its_cable_was_taken_late():
    return plugged(unplugged(60).retries(1, [2])).passes(3).registers(1)


@case("starts-without-network", INCONCLUSIVE, "was reached though", **NODE)
def one_gate_answered_it():
    return plugged(asks(unplugged()).retries(1, [2])).passes(3).registers(1)


@case("starts-without-network", INCONCLUSIVE, "was reached though", **NODE)
def it_registered_without_a_cable():
    return plugged(unplugged().registers(1).retries(1, [2]))


@case("starts-without-network", INCONCLUSIVE, "is not over", **NODE)
def its_cable_is_still_out():
    return unplugged().retries(1, [2])


# -- in a run


def trains(story: Story) -> Story:
    return story.passes(100).registers(1).run(3)


@case("takes-part", CONFORMS, "aggregated in 3 rounds of a run that completed", **RUN)
def it_is_in_every_round():
    story = trains(boots()).round(1, [1, 2]).round(2, [1, 2]).round(3, [1, 2])
    return story.run_seen("finished", "completed")


@case("takes-part", CONFORMS, "in 2 rounds", **RUN)
def it_misses_a_round():
    story = trains(boots()).round(1, [2], [1]).round(2, [1, 2]).round(3, [1, 2])
    return story.run_seen("finished", "completed")


@case("takes-part", DEVIATES, "in 1 rounds", **RUN)
def it_is_in_one_round_only():
    story = trains(boots()).round(1, [1, 2]).round(2, [2], [1]).round(3, [2], [1])
    return story.run_seen("finished", "completed")


@case("takes-part", DEVIATES, "did not complete", **RUN)
def the_run_never_ends():
    story = trains(boots()).round(1, [1, 2]).round(2, [1, 2])
    return story.run_seen("running").watch_in_vain("the run has ended", 900)


@case("takes-part", INCONCLUSIVE, "the SuperLink was not seen to say how", **RUN)
def its_end_is_known_by_the_serverapp_only():
    story = trains(boots()).round(1, [1, 2]).round(2, [1, 2])
    return story.run_seen("running").run_ends().watch("the run has ended")


@case("takes-part", INCONCLUSIVE, "2 processors and 4096 MB", **RUN)
def it_has_more_memory():
    story = trains(boots(memory=4096)).round(1, [1, 2]).round(2, [1, 2]).round(3, [1, 2])
    return story.run_seen("finished", "completed")


@case("takes-part", INCONCLUSIVE, "never registered", **RUN)
def it_never_came():
    return boots().run(3).round(1, [2]).run_seen("finished", "completed")


# -- after faults of the VM itself

UNPLUG, FREEZE = {"node": 1, "fault": "node_unplug"}, {"node": 1, "fault": "node_freeze"}


def in_fit() -> Story:
    return trains(boots()).asks(1).samples(1, [1, 2]).fit_begins(1, 1, 2)


def counted(story: Story) -> Story:
    return story.fit_ends(1, 1, 2).results(1, [1, 2]).aggregates(1).round_ends(1)


@case("works-again", CONFORMS, "in round 1", **UNPLUG)
@case("works-again", CONFORMS, "in round 2", **FREEZE)
def unplugged_and_then_frozen():
    story = counted(node_fault(in_fit(), "node_unplug", 15))
    story = node_fault(story.asks(2).samples(2, [1, 2]).fit_begins(2, 1, 2), "node_freeze", 15)
    return story.fit_ends(2, 1, 2).results(2, [1, 2]).aggregates(2).round_ends(2)


@case("works-again", CONFORMS, "in round 1", **UNPLUG)
@case("works-again", DEVIATES, "no result of node 1 was aggregated in the 90 s", **FREEZE)
def it_never_wakes_up():
    story = node_fault(counted(node_fault(in_fit(), "node_unplug", 15)), "node_freeze", 15)
    return story.round(2, [2], [1]).watch_in_vain("node 1 has worked again")


@case("works-again", INCONCLUSIVE, "has had no node_freeze", **FREEZE)
def it_was_not_frozen():
    return counted(node_fault(in_fit(), "node_unplug", 15))


@case("works-again", INCONCLUSIVE, "is not over", **FREEZE)
def it_is_frozen_still():
    return in_fit().tell("chaos", "fault.begin", fault="node_freeze", target="supernode-1", evidence={}).passes(90)
