"""What holds for checks whatever the story."""

from builder import Story
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks import registry
from harness.history.history import History


def conforms(check, story, **parameters):
    try:
        return registry.apply(check, story.history, parameters).conforms
    except Inconclusive:
        return False


happenings = st.lists(
    st.sampled_from(["round", "failing round", "cut", "heal", "reset", "node ends", "start", "look", "look in vain"]),
    max_size=12,
)


def play(happened) -> Story:
    """A story of two nodes in which node 1 has these things happen to it, sensible or not."""
    story, number, cut = Story().federation(2).run(100), 0, False
    for what in happened:
        match what:
            case "round" | "failing round":
                number += 1
                story.round(number, [1, 2] if what == "round" else [2], [] if what == "round" else [1])
            case "cut" if not cut:
                story.fault(1)
                cut = True
            case "heal" if cut:
                story.heal(1)
                cut = False
            case "reset":
                story.fault(1, "reset").heal(1, "reset", live="reset")
            case "node ends":
                story.node_ends(1)
            case "start":
                story.start(1).registers(1)
            case "look" | "look in vain":
                story.watch("node 1 has worked again", met=what == "look")
    return story


@given(happenings)
@settings(max_examples=80, deadline=None)
def test_works_again_never_conforms_without_a_fit_of_the_same_process_after_the_fault(happened):
    story = play(happened)
    if conforms("works-again", story, node=1):
        history = story.history
        begun = history.last("fault.begin", target="link-1")
        ended = history.last("fault.end", target="link-1")
        start = history.last("supernode.start", node=1)
        assert begun is not None
        assert ended is not None
        assert start is not None
        assert start.t < begun.t < ended.t
        fits = [fit for fit in history.of("fit.ends", after=begun.t) if fit["node"] in work.node_ids(history, 1)]
        assert any(history.of("aggregated", round=fit["round"], after=ended.t) for fit in fits)


@given(happenings)
@settings(max_examples=40, deadline=None)
def test_works_again_does_not_conform_when_the_last_thing_is_a_fault(happened):
    story = play([*happened, "reset"])
    assert not conforms("works-again", story, node=1)


@given(happenings)
@settings(max_examples=40, deadline=None)
def test_works_again_deviates_only_after_a_look(happened):
    story = play(happened)
    try:
        finding = registry.apply("works-again", story.history, {"node": 1})
    except Inconclusive:
        return
    assert finding.conforms or story.history.of("watch", after=work.end_of_fault(story.history, 1))


@given(happenings, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_recording_does_not_matter(happened, random):
    events = play(happened).events
    shuffled = list(events)
    random.shuffle(shuffled)
    told = []
    for one in (events, shuffled):
        try:
            told.append(registry.apply("works-again", History(one), {"node": 1}))
        except Inconclusive as error:
            told.append(str(error))
    assert told[0] == told[1]


@given(st.integers(0, 4), st.integers(0, 4), st.booleans())
@settings(deadline=None)
def test_a_round_conforms_only_with_exactly_the_failures_of_the_nodes_named(came, failed, hidden):
    nodes = range(1, came + failed + 1)
    gone = [node for node in nodes if node > came]
    if not gone:
        return
    story = Story().federation(len(nodes)).run().asks(1).samples(1, nodes)
    for node in gone:
        story.stopped(node)
    recorded = gone[:-1] if hidden else gone
    story.results(1, range(1, came + 1), recorded)
    assert conforms("round-records-failures", story, round=1, nodes=gone) is not hidden
    if came:
        assert not conforms("round-records-failures", story, round=1, nodes=[1, *gone])


@given(st.lists(st.floats(0, 1), min_size=42, max_size=42), st.floats(1, 400))
@settings(max_examples=40, deadline=None)
def test_a_maximum_is_never_seen_below_the_largest_wait(parts, most):
    bounds = [1, 2, 4, 8, 16, 20, 20]
    waits = [[round(part * bounds[n], 2) for n, part in enumerate(parts[i : i + 7])] for i in range(0, 42, 7)]
    story = Story().superlink()
    for node, own in enumerate(waits, 1):
        story.start(node).retries(node, own)
    largest = max(max(own) for own in waits)
    assert not (conforms("waits-are-capped", story, nodes=6, least=7, most=most) and largest > most)
