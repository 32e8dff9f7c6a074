"""Faults of nodes: what happens to the processes of a SuperNode, and whether it had its effect."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import psutil

from harness.chaos.fault import Fault, Lasting, ended
from harness.chaos.observe import Observe, unobserved
from harness.errors import Inconclusive, WaitTimeout
from harness.hypervisor.process import status
from harness.hypervisor.running import Running
from harness.waiting import wait_until

_EFFECT = 5.0
"""Seconds for a signal that no process can refuse."""

_GONE = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD, "gone")
"""A zombie does nothing any more; it waits for its parent, which may never ask."""


class Node:
    """The processes of one node, and what can happen to them.

    A node is a tree: SuperNode starts a ClientApp process for each message that it handles (isolation `subprocess`).

    Every fault is shown to have its effect; when it has none, or the node has ended before, it raises `Inconclusive`.
    Observed: `fault.begin`, `fault.bites` (of a freeze), `fault.end`.

    Args:
        process: What runs, as started by the harness.
        observe: Is told what happens.
    """

    def __init__(self, process: Running, *, observe: Observe = unobserved) -> None:
        self.name = process.name
        self._process = process
        self._observe = observe

    def kill(self) -> Fault:
        """SIGKILL to the whole tree at once, as when the machine loses its power."""
        tree = self._living()
        fault = self._started("node_kill", {"scope": "tree"})
        self._process.signal(signal.SIGKILL, tree=True)
        self._await_end(tree, "the end of every process", _EFFECT)
        return self._over(fault, {"pids": _pids(tree), "code": self._process.code})

    def kill_main(self) -> Fault:
        """SIGKILL to the main process alone, as by the kernel's out-of-memory killer.

        `survivors` of the evidence are the descendants that run on, for the moment at least.
        """
        tree = self._living()
        fault = self._started("node_kill", {"scope": "main"})
        self._process.signal(signal.SIGKILL)
        self._await_end([p for p in tree if p.pid == self._process.pid], "the end of the main process", _EFFECT)
        survivors = [p for p in tree if status(p) not in _GONE]
        return self._over(fault, {"code": self._process.code, "survivors": _pids(survivors)})

    def stop(self, *, grace: float | None = None) -> Fault:
        """SIGTERM to the main process, as an orderly shutdown sends it, and up to `grace` seconds for its end.

        Where the node runs says how long that may take, unless `grace` does.

        No SIGKILL follows: a node that does not end is left as it is, and the fault is `Inconclusive`.
        """
        grace = self._process.stop_seconds if grace is None else grace
        tree = self._living()
        fault = self._started("node_stop", {"grace": grace})
        self._process.signal(signal.SIGTERM)
        self._await_end([p for p in tree if p.pid == self._process.pid], "the end after SIGTERM", grace)
        survivors = [p for p in tree if status(p) not in _GONE]
        return self._over(fault, {"code": self._process.code, "survivors": _pids(survivors)})

    def freeze(self) -> Lasting:
        """Let nothing of it run: every connection stays open and silent. Healed by letting it run again."""
        return self._last("node_freeze", self._process.freeze, self._process.thaw)

    def unplug(self) -> Lasting:
        """Take its network away: everything of it runs on, alone. Healed by giving it back."""
        return self._last("node_unplug", self._process.unplug, self._process.plug)

    def _last(self, kind: str, begin: Callable[[], dict[str, object]], heal: Callable[[], None]) -> Lasting:
        """A fault that lasts: begun, seen to bite, and healed when it is asked for, or when it did not bite."""

        def healed(fault: Fault) -> Fault:
            heal()
            over = ended(fault, running=self._process.running)
            self._observe("fault.end", over.data())
            return over

        self._living()
        fault = self._started(kind, {})
        lasting = Lasting(fault, healed)
        try:
            evidence = begin()
        except BaseException:
            lasting.heal()
            raise
        lasting.fault = replace(fault, evidence=evidence)
        self._observe("fault.bites", lasting.fault.data())
        return lasting

    def _living(self) -> list[psutil.Process]:
        if (end := self._process.ended()) is not None:
            raise Inconclusive(f"the fault has no target: {end}")
        return self._process.tree()

    def _await_end(self, members: Iterable[psutil.Process], what: str, timeout: float) -> None:
        members = list(members)

        def lives(process: psutil.Process) -> bool:
            if process.pid == self._process.pid:
                # Its main thread is a zombie before its other threads have ended; only then is there an exit code.
                return self._process.running
            return status(process) not in _GONE

        def living() -> list[int]:
            return [p.pid for p in members if lives(p)]

        try:
            wait_until(living, lambda left: not left, what=f"{what} of {self.name}", timeout=timeout, poll=0.02)
        except WaitTimeout as error:
            raise Inconclusive(
                f"{what} of {self.name} was not seen in {timeout:g} s: {error.last_seen} live"
            ) from error

    def _started(self, kind: str, parameters: dict[str, object]) -> Fault:
        fault = Fault(kind, self.name, time.monotonic(), parameters=parameters)
        self._observe("fault.begin", fault.data())
        return fault

    def _over(self, fault: Fault, evidence: dict[str, object]) -> Fault:
        over = ended(fault, **evidence)
        self._observe("fault.end", over.data())
        return over


def _pids(processes: Iterable[psutil.Process]) -> list[int]:
    return sorted(process.pid for process in processes)
