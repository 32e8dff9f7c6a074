"""The three servers of a front end, without sockets and threads: requests in, answers out, on a clock."""

from __future__ import annotations

from collections.abc import Sequence

from harness.cloud.embedded.agenda import Agenda
from harness.cloud.embedded.clock import Clock, SimulatedClock
from harness.cloud.embedded.flow.autoscaler import Autoscaler
from harness.cloud.embedded.flow.lifecycle import LifeCycle
from harness.cloud.embedded.flow.rest import FlowRest
from harness.cloud.embedded.gate.rest import GateRest
from harness.cloud.embedded.oned.core import Oned
from harness.cloud.embedded.oned.objects import Host
from harness.cloud.embedded.oned.rpc import OnedRpc
from harness.cloud.embedded.settings import Settings, User
from harness.hypervisor import Hypervisor

HOSTS = (Host(0, "h1"), Host(1, "h2"), Host(2, "h3"))


class FrontEnd:
    """oned, OneFlow and OneGate.

    Args:
        clock: Whose time they live in.
        settings: How they are set.
        hypervisor: Runs the VMs; attached to no cloud yet.
        users: Who may use them; the first is the administrator.
        onegate: Endpoint of OneGate that VMs are told.
        stepwise: See `Autoscaler`.
    """

    def __init__(
        self,
        clock: Clock,
        settings: Settings,
        hypervisor: Hypervisor,
        users: Sequence[User],
        onegate: str,
        *,
        stepwise: bool = False,
    ) -> None:
        self.clock = clock
        self.agenda = Agenda(clock)
        self.oned = Oned(self.agenda, settings, hypervisor, users, onegate)
        self.oned.pools.hosts.update({host.id: host for host in HOSTS})
        self.lifecycle = LifeCycle(self.agenda, self.oned, settings.flow)
        self.autoscaler = Autoscaler(
            self.agenda, self.oned, self.lifecycle, settings.flow.autoscaler_interval, stepwise=stepwise
        )
        self._gate_settings = settings.gate

    # The interfaces hold nothing of their own: made when they are wanted, they are no part of the state that a replay
    # keeps again and again.

    @property
    def rpc(self) -> OnedRpc:
        """XML-RPC of oned."""
        return OnedRpc(self.oned)

    @property
    def flow(self) -> FlowRest:
        """REST of OneFlow."""
        return FlowRest(self.lifecycle)

    @property
    def gate(self) -> GateRest:
        """REST of OneGate."""
        return GateRest(self.lifecycle, self._gate_settings)

    def start(self) -> None:
        """Start OneFlow's own threads."""
        self.autoscaler.start()

    def restart_flow(self) -> None:
        """Restart OneFlow: what was under way is recovered, a dead autoscaler lives again."""
        self.lifecycle.restart()
        self.autoscaler.start()

    def advance_to(self, instant: float) -> None:
        """Move a simulated clock, and do all that is due on the way.

        Args:
            instant: Seconds since the epoch.
        """
        assert isinstance(self.clock, SimulatedClock), "only a simulated clock can be moved"
        while (due := self.agenda.next_due()) is not None and due <= instant:
            self.clock.move_to(due)
            self.agenda.run_next()
        self.clock.move_to(instant)
