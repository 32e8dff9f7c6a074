"""A VM as oned keeps it, and as its servers see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.cloud.embedded.oned.raw import Attributes, as_hash
from harness.cloud.states import LcmState, VmState
from harness.hypervisor import Measurement

PERMISSIONS = {
    "OWNER_U": "1",
    "OWNER_M": "1",
    "OWNER_A": "0",
    "GROUP_U": "0",
    "GROUP_M": "0",
    "GROUP_A": "0",
    "OTHER_U": "0",
    "OTHER_M": "0",
    "OTHER_A": "0",
}


@dataclass(frozen=True)
class Placement:
    """Where a VM runs: a host by name and number, and when it came there (seconds since the epoch)."""

    host: str
    host_id: int
    since: int


@dataclass
class Vm:
    """One VM.

    Attributes:
        id: Number.
        name: Name.
        uid: Number of its owner.
        uname: Name of its owner.
        template: What the VM is made of (TEMPLATE).
        user_template: Everything else that is known of it (USER_TEMPLATE).
        born: STIME, seconds since the epoch.
        state: State.
        lcm: State while it is ACTIVE.
        died: ETIME; 0 while it lives.
        last_poll: When its last monitoring record was taken; 0 for never.
        monitoring: That record, by name.
        measured: What that record was made of.
        placement: Where it runs; None before it was placed.
        operation: What the hypervisor is doing with it; empty when nothing is under way.
        read: Numbers that were read from it since it changed last, by name (see `lookup.value_of`).
    """

    id: int
    name: str
    uid: int
    uname: str
    template: Attributes
    user_template: Attributes
    born: int
    state: VmState = VmState.PENDING
    lcm: LcmState = LcmState.LCM_INIT
    died: int = 0
    last_poll: int = 0
    monitoring: dict[str, str] = field(default_factory=dict)
    measured: Measurement | None = None
    placement: Placement | None = None
    operation: str = ""
    read: dict[str, float | None] = field(default_factory=dict)

    def changed(self) -> None:
        """To be called after every change: forgets what was read from it. A copy of the VM keeps what it has read."""
        self.read = {}

    @property
    def state_name(self) -> str:
        """Name of the state, as oned's texts have it: that of the LCM state while it is ACTIVE."""
        return self.lcm.name if self.state is VmState.ACTIVE else self.state.name

    @property
    def running(self) -> bool:
        """Whether it is ACTIVE and RUNNING."""
        return self.state is VmState.ACTIVE and self.lcm is LcmState.RUNNING

    @property
    def service_id(self) -> int | None:
        """Number of its service, from its user template."""
        found = self.user_template.get("SERVICE_ID")
        return int(found[0]) if found and isinstance(found[0], str) and found[0].isdecimal() else None

    def owner(self) -> dict[str, str]:
        """The attributes that OneFlow keeps of a node."""
        return {
            "ID": str(self.id),
            "UID": str(self.uid),
            "GID": str(self.uid),
            "UNAME": self.uname,
            "GNAME": self.uname,
            "NAME": self.name,
        }

    def scalars(self) -> dict[str, str]:
        """The elements of the VM itself that have a text."""
        return {
            **self.owner(),
            "LAST_POLL": str(self.last_poll),
            "STATE": str(int(self.state)),
            "LCM_STATE": str(int(self.lcm)),
            # oned brings these up to date as soon as its hooks have seen the change.
            "PREV_STATE": str(int(self.state)),
            "PREV_LCM_STATE": str(int(self.lcm)),
            "RESCHED": "0",
            "STIME": str(self.born),
            "ETIME": str(self.died),
            "DEPLOY_ID": f"{self.placement.host}:{self.name}:dummy" if self.placement else "",
        }

    def whole(self) -> dict[str, Any]:
        """The whole VM, in the order of oned's XML."""
        scalars = self.scalars()
        permissions: dict[str, Any] = {"PERMISSIONS": dict(PERMISSIONS)}
        owner = {name: scalars.pop(name) for name in self.owner()}
        return {
            **owner,
            **permissions,
            **scalars,
            "MONITORING": dict(sorted(self.monitoring.items())),
            "SCHED_ACTIONS": {},
            "TEMPLATE": as_hash(self.template),
            "USER_TEMPLATE": as_hash(self.user_template),
            "HISTORY_RECORDS": {"HISTORY": self._history()} if self.placement else {},
            "BACKUPS": {"BACKUP_CONFIG": {}, "BACKUP_IDS": {}},
        }

    def _history(self) -> dict[str, str]:
        assert self.placement is not None
        since, ended = str(self.placement.since), str(self.died)
        return {
            "OID": str(self.id),
            "SEQ": "0",
            "HOSTNAME": self.placement.host,
            "HID": str(self.placement.host_id),
            "CID": "0",
            "STIME": since,
            "ETIME": ended,
            "VM_MAD": "dummy",
            "TM_MAD": "dummy",
            "DS_ID": "0",
            "PLAN_ID": "-1",
            "ACTION_ID": "0",
            "PSTIME": since,
            "PETIME": since,
            "RSTIME": since,
            "RETIME": ended,
            "ESTIME": "0",
            "EETIME": "0",
            "ACTION": "0",
            "UID": "-1",
            "GID": "-1",
            "REQUEST_ID": "-1",
        }
