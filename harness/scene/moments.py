"""Moments of a run: waiting for one, and looking out for something for a stated time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable

from harness.cloud.templates import SUPERNODE
from harness.errors import Inconclusive, InputError, WaitAborted, WaitTimeout
from harness.flower.deployment import node_status
from harness.history import scaled, work
from harness.history.checks.registry import disturbance
from harness.history.events import Event
from harness.history.history import History
from harness.history.work import refused_since
from harness.scene.elasticity import CONDITIONS, Condition
from harness.scene.scene import Scene
from harness.waiting import let_pass, wait_until

PHASE_TIMEOUT = 180.0
"""Seconds until a round is in a phase: Flower starts the ServerApp and the ClientApps first (3 to 10 s, measured)."""


def wait_in_phase(scene: Scene, number: int, phase: str, nodes: Iterable[int]) -> None:
    """Wait until the ClientApps of these nodes have begun, and not ended, a phase of a round; record it.

    A fault counts only when this precondition was seen.

    Raises:
        InputError: There is no such phase.
        WaitTimeout: It did not come to that.
    """
    if phase not in ("fit", "evaluate"):
        raise InputError(f"a round has the phases fit and evaluate, not {phase!r}")
    wanted = sorted(nodes)

    def seen() -> dict[int, str]:
        history = scene.history
        return {node: work.phase_state(history, node, number, phase) for node in wanted}

    wait_until(
        seen,
        lambda states: set(states.values()) == {"in it"},
        what=f"round {number} to be in {phase} on {', '.join(map(str, wanted))}",
        timeout=max(PHASE_TIMEOUT, scene.site.start_timeout),
        poll=0.1,
        abort=lambda: _hindered(scene.history),
    )
    scene.recorder.record("scenario", "moment", round=number, phase=phase, nodes=wanted)


def _hindered(history: History) -> str | None:
    return disturbance(history) or run_over(history)


def run_over(history: History) -> str | None:
    """A sentence about the end of the run that was started last; None while it lasts."""
    started = history.last("run.start")
    if started is None:
        return "no run was started"
    ended = history.last("run.ends", run=started["run"])
    if ended is not None:
        return f"the run has ended: {ended.get('outcome')} {ended.get('error') or ''}".strip()
    if (seen := _finished(history)) is not None:
        return f"the run is finished:{seen['sub']} {seen.get('details') or ''}".strip()
    return None


def _finished(history: History) -> Event | None:
    """What the SuperLink says of the end of the run that was started last; None until it does."""
    started = history.last("run.start")
    return None if started is None else history.last("run.seen", run=started["run"], status="finished")


def watch(scene: Scene, condition: str, seconds: float) -> bool:
    """Look out for something for a stated time, and record whether it came: a `watch` event.

    That it did not come is not an error: it may be just what a claim is about. What it means is for a check to say.

    Raises:
        InputError: There is no such condition.
        Inconclusive: The scenario was disturbed.
    """
    test = _find(condition)
    # It is for others to start meanwhile.
    scene.started()
    since = time.monotonic()
    met = True
    try:
        wait_until(lambda: test(scene), what=condition, timeout=seconds, abort=lambda: _hopeless(scene, condition))
    except (WaitTimeout, WaitAborted):
        met = False
    if (reason := disturbance(scene.history)) is not None:
        raise Inconclusive(reason)
    took = round(time.monotonic() - since, 1)
    scene.recorder.record("scenario", "watch", until=condition, seconds=seconds, took=took, met=met)
    return met


def _hopeless(scene: Scene, condition: str) -> str | None:
    """Why what is looked out for cannot come any more, or says nothing when it does; None while it can."""
    if (reason := disturbance(scene.history)) is not None:
        return reason
    found = re.fullmatch(r"node (\d+) has worked again", condition)
    if found is not None and scene.federation.nodes[int(found[1])].note_end() is not None:
        return "the process of the node has ended"
    return None


def pass_time(scene: Scene, seconds: float) -> None:
    """Let time pass as a stimulus of the scenario; recorded as a `watch` for nothing."""
    scene.started()
    let_pass(seconds, f"{seconds:g} s to pass")
    scene.recorder.record("scenario", "watch", until="time", seconds=seconds, took=seconds, met=True)


def _find(condition: str) -> Callable[[Scene], object]:
    for pattern, test in _CONDITIONS.items():
        found = re.fullmatch(pattern, condition)
        if found is not None:
            return lambda scene: test(scene, found)
    raise InputError(f"nothing is known that could be watched for as {condition!r}; see harness/scene/moments.py")


def _since_run(history: History) -> float:
    """When the ServerApp of the run that was started last began; the future when it has not."""
    begun = work.run_begins(history)
    return float("inf") if begun is None else begun.t


def _round_ended(scene: Scene, found: re.Match[str]) -> object:
    history = scene.history
    return history.first("round.ends", round=int(found[1]), after=_since_run(history)) or run_over(history)


def _round_sampled(scene: Scene, found: re.Match[str]) -> object:
    history = scene.history
    return history.first("sampled", round=int(found[1]), phase="fit", after=_since_run(history)) or run_over(history)


def _round_aggregated(scene: Scene, found: re.Match[str]) -> object:
    history = scene.history
    query = {"round": int(found[1]), "phase": "fit"}
    return history.first("aggregated", after=_since_run(history), **query) or run_over(history)


def _run_ended(scene: Scene, _: re.Match[str]) -> object:
    # By the SuperLink's word, which checks go by: it comes a moment after the ServerApp's own.
    return _finished(scene.history)


def _worked_again(scene: Scene, found: re.Match[str]) -> object:
    history = scene.history
    return work.worked_after_fault(history, int(found[1])) or run_over(history)


def _counted(scene: Scene, found: re.Match[str]) -> object:
    history, ids = scene.history, set(work.node_ids(scene.history, int(found[1])))
    counted = (
        history.first("aggregated", round=results["round"], phase="fit", after=results.t)
        for results in history.of("results", phase="fit", after=_since_run(history))
        if work.result_of(results, ids) is not None
    )
    return any(event is not None for event in counted) or run_over(history)


def _asked(scene: Scene, found: re.Match[str]) -> object:
    asked = scene.history.of("gate.answered", node=int(found[1]), about="service")
    return len(asked) >= int(found[2])


def _removed(scene: Scene, found: re.Match[str]) -> object:
    history = scene.history
    gone = scaled.removals(history, after=_since_run(history), before=history.end)
    return len(gone) >= int(found[1]) or run_over(history)


def _evaluated(scene: Scene, found: re.Match[str]) -> object:
    """Whether the policy was seen true again while the role was left alone at its minimum."""
    history = scene.history
    sizes = history.of("role.seen", role=SUPERNODE)
    since = sizes[-1].t if sizes and int(sizes[-1]["cardinality"]) == int(found[1]) else float("inf")
    return [event for event in history.of("policy.seen", role=SUPERNODE, after=since) if event.get("true_evals")]


def _ended(scene: Scene, found: re.Match[str]) -> object:
    return scene.federation.nodes[int(found[1])].note_end() is not None


def _online(scene: Scene, found: re.Match[str]) -> object:
    return node_status(scene.history, int(found[1])) == "online"


def _all_online(scene: Scene, found: re.Match[str]) -> object:
    nodes, history = [int(number) for number in re.findall(r"\d+", found[1])], scene.history
    return all(node_status(history, node) == "online" for node in nodes)


def _ready(scene: Scene, found: re.Match[str]) -> object:
    return work.ready(scene.history, int(found[1]))


def _offline(scene: Scene, found: re.Match[str]) -> object:
    return node_status(scene.history, int(found[1])) in ("offline", "unregistered")


def _ended_or_tried(scene: Scene, found: re.Match[str]) -> object:
    since = refused_since(scene.history, int(found[1]))
    waits = scene.history.of("supernode.retry", node=int(found[1]), after=since)
    return scene.federation.nodes[int(found[1])].note_end() is not None or len(waits) >= int(found[2])


def _all_tried(scene: Scene, found: re.Match[str]) -> object:
    nodes, history = [int(number) for number in re.findall(r"\d+", found[1])], scene.history
    return all(len(history.of("supernode.retry", node=node)) >= int(found[2]) for node in nodes)


_CONDITIONS: dict[str, Condition] = {
    r"round (\d+) has ended": _round_ended,
    r"round (\d+) has sampled": _round_sampled,
    r"round (\d+) has aggregated": _round_aggregated,
    r"the run has ended": _run_ended,
    r"node (\d+) has worked again": _worked_again,
    r"node (\d+) has been counted": _counted,
    r"node (\d+) has ended": _ended,
    r"node (\d+) is online": _online,
    r"nodes (.+) are online": _all_online,
    r"node (\d+) has reported READY": _ready,
    r"node (\d+) is offline": _offline,
    r"node (\d+) has ended or announced (\d+) waits": _ended_or_tried,
    r"nodes? (.+) ha(?:s|ve) announced (\d+) waits?": _all_tried,
    r"node (\d+) has asked for its SuperLink (\d+) times": _asked,
    r"(\d+) SuperNodes? ha(?:s|ve) been removed": _removed,
    r"the policy is true with (\d+) VMs?": _evaluated,
    **CONDITIONS,
}
