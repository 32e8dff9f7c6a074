"""Faults as scenarios speak of them: by the number of a node."""

from __future__ import annotations

import signal
from collections.abc import Iterable

import psutil

from harness.chaos.nodes import Node
from harness.errors import Inconclusive
from harness.history import work
from harness.scene.scene import Scene
from harness.waiting import let_pass, wait_until

_EFFECT = 5.0


def cut(scene: Scene, node: int) -> None:
    """Cut the link of a node until it is healed, or the scenario ends."""
    scene.begin_fault(node, scene.federation.nodes[node].link.cut())


def black_hole(scene: Scene, node: int) -> None:
    """Make the link of a node swallow everything in silence until it is healed; what was sent arrives then."""
    scene.begin_fault(node, scene.federation.nodes[node].link.black_hole())


def bandwidth(scene: Scene, node: int, rate: int) -> None:
    """Limit the link of a node to so many kB/s in each direction."""
    scene.begin_fault(node, scene.federation.nodes[node].link.bandwidth(rate))


def unplug(scene: Scene, node: int) -> None:
    """Take the cable out of a node's machine until it is put back."""
    scene.begin_fault(node, Node(scene.federation.nodes[node].process, observe=scene.observe).unplug())


def freeze(scene: Scene, node: int) -> None:
    """Let nothing of a node run until it is thawed."""
    scene.begin_fault(node, Node(scene.federation.nodes[node].process, observe=scene.observe).freeze())


def keep_up(scene: Scene, node: int, seconds: float) -> None:
    """Let the faults of a node's link last, and heal them."""
    let_pass(seconds, f"the fault of the link of node {node} to last {seconds:g} s")
    scene.heal(node)


def kill(scene: Scene, nodes: Iterable[int]) -> None:
    """SIGKILL to everything of these nodes, as when their machines lose power."""
    for number in nodes:
        node = scene.federation.nodes[number]
        Node(node.process, observe=scene.observe).kill()
        node.note_end()


def stop(scene: Scene, nodes: Iterable[int]) -> None:
    """SIGTERM to the SuperNodes, as a shutdown of their machines sends it; all get it before any is waited for.

    Raises:
        Inconclusive: One of them had ended, or does not end within 30 s.
    """
    numbers = list(nodes)
    processes = [scene.federation.nodes[number].process for number in numbers]
    if len(processes) > 1:
        for process in processes[1:]:
            if not process.running:
                raise Inconclusive(f"the fault has no target: {process.ended()}")
            # `Node.stop` below sends it again, which Flower's handler takes for the same wish, and waits for the end.
            process.signal(signal.SIGTERM)
    for number, process in zip(numbers, processes, strict=True):
        if process.running:
            Node(process, observe=scene.observe).stop()
        scene.federation.nodes[number].note_end()


def kill_clientapp(scene: Scene, node: int) -> None:
    """SIGKILL to the ClientApp of a node that is in a phase now; its SuperNode lives.

    Raises:
        Inconclusive: No such ClientApp runs, or it did not end.
    """
    ids = work.named(scene.history, node)
    begun = [event for event in scene.history.of("fit.begins") if event.get("node") in ids]
    if not begun:
        raise Inconclusive(f"no ClientApp of node {node} is in fit")
    pid = int(begun[-1]["pid"])
    process = scene.federation.nodes[node].process.find(pid)
    if process is None:
        raise Inconclusive(f"the ClientApp {pid} of node {node} does not run")
    scene.observe("fault.begin", {"kind": "clientapp_kill", "target": f"supernode-{node}", "pid": pid})
    process.kill()

    def status() -> str:
        try:
            return str(process.status())
        except psutil.NoSuchProcess:
            return "gone"

    wait_until(
        status,
        lambda seen: seen in ("gone", psutil.STATUS_ZOMBIE),
        what=f"the end of the ClientApp of node {node}",
        timeout=_EFFECT,
        poll=0.02,
    )
    scene.observe("fault.end", {"kind": "clientapp_kill", "target": f"supernode-{node}", "pid": pid})
