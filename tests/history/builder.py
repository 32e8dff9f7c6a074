"""Builds small histories, event by event, as a scenario's recorder, the Flower app and the observer write them.

A story has a clock that moves on a little with every event, so that no two have the same time. Node 1 has the id `id-1`
and partition 0; started again, it has the id `id-1.2`. The global model is called `m0` at first; after round 1, `m1`.
"""

from collections.abc import Iterable
from typing import Any, Self

from harness.history.events import Event
from harness.history.history import History

STEP = 0.25


class Story:
    """A history while it is told; every method that tells something returns the story."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.t = 100.0
        self.model = "m0"
        self._starts: dict[int, int] = {}
        self._runs = 0

    @property
    def history(self) -> History:
        return History(self.events)

    # -- anything

    def tell(self, source: str, kind: str, **data: Any) -> Self:
        self.t += STEP
        self.events.append(Event(round(self.t, 4), source, kind, data))
        return self

    def passes(self, seconds: float) -> Self:
        self.t += seconds
        return self

    def watch(self, until: str, *, met: bool = True, took: float = 1.0) -> Self:
        self.passes(took)
        return self.tell("scenario", "watch", until=until, seconds=max(took, 60.0) if met else took, took=took, met=met)

    def watch_in_vain(self, until: str, seconds: float = 90.0) -> Self:
        return self.watch(until, met=False, took=seconds)

    # -- SuperLink and SuperNodes

    def superlink(self, *, answers: bool = True) -> Self:
        self.tell("scenario", "superlink.start", pid=10, database=False).passes(2)
        return self.tell("control-api", "control.reachable") if answers else self

    def start(self, node: int, partition: int | None = None, **options: Any) -> Self:
        self._starts[node] = self._starts.get(node, 0) + 1
        of_vm = {"vm": options["vm"]} if "vm" in options else {}
        return self.tell(
            f"supernode-{node}",
            "supernode.start",
            **of_vm,
            node=node,
            pid=self.pid(node),
            partition=node - 1 if partition is None else partition,
            max_retries=options.get("max_retries"),
            max_wait_time=options.get("max_wait_time"),
        )

    def pid(self, node: int) -> int:
        return 1000 * node + self._starts.get(node, 1)

    def id(self, node: int) -> str:
        starts = self._starts.get(node, 1)
        return f"id-{node}" if starts == 1 else f"id-{node}.{starts}"

    def registers(self, node: int, node_id: str | None = None) -> Self:
        named = node_id or self.id(node)
        self.tell(f"supernode-{node}", "supernode.id", node=node, id=named)
        return self.seen(named)

    def seen(self, node_id: str, status: str = "online", *, until: float | None = None) -> Self:
        """What the Control API says of a node; a heartbeat moves `online_until` on."""
        return self.tell(
            "control-api", "node.seen", id=node_id, status=status, online_until=self.t + 60 if until is None else until
        )

    def federation(self, nodes: int, partitions: dict[int, int] | None = None) -> Self:
        self.superlink()
        for node in range(1, nodes + 1):
            self.start(node, (partitions or {}).get(node))
        for node in range(1, nodes + 1):
            self.registers(node)
        return self.passes(10)

    # -- services of a cloud: the SuperNode of number N is VM N + 10

    def service(self, nodes: int) -> Self:
        """A federation of VMs, and the role that OneFlow shows."""
        self.superlink()
        for node in range(1, nodes + 1):
            self.start(node, vm=node + 10)
        for node in range(1, nodes + 1):
            self.registers(node)
        return self.role(nodes).passes(10)

    def role(self, cardinality: int, state: str = "RUNNING") -> Self:
        nodes = [11 + node for node in range(cardinality)]
        return self.tell(
            "oneflow", "role.seen", service=1, role="supernode", state=state, cardinality=cardinality, nodes=nodes
        )

    def removes(self, *nodes: int, signal: str = "SIGTERM") -> Self:
        """The VMs of these nodes are shut down, all asked before one has ended."""
        for node in nodes:
            self.tell("hypervisor", "vm.signal", vm=node + 10, signal=signal)
        for node in nodes:
            self.seen(self.id(node), "unregistered").node_ends(node, 0)
        return self

    def policy(self, expression: str, evaluated: str | None = None, true_evals: int | None = None) -> Self:
        return self.tell(
            "oneflow",
            "policy.seen",
            service=1,
            role="supernode",
            policy=0,
            expression=expression,
            evaluated=evaluated,
            true_evals=true_evals,
            last_eval=None if evaluated is None else int(self.t),
        )

    def policies_put(self, **policy: Any) -> Self:
        return self.tell("scenario", "policies.put", service=1, role="supernode", elasticity_policies=[policy])

    def publishes(self, node: int, **metrics: str) -> Self:
        """What the cloud shows of the user template of a node's VM, once it was seen."""
        return self.tell("oneflow", "vm.metrics", vm=node + 10, metrics=metrics)

    def node_ends(self, node: int, code: int = 1) -> Self:
        return self.tell(f"supernode-{node}", "supernode.end", node=node, pid=self.pid(node), code=code)

    def stopped(self, node: int, *, how: str = "node_stop", code: int = 0) -> Self:
        """A node is stopped; the SuperLink takes it from its list at once."""
        self.tell("chaos", "fault.begin", fault=how, target=f"supernode-{node}", evidence={})
        self.seen(self.id(node), "unregistered")
        self.tell("chaos", "fault.end", fault=how, target=f"supernode-{node}", evidence={"code": code})
        return self.node_ends(node, code)

    def retries(self, node: int, waits: Iterable[float]) -> Self:
        for wait in waits:
            self.tell(f"supernode-{node}", "supernode.retry", node=node, wait=wait).passes(wait)
        return self

    # -- faults of links

    def fault(self, node: int, kind: str = "cut") -> Self:
        return self.tell("chaos", "fault.begin", fault=kind, target=f"link-{node}", evidence={})

    def heal(self, node: int, kind: str = "cut", **evidence: Any) -> Self:
        found = evidence or {"new": "refused", "passes": True}
        return self.tell("chaos", "fault.end", fault=kind, target=f"link-{node}", evidence=found)

    def cut_for(self, node: int, seconds: float) -> Self:
        return self.fault(node).passes(seconds).heal(node)

    # -- runs and rounds

    def run(self, rounds: int = 3, *, begins: bool = True, **effective: Any) -> Self:
        self._runs += 1
        name = f"run-{self._runs}"
        self.tell("scenario", "run.start", run=name, config={"num-rounds": rounds})
        if begins:
            self.model = "m0"
            self.tell("serverapp", "run.begins", run=name)
            values = {"accept-failures": True, "min-fit": 2, **effective}
            self.tell("serverapp", "strategy", asked="fedavg", used="fedavg", parameters={}, effective=values)
            self.tell("serverapp", "global", round=0, model=self.model)
        return self

    @property
    def run_name(self) -> str:
        return f"run-{self._runs}"

    def run_ends(self, outcome: str = "completed", error: str | None = None) -> Self:
        return self.tell("serverapp", "run.ends", run=self.run_name, outcome=outcome, error=error)

    def run_seen(self, status: str, sub: str = "") -> Self:
        return self.tell("control-api", "run.seen", run=self.run_name, status=status, sub=sub, details="")

    def asks(self, number: int, phase: str = "fit") -> Self:
        """A round begins, and asks for nodes."""
        if phase == "fit":
            self.tell("serverapp", "round.begins", round=number, model=self.model)
        return self.tell("serverapp", "sampling.begins", round=number, phase=phase, available=None)

    def knows(self, nodes: Iterable[int]) -> Self:
        """The ServerApp is told which nodes are online."""
        return self.tell("serverapp", "nodes", nodes=[self.id(node) for node in nodes])

    def samples(
        self,
        number: int,
        nodes: Iterable[int],
        phase: str = "fit",
        *,
        available: int | None = -1,
        sent: str | None = None,
    ) -> Self:
        chosen = [self.id(node) for node in nodes]
        return self.tell(
            "serverapp",
            "sampled",
            round=number,
            phase=phase,
            nodes=chosen,
            available=len(chosen) if available == -1 else available,
            model=self.model,
            sent=[sent or self.model] * len(chosen),
        )

    def fit_begins(self, number: int, *nodes: int, phase: str = "fit", partition: int | None = None) -> Self:
        for node in nodes:
            self.tell("clientapp", f"{phase}.begins", **self._client(number, node, partition))
        return self

    def fit_ends(self, number: int, *nodes: int, phase: str = "fit", partition: int | None = None) -> Self:
        for node in nodes:
            self.tell("clientapp", f"{phase}.ends", **self._client(number, node, partition))
        return self

    def _client(self, number: int, node: int, partition: int | None) -> dict[str, Any]:
        own = self._partition(node) if partition is None else partition
        return {"round": number, "node": self.id(node), "partition": own, "run": self.run_name, "pid": 9000 + node}

    def _partition(self, node: int) -> int:
        started = self.history.last("supernode.start", node=node)
        assert started is not None
        return int(started["partition"])

    def results(
        self,
        number: int,
        came: Iterable[int] = (),
        failed: Iterable[int] = (),
        phase: str = "fit",
        *,
        missing: Iterable[int] | None = None,
        ids: dict[int, str] | None = None,
    ) -> Self:
        """What is handed to the strategy; failures of `missing` do not name their node, as in the message API."""
        rows = [
            {
                "node": (ids or {}).get(node, self.id(node)),
                "partition": self._partition(node),
                "num_examples": 40,
                "model": f"{self.model}-{self._partition(node)}",
            }
            for node in came
        ]
        failures: list[dict[str, Any]] = [{"node": self.id(node), "code": 5} for node in failed]
        unnamed = [self.id(node) for node in missing or ()]
        failures += [{"node": None, "code": 5} for _ in unnamed]
        return self.tell(
            "serverapp", "results", round=number, phase=phase, results=rows, failures=failures, missing=unnamed
        )

    def aggregates(
        self,
        number: int,
        outcome: str = "aggregated",
        phase: str = "fit",
        *,
        distance: object = 1e-16,
        loss: float | None = None,
        model: str | None = None,
    ) -> Self:
        """What the strategy made of it, and the global model after it."""
        done = outcome == "aggregated"
        if done and phase == "fit":
            self.model = f"m{number}"
        self.tell(
            "serverapp",
            "aggregated",
            round=number,
            phase=phase,
            outcome=outcome,
            model=self.model if done else None,
            within=True if done else None,
            distance=distance if done else None,
            loss=loss,
            error="ValueError: no" if outcome == "error" else None,
        )
        if phase == "fit":
            self.model = model or self.model
            self.tell("serverapp", "global", round=number, model=self.model)
        return self

    def round_ends(self, number: int) -> Self:
        return self.tell("serverapp", "round.ends", round=number, seconds=1.0)

    def round(self, number: int, came: Iterable[int], failed: Iterable[int] = (), outcome: str | None = None) -> Self:
        """A whole round in which these nodes are sampled, and fail or not."""
        came, failed = list(came), list(failed)
        everyone = sorted([*came, *failed])
        self.asks(number).samples(number, everyone).fit_begins(number, *everyone).passes(5).fit_ends(number, *came)
        self.results(number, came, failed)
        return self.aggregates(number, outcome or ("aggregated" if came else "none")).round_ends(number)
