"""The value of an attribute over a role's VMs, as elasticity expressions see it (measured)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harness.cloud.embedded import expressions, ruby
from harness.cloud.embedded.oned.raw import Value
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.states import VmState

_ALWAYS_NEW = frozenset({"LAST_POLL", "TIMESTAMP"})
"""What changes with every measurement, though nothing else does."""


class NoMonitoring(Exception):
    """No VM of the whole cloud has a monitoring record, which the autoscaler does not survive."""


def value_of(vm: Vm, name: str) -> float | None:
    """What one VM has under that name: USER_TEMPLATE, MONITORING, TEMPLATE, then the VM's own elements.

    The first of them that has the name decides; a vector or a repeated attribute has no number and hides the rest.
    """
    try:
        return vm.read[name]
    except KeyError:
        value = _read(vm, name)
    if name not in _ALWAYS_NEW:
        vm.read[name] = value
    return value


def _read(vm: Vm, name: str) -> float | None:
    for attributes in (vm.user_template, vm.monitoring, vm.template):
        if name in attributes:
            return _number(attributes[name])
    own = vm.scalars().get(name)
    return ruby.to_f(own) if own else None


def _number(found: str | list[Value]) -> float | None:
    if isinstance(found, str):
        return ruby.to_f(found)
    return ruby.to_f(found[0]) if len(found) == 1 and isinstance(found[0], str) else None


def mean(vms: Iterable[Vm], name: str) -> float | None:
    """Mean over the VMs that are running and have the attribute, two decimals; None when there is none.

    Raises:
        ruby.RubyError: The mean is infinite.
    """
    values = [value for vm in vms if vm.running and (value := value_of(vm, name)) is not None]
    return ruby.rounded(sum(values) / len(values)) if values else None


def look_up(
    node_ids: Iterable[int],
    known: Mapping[int, Vm],
    *,
    monitored: Callable[[], bool],
    probe: Callable[[Vm], None] | None = None,
) -> expressions.Look:
    """The look-up for a role's nodes. VMs are looked at when an expression asks for the first value, not before.

    Args:
        node_ids: Numbers of the role's VMs.
        known: VMs by number; those that are DONE do not count.
        monitored: Whether any VM of the cloud has a monitoring record.
        probe: Brings a VM's monitoring record up to date; None when they are.

    Raises (when it is used):
        NoMonitoring: See there.
    """
    vms: list[Vm] = []
    # A pass sees the VMs as they were when it began: each mean is computed once.
    means: dict[str, float | None] = {}

    def look(name: str) -> float | None:
        if not means:
            vms.extend(known[it] for it in node_ids if it in known and known[it].state is not VmState.DONE)
            if vms and not monitored():
                raise NoMonitoring
            if probe is not None:
                for vm in vms:
                    probe(vm)
        if name not in means:
            means[name] = mean(vms, name)
        return means[name]

    return look
