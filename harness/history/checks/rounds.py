"""Checks of rounds: whom a round sampled, what came back, what the strategy made of it, what became of the model.

All of them rest on what the ServerApp itself recorded, and look at the run that was started last.
"""

from __future__ import annotations

import re

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.checks.watching import watched
from harness.history.events import Event
from harness.history.history import History

_MEAN_TOLERANCE = 1e-5
"""Largest difference of a parameter from the weighted mean; FedAvg's in-place sum in 64-bit floats errs by about 1e-16,
32-bit ones by 1e-7 of values that are about 1."""


_PROGRESS = re.compile(
    r"round (\d+) has (?:ended|aggregated)|the run has ended|node \d+ has (?:worked again|been counted)"
)
"""What a scenario looks out for that cannot come without the end of a round."""

_KNOWN_TO_ALL = 5.0
"""Seconds after which a ServerApp, which asks every 3 s, knows what the SuperLink says of a node."""


def _run(history: History) -> float:
    """When the run was asked for that was started last; its ServerApp writes from then on."""
    config = history.last("run.start")
    if config is None:
        raise Inconclusive("no run was started")
    begun = work.run_begins(history)
    if begun is None:
        raise Inconclusive(f"the ServerApp of run {config['run']} did not begin{_refused(history)}")
    return begun.t


def _in_run(history: History, kind: str, **match: object) -> Event | None:
    return history.first(kind, after=_run(history), **match)


def _refused(history: History) -> str:
    """Why the strategy under test could not be used; empty when nothing is known of that."""
    error = history.last("strategy.error")
    return "" if error is None else f": the Strategy could not be used: {error.get('error') or dict(error.data)}"


def _required(history: History, kind: str, round: int, phase: str) -> Event:  # noqa: A002 - Flower's word
    event = _in_run(history, kind, round=round, phase=phase)
    if event is None:
        raise Inconclusive(f"round {round} has no `{kind}` of its {phase}{_refused(history)}")
    return event


def _ended_run(history: History) -> str | None:
    """How the run ended; None while it lasts."""
    ended = _in_run(history, "run.ends")
    return None if ended is None else f"the run ended, {ended.get('outcome')} {ended.get('error') or ''}".strip()


def _looked_in_vain(history: History, t: float, round: int) -> float | None:  # noqa: A002 - Flower's word
    """Seconds that the scenario looked, after `t`, for something that comes with a round's end, in vain.

    None when it did not look, or not in vain.
    """
    for watch in reversed(history.of("watch", after=t)):
        found = _PROGRESS.fullmatch(watch["until"])
        if found is not None and (found[1] is None or int(found[1]) >= round):
            return None if watch["met"] else float(watch["took"])
    return None


def _unfinished(history: History, round: int, phase: str = "fit") -> Finding | None:  # noqa: A002 - Flower's word
    """What to say when a round has not ended in the time that the scenario looked; None when it has.

    Raises:
        Inconclusive: It did not begin, or nobody looked.
    """
    if _in_run(history, "results", round=round, phase=phase) is not None:
        return None
    sampled = _required(history, "sampled", round, phase)
    if (looked := _looked_in_vain(history, sampled.t, round)) is not None:
        return deviates(f"round {round} had not ended after {looked:.0f} s", {"seconds": looked})
    told = _ended_run(history) or "and nobody looked for long enough"
    raise Inconclusive(f"round {round} has no results of its {phase}: {told}{_refused(history)}")


def _require_sampled(history: History, sampled: Event, nodes: list[int]) -> None:
    for node in nodes:
        if not work.named(history, node) & set(sampled["nodes"]):
            raise Inconclusive(f"round {sampled['round']} did not sample node {node}: it shows nothing of it")


def _require_disconnected(history: History, node: int, sampled: Event, until: float) -> None:
    """Make sure that something was done to a node, or its link, while a round had work for it."""
    names = {f"link-{node}", f"supernode-{node}"}
    faults = [event for event in history.of("fault.begin", after=sampled.t, before=until) if event["target"] in names]
    # Of nodes that are stopped together the first to end spoils the proof for the others: then their end counts.
    if not faults and history.first("supernode.end", node=node, after=sampled.t, before=until) is None:
        raise Inconclusive(f"nothing was done to node {node} in round {sampled['round']}: it has no fault to record")
    for begun in faults:
        ended = history.first("fault.end", target=begun["target"], fault=begun["fault"], after=begun.t)
        if ended is not None and "failed" in (ended.get("evidence") or {}):
            raise Inconclusive(f"the {begun['fault']} of {begun['target']} did not bite: {ended['evidence']['failed']}")


# -- what came back


@check
def round_records_failures(history: History, *, round: int, nodes: list[int], phase: str = "fit") -> Finding:  # noqa: A002
    """The round ends with exactly these nodes failed and without a result of theirs; the others' results are there."""
    begun = _required(history, "sampled", round, phase)
    _require_sampled(history, begun, nodes)
    came = _in_run(history, "results", round=round, phase=phase)
    for node in nodes:
        _require_disconnected(history, node, begun, history.end if came is None else came.t)
    unfinished = _unfinished(history, round, phase)
    if unfinished is not None:
        return unfinished
    results = _required(history, "results", round, phase)
    counted = [node for node in nodes if work.result_of(results, work.named(history, node)) is not None]
    failed = [node for node in nodes if work.failure_of(results, work.named(history, node)) is not None]
    total = len(results["failures"])
    right = not counted and len(failed) == len(nodes) == total
    seconds = round_seconds(begun, results)
    summary = f"round {round}: {len(results['results'])} results and {total} failures, {seconds} s after sampling"
    if counted:
        summary += f"; a result of node {counted[0]} was counted"
    return Finding(right, summary, {"results": len(results["results"]), "failures": total, "seconds": seconds})


def round_seconds(begun: Event, ended: Event) -> float:
    """Seconds from one event of a round to another."""
    return round(ended.t - begun.t, 1)


@check
def round_counts(history: History, *, round: int, node: int) -> Finding:  # noqa: A002 - Flower's word
    """The round counts a result of the node, of the process that it was sampled with."""
    sampled = _required(history, "sampled", round, "fit")
    _require_sampled(history, sampled, [node])
    work.same_process_since(history, node, sampled.t)
    unfinished = _unfinished(history, round)
    if unfinished is not None:
        return unfinished
    results = _required(history, "results", round, "fit")
    counted = work.result_of(results, work.named(history, node)) is not None
    summary = (
        f"round {round} counted {'a' if counted else 'no'} result of node {node}, {len(results['failures'])} failures"
    )
    return Finding(counted, summary, {"failures": len(results["failures"])})


# -- what the strategy made of it


def _with_failures(history: History, round: int, phase: str) -> tuple[Event, Event]:  # noqa: A002
    """Results and aggregate of a round in which something failed and something came back."""
    results, aggregated = _required(history, "results", round, phase), _required(history, "aggregated", round, phase)
    if not results["failures"] or not results["results"]:
        raise Inconclusive(
            f"round {round} has {len(results['results'])} results and {len(results['failures'])} failures: it shows "
            "nothing of a round with both"
        )
    return results, aggregated


def _told(aggregated: Event) -> str:
    outcome = {"aggregated": "aggregated", "none": "gave None", "error": f"raised {aggregated.get('error')}"}
    return outcome[aggregated["outcome"]]


@check
def round_aggregates(
    history: History,
    *,
    round: int,  # noqa: A002 - Flower's word
    phase: str = "fit",
    results: int | None = None,
    failures: int | None = None,
) -> Finding:
    """With this many results and failures the round aggregates; in fit, the global model changes."""
    unfinished = _unfinished(history, round, phase)
    if unfinished is not None:
        return unfinished
    came, aggregated = _with_failures(history, round, phase)
    _require_counts(came, results, failures)
    summary = f"round {round}: with {_counts(came)} the Strategy's aggregate_{phase} {_told(aggregated)}"
    if phase == "evaluate":
        done = aggregated["outcome"] == "aggregated" and aggregated.get("loss") is not None
        return Finding(done, f"{summary} (loss {aggregated.get('loss')})", {"loss": aggregated.get("loss")})
    if aggregated["outcome"] == "error":
        # That ended the run: there is no global model after the round to look at.
        return deviates(summary, {"outcome": "error"})
    before, after = _models(history, round)
    changed = after != before
    figures = {"outcome": aggregated["outcome"], "before": before, "after": after}
    model = "the global model changed" if changed else "the global model stayed"
    return Finding(aggregated["outcome"] == "aggregated" and changed, f"{summary}; {model}", figures)


@check
def round_gives_none(
    history: History,
    *,
    round: int,  # noqa: A002 - Flower's word
    phase: str = "fit",
    results: int,
    failures: int,
) -> Finding:
    """With this many results and failures the aggregate is None."""
    unfinished = _unfinished(history, round, phase)
    if unfinished is not None:
        return unfinished
    came, aggregated = _required(history, "results", round, phase), _required(history, "aggregated", round, phase)
    _require_counts(came, results, failures)
    summary = f"round {round}: with {_counts(came)} the Strategy's aggregate_{phase} {_told(aggregated)}"
    return Finding(aggregated["outcome"] == "none", summary, {"outcome": aggregated["outcome"]})


def _require_counts(came: Event, results: int | None, failures: int | None) -> None:
    wanted = (results, failures)
    seen = (len(came["results"]), len(came["failures"]))
    if any(want is not None and want != got for want, got in zip(wanted, seen, strict=True)):
        raise Inconclusive(
            f"the round got {_counts(came)}; the claim is about {results} results and {failures} failures"
        )


def _counts(came: Event) -> str:
    return f"{len(came['results'])} results and {len(came['failures'])} failures"


@check
def aggregate_is_mean_of_results(history: History, *, round: int) -> Finding:  # noqa: A002 - Flower's word
    """The new global parameters are the mean of the results that came back, weighted by their examples."""
    came, aggregated = _with_failures(history, round, "fit")
    if aggregated["outcome"] != "aggregated":
        return deviates(f"round {round}: with {_counts(came)} the Strategy's aggregate_fit {_told(aggregated)}")
    distance, within = aggregated.get("distance"), aggregated.get("within")
    if distance is None:
        return deviates(f"round {round}: the aggregate has other shapes than the results")
    figures = {"distance": distance, "within": within, "results": len(came["results"])}
    summary = (
        f"round {round}: the aggregate is {float(distance):.2g} from the weighted mean of the {len(came['results'])} "
        f"results that came back, and {'within' if within else 'outside'} their range"
    )
    return Finding(float(distance) <= _MEAN_TOLERANCE, summary, figures)


# -- the model


def _models(history: History, round: int) -> tuple[str, str]:  # noqa: A002 - Flower's word
    """Hashes of the global model before and after a round."""
    begun = _in_run(history, "round.begins", round=round)
    after = _in_run(history, "global", round=round)
    if begun is None or after is None:
        raise Inconclusive(f"the global model before and after round {round} was not recorded")
    return str(begun["model"]), str(after["model"])


@check
def model_unchanged(history: History, *, round: int) -> Finding:  # noqa: A002 - Flower's word
    """The global model is the same before and after a round with failures, and the next round sends that one."""
    unfinished = _unfinished(history, round)
    if unfinished is not None:
        return unfinished
    came = _required(history, "results", round, "fit")
    if not came["failures"]:
        raise Inconclusive(f"round {round} has no failure: a model that changes is what it is for")
    before, after = _models(history, round)
    following = _in_run(history, "sampled", round=round + 1, phase="fit")
    if following is None and before == after and _in_run(history, "round.begins", round=round + 1) is not None:
        raise Inconclusive(f"round {round + 1} began and sent nothing yet: whether it sends that model was not seen")
    sent = set(following["sent"]) if following is not None else set()
    same = before == after and sent <= {before}
    summary = f"global model {before} before round {round}, {after} after it"
    if following is not None:
        summary += f"; round {round + 1} sent {', '.join(sorted(sent)) or 'nothing'}"
    return Finding(same, summary, {"before": before, "after": after, "sent": sorted(sent)})


@check
def next_round_begins(history: History, *, round: int) -> Finding:  # noqa: A002 - Flower's word
    """After this round the next one begins, and the run has not ended instead."""
    following = _in_run(history, "round.begins", round=round + 1)
    if following is not None:
        return conforms(f"round {round + 1} began")
    _require_planned(history, round + 1)
    if (told := _ended_run(history)) is not None:
        return deviates(f"round {round + 1} did not begin: {told}")
    looked = _looked_in_vain(history, _run(history), round)
    if looked is None:
        raise Inconclusive(f"nobody looked whether round {round + 1} began")
    ended = _in_run(history, "round.ends", round=round)
    return deviates(f"round {round + 1} had not begun after {looked:.0f} s" + ("" if ended else f", nor {round} ended"))


def _require_planned(history: History, round: int) -> None:  # noqa: A002 - Flower's word
    config = history.last("run.start")
    rounds = None if config is None else (config.get("config") or {}).get("num-rounds")
    if rounds is not None and round > int(rounds):
        raise Inconclusive(f"the run had {rounds} rounds only: there was to be no round {round}")


@check
def round_aggregates_nodes(history: History, *, round: int, nodes: list[int]) -> Finding:  # noqa: A002
    """The round samples these nodes and aggregates a result of each."""
    aggregated = _in_run(history, "aggregated", round=round, phase="fit")
    if aggregated is None:
        _require_planned(history, round)
        if (told := _ended_run(history)) is not None:
            return deviates(f"round {round} aggregated nothing: {told}")
        _, looked = watched(history, f"round {round} has aggregated", after=_run(history))
        return deviates(f"round {round} had aggregated nothing after {looked:.0f} s")
    results, sampled = _required(history, "results", round, "fit"), _required(history, "sampled", round, "fit")
    missing = [node for node in nodes if work.result_of(results, work.named(history, node)) is None]
    for node in missing:
        ids = work.named(history, node)
        known = history.last("nodes", after=_run(history), before=sampled.t)
        could = _long_online(history, ids, sampled.t) or (known is not None and ids & set(known["nodes"]))
        if not ids & set(sampled["nodes"]) and not could:
            raise Inconclusive(f"node {node} was not known to be online when round {round} sampled")
    done = aggregated["outcome"] == "aggregated" and not missing
    summary = f"round {round}: with {_counts(results)} the Strategy's aggregate_fit {_told(aggregated)}"
    if missing:
        summary += f"; no result of node {', '.join(map(str, missing))}"
    return Finding(done, summary, {"missing": missing, "outcome": aggregated["outcome"]})


def _long_online(history: History, ids: set[str], t: float) -> bool:
    """Whether the SuperLink had said of a node, for long enough before `t`, that it is online."""
    online: dict[str, float] = {}
    for event in history.of("node.seen", before=t):
        if event["id"] in ids:
            if event["status"] == "online":
                online.setdefault(event["id"], event.t)
            else:
                online.pop(event["id"], None)
    return any(since <= t - _KNOWN_TO_ALL for since in online.values())


@check
def every_round_aggregates(history: History, *, rounds: int, nodes: list[int]) -> Finding:
    """Every round of the run aggregates results of these nodes."""
    done = [round_aggregates_nodes(history, round=number, nodes=nodes) for number in range(1, rounds + 1)]
    failed = [finding for finding in done if not finding.conforms]
    return failed[0] if failed else conforms(f"all {rounds} rounds aggregated results of nodes {nodes}")


# -- whom a round samples


@check
def not_sampled(history: History, *, round: int, node: int) -> Finding:  # noqa: A002 - Flower's word
    """A node that had ended before the round sampled is not among those that it chose."""
    sampled = _in_run(history, "sampled", round=round, phase="fit")
    if sampled is None:
        _, looked = watched(history, f"round {round} has sampled", after=_run(history))
        raise Inconclusive(f"round {round} sampled nobody in {looked:.0f} s")
    ended = history.last("supernode.end", node=node, before=sampled.t)
    if ended is None or history.first("supernode.start", node=node, after=ended.t, before=sampled.t) is not None:
        raise Inconclusive(f"node {node} had not ended when round {round} sampled")
    if not sampled["nodes"]:
        raise Inconclusive(f"round {round} chose nobody at all: that node {node} is not among them shows nothing")
    chosen = bool(work.named(history, node) & set(sampled["nodes"]))
    seconds = round_seconds(ended, sampled)
    summary = (
        f"round {round} sampled {len(sampled['nodes'])} of {sampled['available']} nodes, {seconds} s after node {node} "
        f"ended, {'and it was among them' if chosen else 'and it was not among them'}"
    )
    return Finding(not chosen, summary, {"sampled": len(sampled["nodes"]), "available": sampled["available"]})


@check
def samples_below_min_fit(history: History, *, round: int, nodes: list[int], minimum: int) -> Finding:  # noqa: A002
    """With fewer nodes than the minimum of a fit available, the round samples those there are."""
    asked = _required(history, "sampling.begins", round, "fit")
    sampled = _in_run(history, "sampled", round=round, phase="fit")
    if sampled is None:
        known = history.last("nodes", after=_run(history))
        if known is None or not len(nodes) <= len(known["nodes"]) < minimum:
            raise Inconclusive(f"round {round} was not seen to sample among {len(nodes)} nodes")
        met, looked = watched(history, f"round {round} has sampled", after=asked.t)
        if met:
            raise Inconclusive(f"round {round} was not seen to sample: {_ended_run(history)}")
        return deviates(f"round {round} waited for {looked:.0f} s and sampled nobody", {"sampled": 0})
    available = sampled["available"]
    if available is None or not len(nodes) <= int(available) < minimum:
        raise Inconclusive(f"{available} nodes were available when round {round} sampled, not {len(nodes)}")
    chosen = [node for node in nodes if work.named(history, node) & set(sampled["nodes"])]
    ends = _in_run(history, "run.ends")
    summary = f"round {round}, with {available} nodes available and a minimum of {minimum}, sampled {len(chosen)}"
    if not chosen and ends is not None:
        burnt = history.of("round.ends", after=sampled.t)
        last = ends.t - sampled.t
        summary += f"; {len(burnt)} rounds went by in {last:.2f} s and the run ended, {ends.get('outcome')}"
    return Finding(len(chosen) == len(nodes), summary, {"sampled": len(chosen), "available": available})


@check
def waits_for_nodes(history: History, *, round: int, minimum: int, seconds: float) -> Finding:  # noqa: A002
    """While fewer nodes than the minimum are online, the round does not sample and the run does not end.

    The observation begins when the round asks for nodes while too few are online by the SuperLink, and ends when nodes
    are started again or enough are online.
    """
    asked = _in_run(history, "sampling.begins", round=round, phase="fit")
    if asked is None:
        if (told := _ended_run(history)) is not None:
            return deviates(f"round {round} did not come to ask for nodes: {told}")
        raise Inconclusive(f"round {round} did not come to ask for nodes")
    few, enough = _too_few(history, asked.t, minimum)
    returned = history.first("supernode.start", after=few)
    until = min(enough, history.end if returned is None else returned.t)
    sampled = _in_run(history, "sampled", round=round, phase="fit")
    if sampled is not None and sampled.t <= until:
        available = sampled["available"]
        if available is not None and int(available) >= minimum:
            raise Inconclusive(f"{available} nodes were available to round {round} when it sampled: enough")
        after = round_seconds(asked, sampled)
        summary = (
            f"round {round} sampled {len(sampled['nodes'])} nodes after {after} s, with {available} available and a "
            f"minimum of {minimum}"
        )
        return deviates(summary, {"sampled": len(sampled["nodes"]), "seconds": after})
    for kind in ("round.ends", "run.ends"):
        over = _in_run(history, kind) if kind == "run.ends" else _in_run(history, kind, round=round)
        if over is not None and over.t <= until:
            return deviates(f"round {round} ended instead of waiting: {_ended_run(history) or 'the next one came'}")
    waited = until - few
    if waited < seconds:
        raise Inconclusive(f"round {round} was watched for {waited:.1f} s only, not {seconds:g} s")
    summary = f"round {round} waited {waited:.0f} s with fewer than {minimum} nodes online, and sampled nobody"
    return conforms(summary, {"seconds": round_seconds_of(waited)})


def round_seconds_of(seconds: float) -> float:
    """Seconds as they are told."""
    return round(seconds, 1)


def _too_few(history: History, t: float, minimum: int) -> tuple[float, float]:
    """From when, at `t` or later, until when fewer nodes than the minimum were online by the Control API.

    Raises:
        Inconclusive: There never were too few, or the Control API had named no node yet.
    """
    status: dict[str, str] = {}
    low: float | None = None
    for event in history.of("node.seen"):
        status[event["id"]] = event["status"]
        few = sum(1 for seen in status.values() if seen == "online") < minimum
        if not few and low is not None and event.t > t:
            return max(low, t), event.t
        low = (event.t if low is None else low) if few else None
    if low is None:
        raise Inconclusive(f"there never were fewer than {minimum} nodes online while the round asked for them")
    return max(low, t), history.end


# -- what a strategy says of itself


@check
def strategy_has(history: History, *, values: dict[str, object]) -> Finding:
    """The Strategy that ran, made without these settings, has these values."""
    used = history.last("strategy")
    if used is None:
        raise Inconclusive(f"no Strategy was made{_refused(history)}")
    has = used["effective"]
    if given := [name for name in values if name in used["parameters"]]:
        raise Inconclusive(f"the scenario set {given[0]}: its default cannot be seen")
    if missing := [name for name in values if name not in has]:
        raise Inconclusive(f"the Strategy did not say what its {missing[0]} is")
    wrong = {name: has[name] for name, value in values.items() if has[name] != value}
    summary = "; ".join(f"{name} is {has[name]} by default" for name in values)
    return Finding(not wrong, summary, {"values": {name: has[name] for name in values}})
