"""Which roles are next: all at once, or parents before children and the other way round."""

from __future__ import annotations

from harness.cloud.embedded.flow.service import Role, Service
from harness.cloud.states import RoleState

_ENDING = frozenset({RoleState.UNDEPLOYING, RoleState.DONE, RoleState.FAILED_UNDEPLOYING})


def _waiting(service: Service, waiting: RoleState, parents_in: RoleState) -> list[Role]:
    there = {role.name for role in service if role.state is parents_in}
    return [role for role in service if role.state is waiting and there.issuperset(role.parents)]


def to_deploy(service: Service) -> list[Role]:
    """Roles whose VMs are to be created now."""
    if service.straight:
        return _waiting(service, RoleState.PENDING, RoleState.RUNNING)
    return [role for role in service if role.state in {RoleState.PENDING, RoleState.SCALING}]


def to_shut_down(service: Service) -> list[Role]:
    """Roles whose VMs are to be ended now."""
    living = [role for role in service if role.state not in _ENDING]
    if not service.straight:
        return living
    needed = {parent for role in service if role.state is not RoleState.DONE for parent in role.parents}
    return [role for role in living if role.name not in needed]


def to_hold(service: Service) -> list[Role]:
    """Roles that follow ones on hold."""
    if service.straight:
        return _waiting(service, RoleState.PENDING, RoleState.HOLD)
    return [role for role in service if role.state is RoleState.PENDING]


def to_release(service: Service) -> list[Role]:
    """Roles on hold that may go on now."""
    if service.straight:
        return _waiting(service, RoleState.HOLD, RoleState.RUNNING)
    return [role for role in service if role.state is RoleState.HOLD]
