"""oned: the pools, the life of VMs, and what it tells others of it.

VM states follow oned's dispatch and life-cycle managers (`DispatchManagerActions.cc`, `LifeCycleStates.cc` of the
release), as far as a hypervisor here can bring a VM into them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from harness.cloud import token
from harness.cloud.embedded.agenda import Agenda
from harness.cloud.embedded.oned import raw
from harness.cloud.embedded.oned.errors import Code, OneError, missing
from harness.cloud.embedded.oned.instantiate import Birth, split
from harness.cloud.embedded.oned.numbers import Numbers
from harness.cloud.embedded.oned.objects import Document, Host, Image, VmTemplate
from harness.cloud.embedded.oned.vm import PERMISSIONS, Placement, Vm
from harness.cloud.embedded.settings import Settings, User
from harness.cloud.states import FAILURES, LcmState, VmState
from harness.hypervisor import Hypervisor, Machine

VERSION = "7.0.2"
RETRY, DELETE = 2, 3


class Listener(Protocol):
    """Learns of VMs what oned's hooks publish."""

    def vm_changed(self, vm: Vm) -> None:
        """A VM has another state."""
        ...

    def vm_updated(self, vm_id: int, text: str) -> None:
        """A VM's user template was changed, by this text."""
        ...


@dataclass
class Pools:
    """All objects, by number."""

    hosts: dict[int, Host] = field(default_factory=dict)
    templates: dict[int, VmTemplate] = field(default_factory=dict)
    vms: dict[int, Vm] = field(default_factory=dict)
    documents: dict[int, Document] = field(default_factory=dict)
    images: dict[int, Image] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)


class Oned:
    """The core.

    Args:
        agenda: Whose time it lives in.
        settings: How it is set.
        hypervisor: Runs the VMs.
        users: Who may use it; the first is the administrator.
        onegate: Endpoint that VMs are told.
    """

    def __init__(
        self, agenda: Agenda, settings: Settings, hypervisor: Hypervisor, users: Iterable[User], onegate: str
    ) -> None:
        self.agenda = agenda
        self.settings = settings
        self.hypervisor = hypervisor
        self.onegate = onegate
        self.pools = Pools(users={user.id: user for user in users})
        self.vm_numbers = Numbers()
        self.document_numbers = Numbers()
        self.template_numbers = Numbers()
        self.image_numbers = Numbers()
        self.listeners: list[Listener] = []

    @property
    def now(self) -> int:
        """Whole seconds since the epoch, as all its time stamps are."""
        return int(self.agenda.clock.now())

    # ------------------------------------------------------------------------------------------------ objects

    def vm(self, vm_id: int) -> Vm:
        """A VM.

        Raises:
            OneError: NO_EXISTS.
        """
        found = self.pools.vms.get(vm_id)
        if found is None:
            raise missing("virtual machine", vm_id)
        return found

    def template(self, template_id: int) -> VmTemplate:
        """A VM template.

        Raises:
            OneError: NO_EXISTS.
        """
        found = self.pools.templates.get(template_id)
        if found is None:
            raise missing("virtual machine template", template_id)
        return found

    def document(self, document_id: int, kind: int | None = None) -> Document:
        """A document, of that kind if one is given.

        Raises:
            OneError: NO_EXISTS.
        """
        found = self.pools.documents.get(document_id)
        if found is None or (kind is not None and found.kind != kind):
            raise missing("document", document_id)
        return found

    def add_template(self, name: str, text: str, owner: User) -> VmTemplate:
        """A new VM template from OpenNebula's template syntax.

        Raises:
            OneError: The text is no template.
        """
        attributes = self._parsed(text, "Error allocating a new virtual machine template.")
        number = self.template_numbers.take()
        self.pools.templates[number] = VmTemplate(number, name, owner.id, owner.name, attributes, self.now)
        return self.pools.templates[number]

    def add_document(self, kind: int, name: str, body: dict[str, Any], owner: User) -> Document:
        """A new document."""
        number = self.document_numbers.take()
        document = Document(number, kind, name, owner.id, owner.name, body, dict(PERMISSIONS))
        self.pools.documents[number] = document
        return document

    @staticmethod
    def _parsed(text: str, failed: str) -> raw.Attributes:
        try:
            return raw.parse(text)
        except raw.TemplateError as error:
            raise OneError(Code.INTERNAL, f"{failed} Parse error: {error}") from error

    # ------------------------------------------------------------------------------------------------ VMs

    def instantiate(self, template_id: int, name: str, extra: str, owner: User, *, hold: bool = False) -> int:
        """A new VM from a template, with `extra` laid over it; returns its number.

        Raises:
            OneError: No such template, or `extra` is no template.
        """
        template = self.template(template_id)
        attributes = raw.merged(template.attributes, self._parsed(extra, "Cannot instantiate the template."))
        number = self.vm_numbers.take()
        name = name or f"{template.name}-{number}"
        birth = Birth(number, name, template_id, owner.id, self.onegate)
        machine, described = split(attributes, birth)
        vm = Vm(number, name, owner.id, owner.name, machine, described, self.now)
        vm.state = VmState.HOLD if hold else VmState.PENDING
        self.pools.vms[number] = vm
        self._publish(vm)
        if not hold:
            self.agenda.after(self.settings.placement_seconds, "oned.place", partial(self._place, number))
        return number

    def _place(self, vm_id: int) -> None:
        vm = self.pools.vms[vm_id]
        if vm.state is not VmState.PENDING:
            return
        # Like the dummy set-up of the recordings: one host takes all, the youngest.
        host = self.pools.hosts[max(self.pools.hosts)]
        vm.placement = Placement(host.name, host.id, self.now)
        vm.template["TM_MAD_SYSTEM"] = ["dummy"]
        self._move(vm, VmState.ACTIVE, LcmState.PROLOG)
        self._boot(vm, "deploy")

    def _boot(self, vm: Vm, operation: str) -> None:
        vm.operation = operation
        self._move(vm, VmState.ACTIVE, LcmState.BOOT if operation == "deploy" else LcmState.BOOT_POWEROFF)
        if operation == "deploy":
            self.hypervisor.deploy(self._machine(vm))
        else:
            self.hypervisor.resume(vm.id)

    def _machine(self, vm: Vm) -> Machine:
        texts = {name: values[0] for name, values in vm.template.items() if isinstance(values[0], str)}
        texts.update({name: values[0] for name, values in vm.user_template.items() if isinstance(values[0], str)})
        context = vm.template.get("CONTEXT", [{}])[0]
        told = dict(context) if isinstance(context, dict) else {}
        if told.get("TOKEN", "").upper() == "YES":
            told["ONEGATE_TOKEN"] = self.token_of(vm)
        return Machine(
            vm.id,
            vm.name,
            vm.service_id,
            texts.get("ROLE_NAME"),
            told,
            texts,
            float(texts.get("CPU", "1")),
            int(float(texts.get("MEMORY", "0"))),
        )

    def token_of(self, vm: Vm) -> str:
        """The OneGate token of a VM."""
        return token.make(vm.id, vm.born, self.pools.users[vm.uid].token_password)

    def act(self, vm_id: int, action: str) -> None:
        """`one.vm.action`.

        Raises:
            OneError: No such VM, no such action, or not in this state.
        """
        known: dict[str, Callable[[Vm], None]] = {
            "terminate": partial(self._terminate, hard=False),
            "terminate-hard": partial(self._terminate, hard=True),
            "poweroff": partial(self._poweroff, hard=False),
            "poweroff-hard": partial(self._poweroff, hard=True),
            "resume": self._resume,
            "hold": self._hold,
            "release": self._release,
        }
        vm = self.vm(vm_id)
        if action in known:
            known[action](vm)
        elif action in _NOT_HERE:
            raise _refused(action, "not supported by the embedded OpenNebula")
        else:
            raise OneError(Code.ACTION, f'Action "{action}" is not supported')

    def _trigger(self, vm: Vm, begin: Callable[[Vm], None]) -> None:
        """Leave an action to the life-cycle manager's queue, as oned does: the VM keeps its state until then."""
        self.agenda.after(0, "oned.trigger", partial(begin, vm))

    def _terminate(self, vm: Vm, *, hard: bool) -> None:
        if vm.state is VmState.DONE:
            return
        if vm.state in {VmState.PENDING, VmState.HOLD}:
            self._bury(vm)
        elif vm.state is VmState.ACTIVE and vm.lcm in FAILURES:
            self._trigger(vm, self._delete)
        elif vm.running or vm.lcm is LcmState.UNKNOWN or (hard and vm.lcm is LcmState.SHUTDOWN):
            self._trigger(vm, self._shut_down_hard if hard else self._shut_down)
        elif vm.state is VmState.POWEROFF:
            self._trigger(vm, self._clear)
        else:
            action = "terminate-hard" if hard else "terminate"
            raise _refused(action, f"Could not terminate VM {vm.id}, wrong state {vm.state_name}.")

    def _shut_down(self, vm: Vm) -> None:
        if vm.running or vm.lcm is LcmState.UNKNOWN:
            vm.operation = "shutdown"
            self._move(vm, VmState.ACTIVE, LcmState.SHUTDOWN)
            self.hypervisor.shutdown(vm.id)

    def _shut_down_hard(self, vm: Vm) -> None:
        if vm.running or vm.lcm in {LcmState.UNKNOWN, LcmState.SHUTDOWN}:
            self._kill(vm, LcmState.SHUTDOWN)

    def _clear(self, vm: Vm) -> None:
        if vm.state is VmState.POWEROFF:
            self._kill(vm, LcmState.EPILOG)

    def _delete(self, vm: Vm) -> None:
        if vm.state is not VmState.DONE:
            self._kill(vm, LcmState.CLEANUP_DELETE)

    def _kill(self, vm: Vm, through: LcmState) -> None:
        vm.operation = "kill"
        self._move(vm, VmState.ACTIVE, through)
        self.hypervisor.kill(vm.id)

    def _poweroff(self, vm: Vm, *, hard: bool) -> None:
        if not (vm.running or (hard and vm.lcm is LcmState.SHUTDOWN_POWEROFF)):
            raise _refused(
                "poweroff-hard" if hard else "poweroff", f"This action is not available for state {vm.state_name}"
            )
        self._trigger(vm, self._power_off_hard if hard else self._power_off)

    def _power_off(self, vm: Vm) -> None:
        if vm.running:
            self._stop(vm, hard=False)

    def _power_off_hard(self, vm: Vm) -> None:
        if vm.running or vm.lcm is LcmState.SHUTDOWN_POWEROFF:
            self._stop(vm, hard=True)

    def _stop(self, vm: Vm, *, hard: bool) -> None:
        vm.operation = "poweroff"
        self._move(vm, VmState.ACTIVE, LcmState.SHUTDOWN_POWEROFF)
        self.hypervisor.poweroff(vm.id, hard=hard)

    def _resume(self, vm: Vm) -> None:
        if vm.state is not VmState.POWEROFF:
            raise _refused("resume", f"This action is not available for state {vm.state_name}")
        self._trigger(vm, self._restart)

    def _restart(self, vm: Vm) -> None:
        if vm.state is VmState.POWEROFF:
            self._boot(vm, "resume")

    def _retry(self, vm: Vm) -> None:
        if vm.state is VmState.ACTIVE and vm.lcm in FAILURES:
            self._boot(vm, "deploy")

    def _hold(self, vm: Vm) -> None:
        if vm.state is not VmState.PENDING:
            raise _refused("hold", f"This action is not available for state {vm.state_name}")
        self._move(vm, VmState.HOLD, LcmState.LCM_INIT)

    def _release(self, vm: Vm) -> None:
        if vm.state is not VmState.HOLD:
            raise _refused("release", f"This action is not available for state {vm.state_name}")
        self._move(vm, VmState.PENDING, LcmState.LCM_INIT)
        self.agenda.after(self.settings.placement_seconds, "oned.place", partial(self._place, vm.id))

    def recover(self, vm_id: int, operation: int) -> None:
        """`one.vm.recover`: 2 tries again what failed, 3 deletes the VM.

        Raises:
            OneError: No such VM, or not in this state.
        """
        vm = self.vm(vm_id)
        if operation == RETRY:
            if vm.state is not VmState.ACTIVE:
                text = f"Could not perform a retry on VM {vm.id}, wrong state {vm.state_name}."
                raise OneError(Code.ACTION, text)
            self._trigger(vm, self._retry)
        elif operation == DELETE:
            self._trigger(vm, self._delete)
        else:
            text = f"recover operation {operation} is not supported by the embedded OpenNebula (2 retry, 3 delete are)"
            raise OneError(Code.ACTION, text)

    def update_vm(self, vm_id: int, text: str, *, append: bool) -> None:
        """`one.vm.update`: change the user template.

        Raises:
            OneError: No such VM, or the text is no template.
        """
        vm = self.vm(vm_id)
        given = self._parsed(text, "Cannot update template.")
        vm.user_template = raw.merged(vm.user_template, given) if append else given
        vm.changed()
        for listener in self.listeners:
            listener.vm_updated(vm_id, text)

    # ------------------------------------------------------------------------------------------------ hypervisor

    def done(self, vm_id: int, *, ok: bool, message: str = "") -> None:
        """What the hypervisor was doing with a VM has ended."""
        vm = self.pools.vms[vm_id]
        operation, vm.operation = vm.operation, ""
        if message:
            vm.user_template["ERROR"] = [message]
            vm.changed()
        if operation in {"deploy", "resume"} and ok:
            self._move(vm, VmState.ACTIVE, LcmState.RUNNING)
        elif operation == "deploy":
            self._move(vm, VmState.ACTIVE, LcmState.BOOT_FAILURE)
        elif operation == "resume" or (operation == "poweroff" and ok):
            self._move(vm, VmState.POWEROFF, LcmState.LCM_INIT)
        elif operation == "kill" or (operation == "shutdown" and ok):
            self._bury(vm)
        elif operation:
            self._move(vm, VmState.ACTIVE, LcmState.RUNNING)

    def vanished(self, vm_id: int) -> None:
        """A VM has ended by itself: the probes no longer find it, and oned takes it for powered off."""
        vm = self.pools.vms[vm_id]
        if vm.running:
            self._move(vm, VmState.POWEROFF, LcmState.LCM_INIT)

    def _bury(self, vm: Vm) -> None:
        vm.died = self.now
        vm.monitoring = {}
        self._move(vm, VmState.DONE, LcmState.LCM_INIT)

    def _move(self, vm: Vm, state: VmState, lcm: LcmState) -> None:
        vm.state, vm.lcm = state, lcm
        vm.changed()
        self._publish(vm)

    def _publish(self, vm: Vm) -> None:
        for listener in self.listeners:
            listener.vm_changed(vm)

    # ------------------------------------------------------------------------------------------------ monitoring

    def probe(self, vm: Vm) -> None:
        """Bring a VM's monitoring record up to the last instant at which it was to be measured.

        Records are taken when they are first asked for after their instant, so that a cloud on a simulated clock does
        not measure what nobody reads.
        """
        if vm.placement is None or not vm.running:
            return
        interval, now = self.settings.monitoring_interval, self.agenda.clock.now()
        first = vm.placement.since + self.settings.first_monitoring
        if now < first:
            return
        instant = first + math.floor((now - first) / interval) * interval
        if vm.monitoring and vm.last_poll >= int(instant):
            return
        seen = self.hypervisor.measure(vm.id)
        if seen is None:
            return
        vm.last_poll = int(instant)
        if (seen is vm.measured or seen == vm.measured) and vm.monitoring:
            vm.monitoring = {**vm.monitoring, "TIMESTAMP": str(vm.last_poll)}
            return
        record = {"CPU": f"{seen.cpu:g}", "MEMORY": str(seen.memory), **seen.more}
        vm.monitoring = {**record, "ID": str(vm.id), "TIMESTAMP": str(vm.last_poll)}
        vm.measured = seen
        vm.changed()

    def monitored(self) -> bool:
        """Whether any VM that is not DONE has a monitoring record now; looks no further than the first."""
        for vm in self.pools.vms.values():
            if vm.state is not VmState.DONE:
                self.probe(vm)
                if vm.monitoring:
                    return True
        return False

    def living(self) -> list[Vm]:
        """Every VM that is not DONE, with its monitoring record brought up to date."""
        found = [vm for vm in self.pools.vms.values() if vm.state is not VmState.DONE]
        for vm in found:
            self.probe(vm)
        return found


_NOT_HERE = frozenset({"stop", "suspend", "undeploy", "undeploy-hard", "reboot", "reboot-hard", "resched", "unresched"})


def _refused(action: str, why: str) -> OneError:
    return OneError(Code.ACTION, f'Error performing action "{action}": {why}')
