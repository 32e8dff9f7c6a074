"""Waits between the attempts of SuperNodes."""

import random

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case

NODES = 6


def full_jitter(bounds, seed=1) -> list[list[float]]:
    """Waits of six nodes as Flower draws them: uniform between 0 and the attempt's bound."""
    draw = random.Random(seed)
    return [[round(draw.uniform(0, bound), 2) for bound in bounds] for _ in range(NODES)]


def refused(waits: list[list[float]]) -> Story:
    story = Story().superlink()
    for node in range(1, len(waits) + 1):
        story.fault(node).start(node)
    for node, own in enumerate(waits, 1):
        story.retries(node, own)
    return story


FLOWER = [1, 2, 4, 8, 16, 20, 20]


@case("waits-grow-exponentially", CONFORMS, "below 2^n", nodes=NODES, least=5)
@case("waits-are-capped", CONFORMS, "maximum 300 s", nodes=NODES, least=7, most=300)
@case("waits-differ", CONFORMS, nodes=NODES, least=5)
def as_flower_waits():
    return refused(full_jitter(FLOWER))


@case("waits-grow-exponentially", DEVIATES, "was 2.5 s, above 2 s", nodes=NODES, least=5)
def a_wait_is_above_its_bound():
    waits = full_jitter(FLOWER)
    waits[3][1] = 2.5
    return refused(waits)


@case("waits-grow-exponentially", DEVIATES, nodes=NODES, least=5)
@case("waits-are-capped", CONFORMS, nodes=NODES, least=7, most=300)
@case("waits-differ", DEVIATES, nodes=NODES, least=5)
def all_waits_are_one_second():
    return refused([[1.0] * 7] * NODES)


@case("waits-grow-exponentially", DEVIATES, "wait 1 of node 1 was 5.0 s", nodes=NODES, least=5)
def all_waits_are_five_seconds():
    return refused([[5.0] * 7] * NODES)


@case("waits-are-capped", DEVIATES, "was 300.5 s", nodes=NODES, least=7, most=300)
def a_wait_is_above_the_maximum():
    waits = full_jitter(FLOWER)
    waits[5][6] = 300.5
    return refused(waits)


@case("waits-are-capped", INCONCLUSIVE, "would not have passed it either", nodes=NODES, least=7, most=300)
def waits_double_for_ever():
    return refused(full_jitter([2**n for n in range(7)]))


@case("waits-grow-exponentially", INCONCLUSIVE, "node 6 announced 3 waits, fewer than 5", nodes=NODES, least=5)
@case("waits-are-capped", INCONCLUSIVE, "node 6 announced 3 waits", nodes=NODES, least=7, most=300)
@case("waits-differ", INCONCLUSIVE, "node 6 announced 3 waits", nodes=NODES, least=5)
def one_node_announced_too_few():
    waits = full_jitter(FLOWER)
    waits[5] = waits[5][:3]
    return refused(waits)


@case("waits-grow-exponentially", INCONCLUSIVE, "too few to tell growth", nodes=NODES, least=3)
def too_few_are_asked_for():
    return refused(full_jitter(FLOWER))


@case("waits-differ", INCONCLUSIVE, "cannot differ from itself", nodes=1, least=5)
def one_node_alone():
    return refused(full_jitter(FLOWER))


@case("waits-differ", DEVIATES, nodes=NODES, least=5)
def all_nodes_wait_alike():
    return refused([full_jitter(FLOWER)[0]] * NODES)


# -- at once


@case("tries-again-at-once", CONFORMS, "up to 0.3 s", node=1, waits=4)
def it_hardly_waits():
    return refused([[0.1, 0.2, 0.3, 0.1]])


@case("tries-again-at-once", DEVIATES, "up to 7.1 s", node=1, waits=4)
def it_waits_for_seconds():
    return refused([[0.1, 1.2, 2.3, 7.1]]).heal(1).registers(1)


@case("tries-again-at-once", INCONCLUSIVE, "announced 2 waits", node=1, waits=4)
def it_announced_too_few():
    return refused([[0.1, 0.2]])


@case("tries-again-at-once", INCONCLUSIVE, "announced 3 waits", node=1, waits=4)
def waits_after_it_was_connected_do_not_count():
    return refused([[0.1, 0.2, 0.3]]).heal(1).registers(1).retries(1, [0.1])


# -- later than announced


def healed(**evidence) -> Story:
    return Story().federation(1).fault(1).retries(1, [1, 2, 4]).heal(1, **evidence)


def reconnected(story: Story) -> Story:
    return story.tell("supernode-1", "supernode.reconnected", node=1, seconds=30.0, tries=5)


@case("reconnects-later-than-announced", CONFORMS, "2 further attempts failed", node=1)
def attempts_fail_after_the_heal():
    return reconnected(healed().passes(2).retries(1, [8, 16]))


@case("reconnects-later-than-announced", DEVIATES, "0 further attempts failed", node=1)
def the_first_attempt_after_the_heal_succeeds():
    return reconnected(healed().passes(3))


@case("reconnects-later-than-announced", DEVIATES, "0 further attempts failed", node=1)
def a_failure_from_before_the_heal_is_read_just_after_it():
    return reconnected(healed().retries(1, [3]))


@case("reconnects-later-than-announced", INCONCLUSIVE, "did not say that it is connected", node=1)
def it_never_says_that_it_is_back():
    return healed().passes(2).retries(1, [8, 16])


@case("reconnects-later-than-announced", INCONCLUSIVE, "announced no wait during the cut", node=1)
def it_did_not_notice_the_cut():
    return reconnected(Story().federation(1).cut_for(1, 5))


@case("reconnects-later-than-announced", INCONCLUSIVE, "no fault.end", node=1)
def it_was_not_healed():
    return Story().federation(1).fault(1).retries(1, [1, 2, 4])


@case("reconnects-later-than-announced", INCONCLUSIVE, "not seen to be whole", node=1)
def the_link_is_not_whole_after_the_heal():
    return reconnected(healed(new="refused", passes=False).passes(2).retries(1, [8]))
