"""Checks of rounds while OneFlow scales: whom it takes out of a round, who joins, what minimums lead to."""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.checks.rounds import waits_for_nodes
from harness.history.checks.watching import watched
from harness.history.history import History
from harness.history.scaled import ROLE, in_run, removals, seconds, since_run, span

# -- who is taken out of a round


@check
def round_records_removed(history: History, *, round: int, removed: int, or_more: bool = False) -> Finding:  # noqa: A002
    """Of a round's nodes so many are shut down by SIGTERM in it, and they are its failures, and no others.

    Raises:
        Inconclusive: Another number was removed while the round had work for them.
    """
    sampled, results = span(history, round)
    gone = [
        it
        for it in removals(history, after=sampled.t, before=results.t)
        if work.named(history, it.node) & set(sampled["nodes"])
    ]
    if len(gone) < removed or (len(gone) > removed and not or_more):
        raise Inconclusive(f"{len(gone)} nodes of round {round} were shut down in it, not {removed}")
    failed = [it.node for it in gone if work.failure_of(results, work.named(history, it.node)) is not None]
    counted = [it.node for it in gone if work.result_of(results, work.named(history, it.node)) is not None]
    hard = [it.node for it in gone if it.signal != "SIGTERM"]
    right = len(failed) == len(gone) == len(results["failures"]) and not counted and not hard
    nodes = ", ".join(str(it.node) for it in gone)
    summary = (
        f"round {round}: nodes {nodes} were shut down ({', '.join(sorted({it.signal for it in gone}))}) "
        f"{seconds(sampled.t, gone[0].t)} s after it sampled; it ended with {len(results['results'])} results and "
        f"{len(results['failures'])} failures"
    )
    if counted:
        summary += f"; a result of node {counted[0]} was counted"
    figures = {"removed": len(gone), "failures": len(results["failures"]), "results": len(results["results"])}
    return Finding(right, summary, figures)


@check
def policy_removes_in_round(history: History, *, round: int) -> Finding:  # noqa: A002 - Flower's word
    """A policy that became due while a round was in fit takes a node away before that round has ended."""
    sampled = in_run(history, "sampled", round)
    if sampled is None:
        raise Inconclusive(f"round {round} did not sample")
    given = history.first("policies.put", after=sampled.t)
    if given is None:
        raise Inconclusive(f"no policy was given to the role while round {round} was in fit")
    if history.first("service.scale", after=sampled.t) is not None:
        raise Inconclusive("the role was scaled by hand, too")
    results = in_run(history, "results", round)
    until = history.end if results is None else results.t
    evaluated = [it for it in history.of("policy.seen", after=given.t, before=until) if it.get("evaluated")]
    if not evaluated:
        raise Inconclusive(f"the policy was not seen to be evaluated before round {round} had ended")
    gone = removals(history, after=given.t, before=until)
    if not gone:
        # What scales has its counter deleted; one that is true and does not scale keeps it (measured).
        true = [event for event in evaluated if event.get("true_evals")]
        if results is None or not true:
            raise Inconclusive(f"nothing was removed before round {round} had ended: `{evaluated[-1]['evaluated']}`")
        early = seconds(true[0].t, results.t)
        return deviates(f"round {round} ended with all its nodes, {early} s after a policy was seen to be true")
    summary = (
        f"node {gone[0].node} was shut down {seconds(given.t, gone[0].t)} s after the policy was given "
        f"(`{evaluated[0]['evaluated']}`), {seconds(sampled.t, gone[0].t)} s after round {round} had sampled, in "
        "mid-round"
    )
    return conforms(summary, {"removed": [it.vm for it in gone]})


@check
def round_loses_one_node_only(history: History, *, round: int) -> Finding:  # noqa: A002 - Flower's word
    """A policy that stays true takes one node out of a round; a second one goes only when that round has ended.

    Raises:
        Inconclusive: Nothing was removed in the round, or nothing could have been removed after the first.
    """
    sampled, results = span(history, round)
    given = history.first("policies.put", after=sampled.t, before=results.t)
    if given is None:
        raise Inconclusive(f"no policy was given to the role while round {round} was in fit")
    gone = removals(history, after=given.t, before=results.t)
    if not gone:
        raise Inconclusive(f"no node was shut down before round {round} had ended")
    role = history.last("role.seen", role=ROLE, before=results.t)
    if role is not None and role["state"] == "RUNNING" and len(gone) == 1:
        raise Inconclusive(f"the cooldown was over before round {round} had ended: it could not protect it")
    later = removals(history, after=results.t, before=history.end)
    if len(gone) == 1 and not later:
        _, looked = watched(history, "2 SuperNodes have been removed", after=results.t)
        raise Inconclusive(f"the policy removed no second node in {looked:.0f} s after round {round} either")
    figures = {"removed in the round": len(gone), "failures": len(results["failures"])}
    if len(gone) > 1:
        return deviates(f"{len(gone)} nodes were shut down before round {round} had ended", figures)
    summary = (
        f"one node was shut down in round {round}, the next one {seconds(results.t, later[0].t)} s after that round "
        f"had ended, {seconds(gone[0].t, later[0].t)} s after the first"
    )
    return conforms(summary, figures)


# -- who joins


@check
def joins_next_round(history: History, *, node: int, round: int) -> Finding:  # noqa: A002 - Flower's word
    """A node that was added while a round was in fit is in the first round that samples once it is online.

    The round under way ends without a failure.
    """
    sampled, results = span(history, round)
    started = history.first("supernode.start", node=node)
    if started is None or not sampled.t < started.t < results.t:
        raise Inconclusive(f"node {node} was not started while round {round} was in fit")
    ids = work.named(history, node)
    online = work.online(history, node)
    if online is None:
        raise Inconclusive(f"node {node} was not seen online")
    if ids & set(sampled["nodes"]):
        raise Inconclusive(f"round {round} sampled node {node}: it did not join in mid-round")
    undisturbed = not results["failures"] and len(results["results"]) == len(sampled["nodes"])
    following = next((it for it in history.of("sampled", phase="fit", after=online.t) if it["round"] > round), None)
    if following is None:
        raise Inconclusive(f"no round sampled after node {node} was online")
    came = in_run(history, "results", following["round"])
    aggregated = in_run(history, "aggregated", following["round"])
    if came is None or aggregated is None:
        raise Inconclusive(f"round {following['round']} was not seen to aggregate")
    counted = work.result_of(came, ids) is not None and aggregated["outcome"] == "aggregated"
    summary = (
        f"round {round} ended with {len(results['results'])} results and {len(results['failures'])} failures; node "
        f"{node} was online {seconds(started.t, online.t)} s after its start, and round {following['round']}, the "
        f"first to sample after that, {'aggregated' if counted else 'did not count'} its result"
    )
    return Finding(undisturbed and counted, summary, {"round": following["round"]})


# -- minimums


@check
def run_is_stuck(history: History, *, round: int, seconds: float) -> Finding:  # noqa: A002 - Flower's word
    """After a scale-down a round waits for nodes for that long, and the run is `running` at the end of it."""
    gone = removals(history, after=since_run(history), before=history.end)
    if not gone:
        raise Inconclusive("no node was removed by scaling")
    waits = waits_for_nodes(history, round=round, minimum=_minimum(history), seconds=seconds)
    if not waits.conforms:
        return waits
    status = history.last("run.seen")
    if status is None or status["status"] != "running":
        told = "nothing" if status is None else status["status"]
        return deviates(f"{waits.summary}; the SuperLink says of the run: {told}", waits.figures)
    return conforms(f"{waits.summary}; the run stays `running`", waits.figures)


def _minimum(history: History) -> int:
    config = history.last("run.start")
    value = None if config is None else (config.get("config") or {}).get("min-available")
    if value is None:
        raise Inconclusive("the run has no min-available")
    return int(value)


@check
def no_round_is_lost(history: History, *, round: int) -> Finding:  # noqa: A002 - Flower's word
    """From a round on, with fewer nodes than a fit needs, rounds wait; none goes by without having sampled anybody."""
    gone = removals(history, after=since_run(history), before=history.end)
    if not gone:
        raise Inconclusive("no node was removed by scaling")
    lost = [
        event["round"]
        for event in history.of("round.ends", after=gone[0].t)
        if event["round"] >= round
        and (sampled := in_run(history, "sampled", event["round"])) is not None
        and not sampled["nodes"]
    ]
    ends = history.last("run.ends", after=gone[0].t)
    if lost:
        first, last = in_run(history, "round.begins", lost[0]), in_run(history, "round.ends", lost[-1])
        took = "" if first is None or last is None else f" within {last.t - first.t:.2f} s"
        told = "" if ends is None else f", and the run ended, {ends.get('outcome')}"
        return deviates(f"{len(lost)} rounds went by{took} without sampling anybody{told}", {"lost": lost})
    if ends is not None:
        raise Inconclusive(f"the run ended, {ends.get('outcome')}, and no round lacked nodes")
    _, looked = watched(history, "the run has ended", after=gone[0].t)
    return conforms(f"no round went by in {looked:.0f} s: the run waits", {"seconds": looked})


# -- identity


@check
def partition_ids_repeat(history: History, *, nodes: int) -> Finding:
    """After a scale-down and a scale-up two SuperNodes that train in the same round have the same partition-id."""
    rounds: dict[int, dict[str, int]] = {}
    for event in history.of("fit.begins", after=since_run(history)):
        rounds.setdefault(event["round"], {})[event["node"]] = event["partition"]
    gone = removals(history, after=since_run(history), before=history.end)
    if not gone:
        raise Inconclusive("no node was removed by scaling")
    added = [event for event in history.of("supernode.start", after=gone[0].t) if "vm" in event.data]
    if not added:
        raise Inconclusive("no node was added after one was removed")
    ids = set(work.named(history, int(added[-1]["node"])))
    joint = [number for number, seen in rounds.items() if ids & set(seen) and len(seen) == nodes]
    if not joint:
        raise Inconclusive(f"the added node trained in no round of {nodes} nodes")
    seen = rounds[joint[0]]
    partitions = sorted(seen.values())
    repeated = len(set(partitions)) < len(partitions)
    summary = f"round {joint[0]}: the {nodes} nodes trained on the partitions {', '.join(map(str, partitions))}"
    return Finding(repeated, summary, {"partitions": partitions})


# -- logs


@check
def logs_say(history: History, *, phrase: str) -> Finding:
    """The logs of the SuperLink, the run included, have this phrase, after a round that gave nothing."""
    read = history.last("logs.read")
    if read is None:
        raise Inconclusive("the logs were not read")
    none = history.last("aggregated", phase="fit", outcome="none", before=read.t)
    if none is None:
        raise Inconclusive("no round had given nothing when the logs were read")
    found = phrase.lower() in str(read["text"]).lower()
    lines = [line for line in str(read["text"]).splitlines() if "aggregate_fit" in line or "failures" in line]
    told = f"; they say: {lines[-1].strip()}" if lines and not found else ""
    return Finding(
        found, f"the logs {'have' if found else 'do not have'} the phrase {phrase!r}{told}", {"found": found}
    )
