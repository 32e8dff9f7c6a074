"""The life of services: what OneFlow does when it is asked to, and when what it waited for has come.

Source: `LifeCycleManager.rb` of the release. An operation is one step here: nobody sees a service in the middle of it.
Errors of the real one that its users meet are kept, among them: a scaling to the same cardinality, to an unknown role
or with a `force` that does not parse takes the service from the watch dog; a recovery from COOLDOWN does not put it
back.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from harness.cloud.embedded import ruby
from harness.cloud.embedded.agenda import Agenda
from harness.cloud.embedded.flow import immutable, nodes, strategy
from harness.cloud.embedded.flow.errors import Refused, refused_by_oned
from harness.cloud.embedded.flow.service import Role, Service
from harness.cloud.embedded.flow.template import deep_merged
from harness.cloud.embedded.flow.waits import ENDED, HELD, RUNNING, Result, Wait, Waits
from harness.cloud.embedded.flow.watchdog import WatchDog
from harness.cloud.embedded.oned.core import Oned
from harness.cloud.embedded.oned.errors import OneError
from harness.cloud.embedded.oned.objects import DOCUMENT_SERVICE
from harness.cloud.embedded.settings import FlowSettings
from harness.cloud.states import TRANSIENT, RoleState, ServiceState

_RECOVER_DEPLOY = frozenset({ServiceState.FAILED_DEPLOYING, ServiceState.DEPLOYING, ServiceState.PENDING})
_RECOVER_UNDEPLOY = frozenset(
    {ServiceState.FAILED_UNDEPLOYING, ServiceState.UNDEPLOYING, ServiceState.FAILED_UNDEPLOYING_NETS}
)
_RECOVER_SCALE = frozenset({ServiceState.FAILED_SCALING, ServiceState.SCALING})
_RECOVER_DEPLOY_NETS = frozenset({ServiceState.DEPLOYING_NETS, ServiceState.FAILED_DEPLOYING_NETS})


class LifeCycle:
    """OneFlow's life-cycle manager, with its waits and its watch dog.

    Args:
        agenda: Whose time it lives in.
        oned: The core.
        settings: OneFlow's.
    """

    def __init__(self, agenda: Agenda, oned: Oned, settings: FlowSettings) -> None:
        self.agenda = agenda
        self.oned = oned
        self.settings = settings
        self.waits = Waits(agenda, oned, settings.wait_timeout, settings.concurrency)
        self.watchdog = WatchDog(agenda, oned, settings.wait_timeout, self)
        oned.listeners += [self]

    def vm_changed(self, vm: Any) -> None:
        """An event of oned."""
        self.waits.vm_changed(vm)
        self.watchdog.vm_changed(vm)

    def vm_updated(self, vm_id: int, text: str) -> None:
        """An event of oned."""
        self.waits.vm_updated(vm_id, text)

    # ------------------------------------------------------------------------------------------------ services

    def service(self, service_id: int) -> Service:
        """A service.

        Raises:
            Refused: There is none (404).
        """
        try:
            document = self.oned.document(service_id)
        except OneError as error:
            raise refused_by_oned("document.info", error) from error
        if document.kind != DOCUMENT_SERVICE:
            raise Refused(f"[DocumentInfo] Error getting document [{service_id}].")
        return Service(document, self.oned.now, self.settings.default_cooldown)

    def services(self) -> list[Service]:
        """All services, the youngest first, as oned lists them."""
        numbers = sorted(
            (item.id for item in self.oned.pools.documents.values() if item.kind == DOCUMENT_SERVICE), reverse=True
        )
        return [self.service(number) for number in numbers]

    def _present(self, service_id: int) -> Service | None:
        return self.service(service_id) if service_id in self.oned.pools.documents else None

    def _remove(self, service: Service) -> None:
        del self.oned.pools.documents[service.id]

    def restart(self) -> None:
        """What a restart of the server does: waits are lost, and what was under way is recovered."""
        self.waits.forget_all()
        services = self.services()
        self.watchdog.restart(services)
        for service in services:
            if service.state in TRANSIENT:
                self.recover(service.id)

    # ------------------------------------------------------------------------------------------------ deployment

    def begin(self, service_id: int) -> None:
        """Deploy a new service, its networks first.

        Raises:
            Refused: A network could not be had.
        """
        service = self.service(service_id)
        if service.state is ServiceState.PENDING:
            for nets in service.body.get("networks_values") or []:
                for name, net in nets.items():
                    self._network(service, name, net)
        service.state = ServiceState.DEPLOYING_NETS
        # There are no virtual networks here; OneFlow takes one that it cannot ask about for ready.
        self.agenda.after(0, "lcm.nets_ready", partial(self._deploy, service_id))

    def _network(self, service: Service, name: str, net: dict[str, Any]) -> None:
        if "id" in net:
            return
        service.state = ServiceState.FAILED_DEPLOYING
        if "template_id" in net:
            number = ruby.to_i(net["template_id"])
            text = f"[one.vntemplate.instantiate] Error getting virtual network template [{number}]."
        else:
            number = ruby.to_i(net.get("reserve_from"))
            text = f"[one.vn.reserve] Error getting virtual network [{number}]."
        raise Refused(f"{text} The embedded OpenNebula has no networks ({name}).", 404)

    def _deploy(self, service_id: int) -> None:
        service = self._present(service_id)
        if service is None:
            return
        # The thread of the real one dies of what it does not expect, and leaves the service as it is.
        with contextlib.suppress(ruby.RubyError):
            self._deploy_service(service)

    def _deploy_service(self, service: Service) -> None:
        roles = strategy.to_deploy(service)
        if not roles:
            if service.all_running:
                self._fill(service)
                service.state = ServiceState.RUNNING
                self.watchdog.add(service)
            return
        self._fill(service)
        if not self._deploy_roles(service, roles, "deploy"):
            service.state = ServiceState.FAILED_DEPLOYING
        else:
            service.state = ServiceState.HOLD if service.on_hold else ServiceState.DEPLOYING

    @staticmethod
    def _fill(service: Service) -> None:
        """User inputs into the contents and the context of each role's VMs."""
        common = service.body.get("user_inputs_values") or {}
        known_nets = service.body.get("networks_values") or []
        for role in service.body["roles"]:
            contents = role.get("template_contents") or {}
            nics = contents.get("NIC") or []
            for nic in nics if isinstance(nics, list) else []:
                wanted = str(nic.get("NETWORK_ID", ""))
                net = next((item[wanted[1:]] for item in known_nets if wanted[:1] == "$" and wanted[1:] in item), None)
                if net is not None:
                    nic["NETWORK_ID"] = net.get("id")
            inputs = deep_merged(common, role.get("user_inputs_values") or {})
            if inputs:
                context = contents.setdefault("CONTEXT", {})
                if not isinstance(context, dict):
                    raise ruby.RubyError(f"undefined method `[]=' for {ruby.inspect(context)}")
                for key, value in inputs.items():
                    contents[key] = value
                    context[key] = f"${key}"
            role["template_contents"] = contents

    def _deploy_roles(self, service: Service, roles: Iterable[Role], purpose: str) -> bool:
        """Create the VMs of roles and wait for them; stops at the first role that fails."""
        try:
            self._deploy_each(service, roles, purpose)
        except nodes.CannotDeploy:
            return False
        return True

    def _deploy_each(self, service: Service, roles: Iterable[Role], purpose: str) -> None:
        success, failure = _DEPLOYING[purpose]
        for role in roles:
            parent_held = any(service.roles[name].on_hold for name in role.parents if name in service.roles)
            if role.state is RoleState.PENDING and (service.on_hold or parent_held):
                role.body["on_hold"] = True
            try:
                created = nodes.deploy(role, self.oned, self.settings)
            except nodes.CannotDeploy as error:
                role.state = failure
                raise nodes.CannotDeploy(f"Error deploying role {role.name}: {error}") from error
            if role.on_hold and role.state is RoleState.PENDING:
                role.state = RoleState.HOLD
                self._wait(role, created, "hold")
            else:
                role.state = success
                self._wait(role, created, purpose)

    def _wait(self, role: Role, numbers: list[int], purpose: str) -> None:
        service = role.service
        target = HELD if purpose == "hold" else RUNNING
        if purpose in {"undeploy", "scaledown", "remove"}:
            target = ENDED
        gated = service.gated and target is RUNNING
        then = partial(self._waited, purpose, service.id, role.name)
        self.waits.add(Wait(service.id, list(numbers), target, then, f"lcm.{purpose}_cb", gated))

    def _waited(self, purpose: str, service_id: int, role_name: str, result: Result) -> None:
        service = self._present(service_id)
        role = service.roles.get(role_name) if service else None
        if service is None or role is None:
            return
        if not result.ok:
            self._failed(purpose, service, role, result)
            return
        with contextlib.suppress(ruby.RubyError):
            getattr(self, f"_after_{purpose}")(service, role, result)

    def _failed(self, purpose: str, service: Service, role: Role, result: Result) -> None:
        self.waits.cancel(service.id)
        service_state, role_state = _FAILED[purpose]
        service.state, role.state = service_state, role_state
        if purpose in {"undeploy", "scaledown", "remove"}:
            _lose(role, result.gone)

    def _after_deploy(self, service: Service, role: Role, _: Result) -> None:
        role.state = RoleState.RUNNING
        to_delete = service.to_delete_itself(role)
        if service.all_running:
            service.state = ServiceState.RUNNING
        elif service.straight:
            self._deploy_roles(service, strategy.to_deploy(service), "deploy")
        if service.all_running:
            self.watchdog.add(service)
        if to_delete:
            self._delete_itself(service)

    def _after_hold(self, service: Service, role: Role, _: Result) -> None:
        role.state = RoleState.HOLD
        if service.all_held and service.state is not ServiceState.HOLD:
            service.state = ServiceState.HOLD
        elif service.straight:
            self._deploy_roles(service, strategy.to_hold(service), "deploy")

    def release(self, service_id: int) -> None:
        """Let the VMs on hold go.

        Raises:
            Refused: No role is on hold, or its VMs cannot go.
        """
        service = self.service(service_id)
        roles = strategy.to_release(service)
        if not roles:
            raise Refused("Service has no roles in HOLD")
        released = self._release_roles(service, roles)
        service.state = ServiceState.DEPLOYING if released else ServiceState.FAILED_DEPLOYING

    def _release_roles(self, service: Service, roles: Iterable[Role]) -> bool:
        for role in roles:
            numbers = []
            for number in role.node_ids:
                try:
                    self.oned.act(number, "release")
                except OneError as error:
                    text = f"Role {role.name}: Release failed for VM {number}, [one.vm.action] {error}"
                    service.log(text, "E")
                else:
                    numbers.append(number)
            if len(numbers) < len(role.nodes):
                role.state = RoleState.FAILED_DEPLOYING
                return False
            role.state = RoleState.DEPLOYING
            self._wait(role, numbers, "release")
        return True

    def _after_release(self, service: Service, role: Role, _: Result) -> None:
        role.state = RoleState.RUNNING
        to_delete = service.to_delete_itself(role)
        if service.all_running:
            service.state = ServiceState.RUNNING
        elif service.straight:
            self._release_roles(service, strategy.to_release(service))
        if service.all_running:
            self.watchdog.add(service)
        if to_delete:
            self._delete_itself(service)

    # ------------------------------------------------------------------------------------------------ end

    def undeploy(self, service_id: int, *, force: bool = False) -> None:
        """End a service, children first.

        Raises:
            Refused: There is none, or not in this state.
        """
        service = self.service(service_id)
        if not service.can_undeploy and not force:
            raise Refused(f"Service cannot be undeployed in state: {service.state.name}")
        self.watchdog.remove(service_id)
        roles = strategy.to_shut_down(service)
        if not roles:
            self._remove(service)
            return
        try:
            self._undeploy_each(roles, "undeploy")
        except nodes.CannotShutDown as error:
            service.state = ServiceState.FAILED_UNDEPLOYING
            raise Refused(str(error)) from error
        service.state = ServiceState.UNDEPLOYING

    def _delete_itself(self, service: Service) -> None:
        try:
            self.undeploy(service.id)
        except Refused as refused:
            service.log(str(refused), "E")

    def _undeploy_each(self, roles: Iterable[Role], purpose: str) -> None:
        success, failure = _UNDEPLOYING[purpose]
        for role in roles:
            try:
                ended = nodes.shut_down(role, self.oned, self.settings, recover=False)
            except nodes.CannotShutDown as error:
                role.state = failure
                raise nodes.CannotShutDown(f"Error undeploying role {role.name}: {error}") from error
            role.state = success
            self._wait(role, ended, purpose)

    def _after_undeploy(self, service: Service, role: Role, result: Result) -> None:
        others_done = all(other.state is RoleState.DONE for other in service if other is not role)
        if others_done:
            # OneFlow does not store this step: the last role stays UNDEPLOYING, with its nodes.
            service.state = ServiceState.UNDEPLOYING_NETS
            self.agenda.after(0, "lcm.nets_gone", partial(self._nets_gone, service.id))
            return
        role.state = RoleState.DONE
        _lose(role, result.gone)
        if service.straight:
            try:
                self._undeploy_each(strategy.to_shut_down(service), "undeploy")
            except nodes.CannotShutDown as error:
                service.log(str(error), "E")

    def _nets_gone(self, service_id: int) -> None:
        service = self._present(service_id)
        if service is not None:
            self._remove(service)

    # ------------------------------------------------------------------------------------------------ scaling

    def scale(self, service_id: int, role_name: str | None, cardinality: int, force: Any) -> None:
        """Give a role another cardinality.

        Args:
            service_id: Which service.
            role_name: Which role.
            cardinality: How many VMs.
            force: As it came: only true (or "true") overrides the role's range.

        Raises:
            Refused: No such service or role, not in this state, out of range, or already there.
            ruby.RubyError: `force` does not parse.
        """
        service = self.service(service_id)
        if service.state is not ServiceState.RUNNING:
            raise Refused(f"Service cannot be scaled in state: {service.state.name}")
        self.watchdog.remove(service_id)
        role = service.roles.get(role_name) if role_name is not None else None
        if role is None:
            raise Refused(f"Role {'' if role_name is None else role_name} not found")
        difference = cardinality - role.cardinality
        why = _out_of_range(role, cardinality, forced=_forced(cardinality, force))
        if why is not None:
            self.watchdog.add(service)
            raise Refused(f"Can't scale service {service_id}: {why}")
        if difference == 0:
            raise Refused(f"Cardinality of {role_name} is already at {cardinality}")
        role.set_cardinality(cardinality)
        role.set_scale_way(up=difference > 0)
        try:
            if difference > 0:
                self._deploy_each(service, [role], "scaleup")
            else:
                self._undeploy_each([role], "scaledown")
        except (nodes.CannotDeploy, nodes.CannotShutDown) as error:
            service.state = ServiceState.FAILED_SCALING
            raise Refused(str(error)) from error
        service.state = ServiceState.SCALING

    def _after_scaleup(self, service: Service, role: Role, _: Result) -> None:
        self._cool_down(service, role)

    def _after_scaledown(self, service: Service, role: Role, result: Result) -> None:
        self._cool_down(service, role)
        _lose(role, result.gone)

    def _cool_down(self, service: Service, role: Role) -> None:
        service.state, role.state = ServiceState.COOLDOWN, RoleState.COOLDOWN
        seconds = ruby.to_i(role.body.get("cooldown"))
        then = partial(self._cooled_down, service.id, role.name)
        self.waits.add(Wait(service.id, [], RUNNING, then, "lcm.cooldown_cb", seconds=seconds))
        role.body.pop("scale_way", None)

    def _cooled_down(self, service_id: int, role_name: str, _: Result) -> None:
        service = self._present(service_id)
        role = service.roles.get(role_name) if service else None
        if service is None or role is None:
            return
        service.state, role.state = ServiceState.RUNNING, RoleState.RUNNING
        self.watchdog.add(service)
        if service.to_delete_itself(role):
            self._delete_itself(service)

    # ------------------------------------------------------------------------------------------------ recovery

    def recover(self, service_id: int, *, delete: bool = False) -> None:
        """Try again what failed, end a cooldown, or delete the service in any state.

        Raises:
            Refused: No such service, or nothing to recover in this state.
        """
        self.waits.cancel(service_id)
        if delete:
            self.undeploy(service_id, force=True)
            return
        service = self.service(service_id)
        state = service.state
        try:
            self._recover(service, state)
        except nodes.CannotDeploy:
            # OneFlow goes on to wait for what is no VM, for good.
            return
        except nodes.CannotShutDown as error:
            raise Refused(str(error)) from error

    def _recover(self, service: Service, state: ServiceState) -> None:
        if state in _RECOVER_DEPLOY:
            for role in filter(_recoverable_deploy, service):
                numbers = nodes.retry(role, self.oned, self.settings, gated=service.gated)
                self._wait(role, numbers, "deploy")
        elif state in _RECOVER_UNDEPLOY:
            for role in filter(_recoverable_undeploy, service):
                self._wait(role, nodes.shut_down(role, self.oned, self.settings, recover=True), "undeploy")
        elif state in _RECOVER_SCALE:
            for role in service:
                self._recover_scale(service, role)
        else:
            self._recover_rest(service, state)

    def _recover_rest(self, service: Service, state: ServiceState) -> None:
        if state in _RECOVER_DEPLOY_NETS:
            self.agenda.after(0, "lcm.nets_ready", partial(self._deploy, service.id))
        elif state is ServiceState.UNDEPLOYING_NETS:
            self.agenda.after(0, "lcm.nets_gone", partial(self._nets_gone, service.id))
        elif state is ServiceState.COOLDOWN:
            service.state = ServiceState.RUNNING
            for role in service:
                role.state = RoleState.RUNNING
        else:
            raise Refused(f"Service cannot be recovered in state: {state.name}")

    def _recover_scale(self, service: Service, role: Role) -> None:
        if role.state not in {RoleState.FAILED_SCALING, RoleState.SCALING}:
            return
        if role.growing:
            numbers = nodes.retry(role, self.oned, self.settings, gated=service.gated)
            self._wait(role, numbers, "scaleup")
        elif role.growing is False:
            self._wait(role, nodes.shut_down(role, self.oned, self.settings, recover=True), "scaledown")

    # ------------------------------------------------------------------------------------------------ changes

    def update(self, service_id: int, template: dict[str, Any], *, append: bool) -> None:
        """Replace (or add to) the body of a service.

        Raises:
            Refused: No such service, not in this state, or what cannot be changed was changed.
        """
        service = self.service(service_id)
        if not service.can_update:
            raise Refused(f"Service cannot be updated in state: {service.state.name}")
        immutable.check(service, template, append=append)
        document = service.document
        document.body = {**document.body, **template} if append else copy.deepcopy(template)

    def store_policies(self, service_id: int, role_name: str, policies: dict[str, Any], cooldown: int | None) -> None:
        """What the autoscaler stores of a pass, whatever became of the service since it looked at it."""
        service = self._present(service_id)
        role = service.roles.get(role_name) if service else None
        if role is None:
            return
        role.body.update({name: value for name, value in policies.items() if value})
        if cooldown is not None:
            role.body["cooldown"] = cooldown

    def schedule_action(self, service_id: int, role_name: str | None, action: str, timing: tuple[Any, Any]) -> None:
        """Plan an action on the VMs of a role, or of all: so many per period.

        Raises:
            Refused: No such service or role.
        """
        service = self.service(service_id)
        if role_name is not None and role_name not in service.roles:
            raise Refused(f"Role '{role_name}' not found")
        roles = [service.roles[role_name]] if role_name is not None else list(service)
        period, number = (ruby.to_i(item) for item in timing)
        for role in roles:
            if role.state is RoleState.DONE:
                if role_name is not None:
                    raise Refused(f"Role {role.name} is in DONE state")
                continue
            for index, vm_id in enumerate(role.node_ids):
                wait = (index // number) * period if period > 0 and number > 0 else 0
                self.agenda.after(wait, "oned.scheduled_action", partial(self._act, vm_id, action))

    def _act(self, vm_id: int, action: str) -> None:
        try:
            self.oned.act(vm_id, action)
        except OneError as error:
            vm = self.oned.pools.vms.get(vm_id)
            if vm is not None:
                vm.user_template["SCHED_MESSAGE"] = [str(error)]

    def add_role(self, service_id: int, body: dict[str, Any]) -> None:
        """Add a role to a running service.

        Raises:
            Refused: Not running, the name is taken, or its VMs cannot be created.
        """
        service = self.service(service_id)
        if service.state is not ServiceState.RUNNING:
            raise Refused(f"Cannot modify roles in state: {service.state.name}")
        if body["name"] in service.roles:
            raise Refused(f"Role {body['name']} already exists")
        service.body["roles"].append(body)
        service = self.service(service_id)
        self._fill(service)
        self.watchdog.remove(service_id)
        try:
            self._deploy_each(service, [service.roles[body["name"]]], "add")
        except nodes.CannotDeploy as error:
            service.state = ServiceState.FAILED_DEPLOYING
            raise Refused(str(error)) from error
        service.state = ServiceState.DEPLOYING

    def _after_add(self, service: Service, role: Role, _: Result) -> None:
        role.state, service.state = RoleState.RUNNING, ServiceState.RUNNING
        if service.all_running:
            self.watchdog.add(service)

    def remove_role(self, service_id: int, role_name: str | None) -> None:
        """Remove a role from a running service.

        Raises:
            Refused: Not running, no such role, or its VMs cannot be ended.
        """
        service = self.service(service_id)
        if service.state is not ServiceState.RUNNING:
            raise Refused(f"Cannot modify roles in state: {service.state.name}")
        role = service.roles.get(role_name) if role_name is not None else None
        if role is None:
            raise Refused(f"Role {'' if role_name is None else role_name} does not exist")
        self.watchdog.remove(service_id)
        try:
            self._undeploy_each([role], "remove")
        except nodes.CannotShutDown as error:
            service.state = ServiceState.FAILED_UNDEPLOYING
            raise Refused(str(error)) from error
        service.state = ServiceState.UNDEPLOYING

    def _after_remove(self, service: Service, role: Role, _: Result) -> None:
        service.body["roles"] = [part for part in service.body["roles"] if part["name"] != role.name]
        del service.roles[role.name]
        if service.all_done:
            self._remove(service)
            return
        service.state = ServiceState.RUNNING
        if service.all_running:
            self.watchdog.add(service)

    # ------------------------------------------------------------------------------------------------ watch dog

    def node_failed(self, service_id: int, role: str) -> None:
        """A VM is powered off, unknown or failed: the service warns."""
        service = self._present(service_id)
        if service is None or role not in service.roles:
            return
        if service.state is not ServiceState.WARNING:
            service.state = ServiceState.WARNING
        service.roles[role].state = RoleState.WARNING

    def node_ended(self, service_id: int, role: str, vm_id: int) -> None:
        """A VM was ended by someone else: the role has one less."""
        service = self._present(service_id)
        if service is None or role not in service.roles:
            return
        losing = service.roles[role]
        if vm_id not in losing.node_ids:
            return
        if losing.cardinality > 0:
            losing.set_cardinality(losing.cardinality - 1)
        _lose(losing, {vm_id})
        if service.to_delete_itself(losing):
            self._delete_itself(service)

    def node_runs(self, service_id: int, role: str) -> None:
        """A VM runs: so does the role, whatever its other VMs do, and the service if all roles do."""
        service = self._present(service_id)
        if service is None or role not in service.roles:
            return
        running = service.roles[role]
        if running.state is not RoleState.RUNNING:
            running.state = RoleState.RUNNING
        if service.all_running and service.state is not ServiceState.RUNNING:
            service.state = ServiceState.RUNNING
        if service.to_delete_itself(running):
            self._delete_itself(service)


_DEPLOYING = {
    "deploy": (RoleState.DEPLOYING, RoleState.FAILED_DEPLOYING),
    "scaleup": (RoleState.SCALING, RoleState.FAILED_SCALING),
    "add": (RoleState.DEPLOYING, RoleState.FAILED_DEPLOYING),
}
_UNDEPLOYING = {
    "undeploy": (RoleState.UNDEPLOYING, RoleState.FAILED_UNDEPLOYING),
    "scaledown": (RoleState.SCALING, RoleState.FAILED_SCALING),
    "remove": (RoleState.UNDEPLOYING, RoleState.FAILED_UNDEPLOYING),
}
_FAILED = {
    "deploy": (ServiceState.FAILED_DEPLOYING, RoleState.FAILED_DEPLOYING),
    "release": (ServiceState.FAILED_DEPLOYING, RoleState.FAILED_DEPLOYING),
    "add": (ServiceState.FAILED_DEPLOYING, RoleState.FAILED_DEPLOYING),
    "hold": (ServiceState.FAILED_DEPLOYING, RoleState.FAILED_DEPLOYING),
    "undeploy": (ServiceState.FAILED_UNDEPLOYING, RoleState.FAILED_UNDEPLOYING),
    "remove": (ServiceState.FAILED_UNDEPLOYING, RoleState.FAILED_UNDEPLOYING),
    "scaleup": (ServiceState.FAILED_SCALING, RoleState.FAILED_SCALING),
    "scaledown": (ServiceState.FAILED_SCALING, RoleState.FAILED_SCALING),
}


def _lose(role: Role, numbers: set[int]) -> None:
    role.body["nodes"] = [node for node in role.nodes if node["deploy_id"] not in numbers]


def _forced(cardinality: int, force: Any) -> bool:
    """OneFlow puts `force` into a JSON text and parses that: nothing at all, or a word, does not parse."""
    shown = "" if force is None else force if isinstance(force, str) else json.dumps(force)
    try:
        parsed = ruby.json_parse(f'{{ "cardinality" : {cardinality},\n  "force" : {shown} }}')
    except ruby.JsonError as error:
        raise ruby.RubyError(str(error)) from error
    return parsed["force"] is True


def _out_of_range(role: Role, cardinality: int, *, forced: bool) -> str | None:
    if forced:
        return None
    if cardinality < (role.min_vms or 0):
        return f"Minimum cardinality is {'' if role.min_vms is None else role.min_vms}"
    if role.max_vms is not None and cardinality > role.max_vms:
        return f"Maximum cardinality is {role.max_vms}"
    return None


def _recoverable_deploy(role: Role) -> bool:
    if role.state is not RoleState.PENDING:
        return role.state in {RoleState.FAILED_DEPLOYING, RoleState.DEPLOYING}
    known = role.service.roles
    return all(known[name].state is RoleState.RUNNING for name in role.parents if name in known)


def _recoverable_undeploy(role: Role) -> bool:
    if role.state in {RoleState.FAILED_UNDEPLOYING, RoleState.UNDEPLOYING}:
        return True
    return not any(
        role.name in other.parents and other.state is not RoleState.DONE for other in role.service if other is not role
    )
