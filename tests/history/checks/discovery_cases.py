"""Appliances that look for their SuperLink, by what OneGate was asked."""

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case

SCALE = 0.1


def looking(*waits: float, context: dict[str, str] | None = None, first: bool = True) -> Story:
    """Node 1 asks OneGate, and again after each of these waits, told in the seconds of the specification."""
    story = Story().start(1, vm=11)
    story.tell("scenario", "context.given", context={"FL_TIME_SCALE": str(SCALE), **(context or {})})
    if first:
        asks(story, 0)
    for wait in waits:
        asks(story, wait)
    return story


def asks(story: Story, wait: float) -> Story:
    if wait:
        # The story's clock moves on by itself with each event.
        story.t += wait * SCALE - 0.5
    story.tell("hypervisor", "gate.answered", vm=11, node=1, about="service")
    return story.tell("hypervisor", "gate.answered", vm=11, node=1, about="vm")


# -- gives up


@case("tries-and-gives-up", CONFORMS, "tried 5 times, 10.0 s apart", node=1, tries=5, interval=10)
@case("tries-and-gives-up", DEVIATES, "tried 5 times", node=1, tries=30, interval=10)
@case("tries-and-gives-up", DEVIATES, "10.0 s apart", node=1, tries=5, interval=5)
@case("tries-and-gives-up", DEVIATES, "10.0 s apart", node=1, tries=5, interval=20)
def it_tries_and_ends():
    return looking(10, 10, 10, 10).node_ends(1, 3)


@case("tries-and-gives-up", CONFORMS, "6.5 to 13.5", node=1, tries=5, interval=10)
def one_answer_is_late():
    return looking(10, 13.5, 6.5, 10).node_ends(1, 3)


@case("tries-and-gives-up", DEVIATES, "with code 0", node=1, tries=5, interval=10)
def it_ends_as_if_all_were_well():
    return looking(10, 10, 10, 10).node_ends(1, 0)


@case("tries-and-gives-up", DEVIATES, "still tried after 90 s", node=1, tries=5, interval=10)
def it_never_ends():
    return looking(10, 10, 10, 10).watch_in_vain("node 1 has ended")


@case("tries-and-gives-up", INCONCLUSIVE, "its end was not recorded", node=1, tries=5, interval=10)
def its_end_was_lost():
    return looking(10, 10, 10, 10).watch("node 1 has ended")


@case("tries-and-gives-up", INCONCLUSIVE, "did not look out", node=1, tries=5, interval=10)
def nobody_looked_for_its_end():
    return looking(10, 10, 10, 10)


@case("tries-and-gives-up", INCONCLUSIVE, "not seen to ask", node=1, tries=5, interval=10)
@case("tries-are-even", INCONCLUSIVE, "not seen to ask", node=1, interval=10)
def it_never_asked():
    return looking(first=False).node_ends(1, 3)


# -- patterns


@case("tries-double", CONFORMS, "10.0, 20.0, 40.0, 80.0, 80.0", node=1, first=10, most=80)
@case("tries-never-wait-longer", CONFORMS, "the maximum is 80", node=1, most=80)
@case("tries-are-even", DEVIATES, "10.0, 20.0", node=1, interval=10)
def it_doubles_up_to_a_maximum():
    return looking(10, 20, 40, 80, 80, 80)


@case("tries-double", DEVIATES, "10.0 s where 20 were to come", node=1, first=10, most=80)
@case("tries-are-even", CONFORMS, "10.0, 10.0", node=1, interval=10)
@case("tries-are-even", DEVIATES, "10.0, 10.0", node=1, interval=20)
@case("tries-never-wait-longer", INCONCLUSIVE, "not reached twice", node=1, most=80)
def it_is_fixed():
    return looking(10, 10, 10, 10, 10, 10)


@case("tries-double", DEVIATES, "10.0, 40.0, 160.0", node=1, first=10, most=80)
@case("tries-never-wait-longer", DEVIATES, "640.0", node=1, most=80)
def it_grows_faster_than_it_should():
    return looking(10, 40, 160, 640)


@case("tries-double", INCONCLUSIVE, "3 times only", node=1, first=10, most=80)
@case("tries-are-even", INCONCLUSIVE, "3 times only", node=1, interval=10)
def it_was_not_watched_for_long():
    return looking(10, 20)


@case("tries-double", INCONCLUSIVE, "before the maximum", node=1, first=10, most=20)
def the_maximum_comes_too_early():
    return looking(10, 20, 20, 20)


# -- a SuperLink that comes late


def late(came: list[int], *, tries: int = 4) -> Story:
    story = looking(*[10] * (tries - 1)).tell("scenario", "superlink.released").tell("control-api", "control.reachable")
    story.registers(1).run(1).asks(1).samples(1, [1])
    failed = [] if came else [1]
    return story.tell(
        "serverapp",
        "results",
        round=1,
        phase="fit",
        results=[{"node": story.id(1)} for _ in came],
        failures=[{"node": story.id(1)} for _ in failed],
        missing=[],
    )


@case("found-after-trying", CONFORMS, "tried 4 times in vain", node=1, tries=4)
@case("found-after-trying", INCONCLUSIVE, "had tried 4 times before", node=1, tries=6)
def it_finds_a_superlink_that_comes_late():
    return late([1])


@case("found-after-trying", DEVIATES, "did not count", node=1, tries=4)
def it_is_online_and_does_not_work():
    return late([])


@case("found-after-trying", DEVIATES, "ended with code 3", node=1, tries=4)
def it_gave_up_before():
    return looking(10, 10, 10).node_ends(1, 3).tell("scenario", "superlink.released")


@case("found-after-trying", DEVIATES, "was not online", node=1, tries=4)
def it_does_not_find_it():
    return looking(10, 10, 10).tell("scenario", "superlink.released").watch_in_vain("node 1 is online")


# -- what the context says


def working(context: dict[str, str], *, partition: int = 0, asked: bool = False) -> Story:
    story = Story().superlink().start(1, partition, vm=11).tell("scenario", "context.given", context=context)
    if asked:
        asks(story, 0)
    return story.registers(1).run(1).round(1, [1])


GIVEN = {"FL_NODE_CONFIG": "partition-id=7 num-partitions=8"}


@case("asks-nobody", CONFORMS, "asked OneGate 0 times", node=1)
@case("trains-on-given-partition", CONFORMS, "trained on partition 7", node=1, partition=7)
def it_does_as_its_context_says():
    return working(GIVEN, partition=7)


@case("asks-nobody", DEVIATES, "asked OneGate 2 times", node=1)
@case("trains-on-given-partition", DEVIATES, "trained on partition 0", node=1, partition=7)
def it_asks_and_computes_its_partition():
    return working(GIVEN, asked=True)


@case("asks-nobody", INCONCLUSIVE, "no round", node=1)
@case("trains-on-given-partition", INCONCLUSIVE, "not seen to train", node=1, partition=7)
def it_did_not_work():
    return Story().superlink().start(1, 7, vm=11).tell("scenario", "context.given", context=GIVEN).registers(1)


@case("trains-on-given-partition", INCONCLUSIVE, "does not give partition-id 7", node=1, partition=7)
def its_context_gives_none():
    return working({})


def moved(partition: int) -> Story:
    """Node 3 stays in a role of which the first VM goes."""
    story = Story().service(3)
    seen = {"service": 1, "role": "supernode", "state": "RUNNING", "cardinality": 2, "nodes": [12, 13]}
    return (
        story.tell("oneflow", "role.seen", **seen)
        .run(1)
        .asks(1)
        .samples(1, [2, 3])
        .fit_begins(1, 3, partition=partition)
    )


@case("partition-no-longer-fits", CONFORMS, "now at 1, trained on partition 2", node=3)
def it_keeps_the_partition_of_its_boot():
    return moved(2)


@case("partition-no-longer-fits", DEVIATES, "now at 1, trained on partition 1", node=3)
def it_computes_it_again():
    return moved(1)


@case("partition-no-longer-fits", DEVIATES, "its places were 2 and 1", node=3)
def it_has_a_partition_of_no_place():
    return moved(9)


@case("partition-no-longer-fits", INCONCLUSIVE, "did not change", node=3)
def nothing_moved():
    return Story().service(3).run(1).asks(1).samples(1, [1, 2, 3]).fit_begins(1, 3)


def told(meaning: str | None = "as-specified") -> Story:
    context = {"FL_MAX_RETRIES": "0"} | ({} if meaning is None else {"FL_RETRY_MEANING": meaning})
    story = Story().superlink().start(1, vm=11).tell("scenario", "context.given", context=context)
    return story.registers(1).fault(1)


@case("hands-zero-on", DEVIATES, "ended with code 0", node=1)
def the_appliance_ends():
    return told().passes(3).node_ends(1, 0)


@case("hands-zero-on", CONFORMS, "still ran 60 s", node=1)
def the_appliance_goes_on():
    return told().watch_in_vain("node 1 has ended", 60)


@case("hands-zero-on", DEVIATES, "in 60 s after its link was cut it neither tried again nor ended", node=1)
def the_appliances_node_gave_up_and_hangs():
    return told().passes(3).tell("supernode-1", "supernode.left", node=1).watch_in_vain("node 1 has ended", 60)


@case("hands-zero-on", CONFORMS, "still ran 60 s", node=1)
def the_appliances_node_left_a_connection_and_tried_again():
    story = told().tell("supernode-1", "supernode.left", node=1).passes(1).retries(1, [20])
    return story.watch_in_vain("node 1 has ended", 60)


@case("hands-zero-on", INCONCLUSIVE, "its end was not recorded", node=1)
def the_appliances_end_was_lost():
    return told().watch("node 1 has ended")


@case("hands-zero-on", INCONCLUSIVE, "was not told to hand 0 on", node=1)
def it_reads_zero_otherwise():
    return told(None).passes(3).node_ends(1, 0)


@case("hands-zero-on", INCONCLUSIVE, "did not look out", node=1)
def nobody_looked():
    return told().passes(3)
