"""Checks of a VM that boots the edge image: what it does without a network, when it is READY, whether it takes part."""

from __future__ import annotations

from harness.errors import Inconclusive
from harness.history import work
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.checks.watching import completed, watched
from harness.history.events import Event
from harness.history.history import History
from harness.history.scaled import since_run

_NEAR = 2.0
"""Seconds by which what two observers see may be in the wrong order: the cloud's looks every 0.5 s, that of the Control
API likewise, and both are late on a busy machine."""

_EARLY = 30.0
"""Seconds after a VM was started in which an emulated guest has no network yet: its kernel alone takes 10 s and more
(measured)."""


def _machine(history: History, node: int) -> tuple[Event, Event]:
    """The start of a node's VM, and what is known of the machine.

    Raises:
        Inconclusive: The node is no VM of an image.
    """
    site, started = history.last("site"), history.last("supernode.start", node=node)
    if site is None or started is None or f"supernode-{node}" not in site.get("machines", ()):
        raise Inconclusive(f"node {node} is no VM that boots an image")
    return site, started


@check
def ready_means_connected(history: History, *, node: int) -> Finding:
    """A VM that reports READY is online by the Control API by then."""
    ready = work.ready(history, node)
    if ready is None:
        raise Inconclusive(f"node {node} was not seen to report READY")
    online = work.online(history, node)
    if online is None:
        _, looked = watched(history, f"node {node} is online", after=ready.t)
        return deviates(f"node {node} reported READY and was not online {looked:.0f} s later")
    seconds = round(online.t - ready.t, 1)
    if abs(seconds) < _NEAR:
        raise Inconclusive(f"node {node} was READY and online within {_NEAR:g} s: which came first is not known")
    if seconds < 0:
        return conforms(f"node {node} was READY {-seconds} s after it was online", {"seconds": seconds})
    return deviates(f"node {node} was READY {seconds} s before it was online", {"seconds": seconds})


@check
def boots_and_registers(history: History, *, node: int) -> Finding:
    """A VM without internet asks OneGate for its SuperLink, reports READY, and is online by the Control API."""
    site, started = _machine(history, node)
    if site.get("internet") is not False:
        raise Inconclusive("whether the VM has internet is not known")
    ready, online = work.ready(history, node), work.online(history, node)
    if ready is None:
        _, looked = watched(history, f"node {node} has reported READY")
        return deviates(f"node {node} had not reported READY {looked:.0f} s after its boot")
    if history.first("gate.answered", node=node, about="service", before=ready.t) is None:
        raise Inconclusive(f"node {node} did not ask OneGate for its service")
    reported = round(ready.t - started.t, 1)
    if online is None:
        _, looked = watched(history, f"node {node} is online", after=ready.t)
        return deviates(f"node {node} was READY {reported} s after its start, but not online {looked:.0f} s later")
    tried = len(history.of("supernode.retry", node=node, before=online.t))
    figures = {"ready": reported, "online": round(online.t - started.t, 1), "waits": tried}
    summary = f"node {node} was READY {reported} s after the start of its VM"
    begun = [event for event in history.of("fault.begin", target=f"link-{node}") if event.t < online.t]
    if begun:
        healed = work.end_of_fault(history, node, begun[-1]["fault"])
        if history.first("supernode.retry", node=node, before=healed) is None:
            raise Inconclusive(f"node {node} was not seen to try while its link was cut")
        figures["online-after-heal"] = round(online.t - healed, 1)
        summary += (
            f", tried {tried} times while its link was cut, and was online {figures['online-after-heal']} s after"
        )
    else:
        summary += f" and online after {figures['online']} s"
    return conforms(summary, figures)


@check
def starts_without_network(history: History, *, node: int) -> Finding:
    """A VM that boots with its cable out starts its SuperNode, which tries, and connects once it is in."""
    _, started = _machine(history, node)
    unplugged = work.last_fault(history, node, "node_unplug")
    plugged = work.end_of_fault(history, node, "node_unplug")
    if unplugged.t - started.t > _EARLY:
        raise Inconclusive(f"the VM of node {node} had its cable for {unplugged.t - started.t:.0f} s of its boot")
    if history.first("gate.answered", node=node, before=plugged) is not None or (
        history.first("supernode.id", node=node, before=plugged) is not None
    ):
        raise Inconclusive(f"node {node} was reached though its cable was out")
    tried = history.first("supernode.retry", node=node, after=started.t, before=plugged)
    if tried is None:
        _, looked = watched(history, f"node {node} has announced 1 wait")
        return deviates(f"no SuperNode of node {node} was seen to try, {looked:.0f} s after its boot without a network")
    begun = round(tried.t - started.t, 1)
    online = work.online(history, node)
    if online is None:
        _, looked = watched(history, f"node {node} is online", after=plugged)
        return deviates(f"the SuperNode of node {node} tried, but was not online {looked:.0f} s after its cable was in")
    seconds = round(online.t - plugged, 1)
    summary = (
        f"the SuperNode of node {node} tried {begun} s after the start of its VM, without a network, and was online "
        f"{seconds} s after its cable was in"
    )
    return conforms(summary, {"tried": begun, "online-after-plug": seconds})


@check
def takes_part(history: History, *, node: int, cores: int, memory: int, rounds: int) -> Finding:
    """Results of a VM with such processors and such memory (MiB) are aggregated in so many rounds of a whole run."""
    site, _ = _machine(history, node)
    if (site.get("cores"), site.get("memory")) != (cores, memory):
        raise Inconclusive(f"the VM has {site.get('cores')} processors and {site.get('memory')} MB")
    since, ids = since_run(history), work.named(history, node)
    counted = [
        int(results["round"])
        for results in history.of("results", phase="fit", after=since)
        if work.result_of(results, ids) is not None
        and history.first("aggregated", phase="fit", round=results["round"], outcome="aggregated", after=results.t)
    ]
    whole = completed(history, history.needed("run.start"), after=since)
    summary = (
        f"results of node {node}, a VM of {cores} processors and {memory} MB, were aggregated in {len(counted)} rounds "
        f"of a run that {'completed' if whole else 'did not complete'}"
    )
    return Finding(whole and len(counted) >= rounds, summary, {"rounds": counted})
