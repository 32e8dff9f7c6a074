"""OneGate's REST interface (`onegate-server.rb` of the release and the recordings)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from harness.cloud import token
from harness.cloud.embedded import ruby
from harness.cloud.embedded.flow.errors import Refused
from harness.cloud.embedded.flow.lifecycle import LifeCycle
from harness.cloud.embedded.gate import shown
from harness.cloud.embedded.gate.escape import escape
from harness.cloud.embedded.oned import raw
from harness.cloud.embedded.oned.core import RETRY, Oned
from harness.cloud.embedded.oned.errors import OneError
from harness.cloud.embedded.oned.objects import DOCUMENT_SERVICE, Document
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.embedded.settings import GateSettings
from harness.cloud.embedded.web import Request, Response

_JSON = "application/json;charset=utf-8"
_BROKEN = "Internal server error"
_DELETE = 2

Route = Callable[[Request, re.Match[str]], Response]


class _Halt(Exception):
    """The answer is known."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _answer(status: int, body: str = "") -> Response:
    return Response(status, body, {"Content-Type": _JSON})


class GateRest:
    """OneGate.

    Args:
        lifecycle: OneFlow's.
        settings: OneGate's.
    """

    def __init__(self, lifecycle: LifeCycle, settings: GateSettings) -> None:
        self._life = lifecycle
        self._oned: Oned = lifecycle.oned
        self._settings = settings
        routes: list[tuple[str, str, Route]] = [
            ("GET", "/", self._index),
            ("GET", "/vm", self._show_vm),
            ("PUT", "/vm", self._update_vm),
            ("GET", "/service", self._show_service),
            ("GET", "/vms/([^/]+)", self._show_other),
            ("PUT", "/vms/([^/]+)", self._update_other),
            ("POST", "/vms/([^/]+)/action", self._act_on_other),
            ("PUT", "/service/role/([^/]+)", self._scale),
        ]
        self._routes = [(method, re.compile(path), route) for method, path, route in routes]

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        for method, path, route in self._routes:
            found = path.fullmatch(request.path)
            if found and method == request.method:
                return self._guarded(partial(route, request, found))
        return _answer(400, "OneGate server doesn't support this feature")

    @staticmethod
    def _guarded(route: Callable[[], Response]) -> Response:
        try:
            return route()
        except _Halt as halt:
            # The handler of errors overwrites the text of every 500 that is not an exception.
            return _answer(halt.status, _BROKEN if halt.status == 500 else str(halt))  # noqa: PLR2004 - HTTP's
        except (ruby.RubyError, ruby.JsonError) as error:
            return _answer(500, str(error))

    # ------------------------------------------------------------------------------------------------ who asks

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("x-onegate-token")
        number = request.headers.get("x-onegate-vmid", request.query.get("id"))
        if given is None or number is None or not self._holds(given, number):
            raise _Halt(401, "Not authorized")

    def _holds(self, given: str, number: str) -> bool:
        vm = self._oned.pools.vms.get(ruby.to_i(number))
        if vm is None:
            return False
        owner = self._oned.pools.users.get(vm.uid)
        if owner is None:
            return False
        try:
            return token.read(given, owner.token_password) == (str(vm.id), str(vm.born))
        except token.BadToken:
            return False

    def _source(self, request: Request) -> Vm:
        """The VM of the header; without one it is VM 0, whoever's token was given as `?id=`."""
        self._authenticate(request)
        return self._vm(ruby.to_i(request.headers.get("x-onegate-vmid")))

    def _vm(self, number: int) -> Vm:
        try:
            return self._oned.vm(number)
        except OneError as error:
            raise _Halt(404, f"[one.vm.info] {error}") from error

    def _service_of(self, source: Vm) -> Document:
        values = source.user_template.get("SERVICE_ID", [""])
        number = values[0] if isinstance(values[0], str) else ""
        if not re.search(r"^\d+$", number, re.MULTILINE):
            raise _Halt(400, "Empty or invalid SERVICE_ID")
        found = self._oned.pools.documents.get(ruby.to_i(number))
        if found is None or found.kind != DOCUMENT_SERVICE:
            raise _Halt(404, f"Service {number} not found")
        return found

    def _service_with(self, vm_id: int, source: Vm) -> Document:
        """The source's service; a VM that is not in its nodes has faked its SERVICE_ID."""
        document = self._service_of(source)
        nodes = {node["deploy_id"] for role in document.body["roles"] for node in role.get("nodes") or []}
        if vm_id not in nodes:
            raise _Halt(400, f"Service {document.id} does not contain VM {vm_id}.")
        return document

    def _requested(self, request: Request, found: re.Match[str]) -> Vm:
        source, number = self._source(request), ruby.to_i(found.group(1))
        if source.id == number:
            return source
        if "SERVICE_ID" not in source.user_template:
            text = (
                "This VM does not belong to any Virtual Router or Service, so it cannot retrieve information "
                "from other VMs"
            )
            raise _Halt(400, text)
        self._service_with(number, source)
        return self._vm(number)

    # ------------------------------------------------------------------------------------------------ routes

    def _index(self, request: Request, found: re.Match[str]) -> Response:
        del found
        self._authenticate(request)
        base = f"http://{request.headers.get('host', '')}"
        return _answer(200, ruby.json_dump({"vm_info": f"{base}/vm", "service_info": f"{base}/service"}))

    def _show_vm(self, request: Request, found: re.Match[str]) -> Response:
        del found
        source = self._source(request)
        return self._shown(source, shown.vm_hash(source))

    def _show_other(self, request: Request, found: re.Match[str]) -> Response:
        return self._shown(self._source(request), shown.vm_hash(self._requested(request, found)))

    def _show_service(self, request: Request, found: re.Match[str]) -> Response:
        del found
        source = self._source(request)
        document = self._service_with(source.id, source)
        # Any value of `extended` counts, "false" included.
        service = shown.service_hash(document, self._oned, extended="extended" in request.query)
        return self._shown(source, service)

    def _shown(self, source: Vm, document: dict[str, Any]) -> Response:
        return _answer(200, self._oned.hypervisor.seen_by(source.id, ruby.json_dump(document)))

    def _update_vm(self, request: Request, found: re.Match[str]) -> Response:
        del found
        return self._update(self._source(request), request)

    def _update_other(self, request: Request, found: re.Match[str]) -> Response:
        return self._update(self._requested(request, found), request)

    def _update(self, vm: Vm, request: Request) -> Response:
        given = request.parameters
        kind = ruby.to_i(given["type"]) if "type" in given else 1
        text = escape(given.get("data", request.text))
        self._check_restricted(text, "cannot be modified" if kind == 1 else "cannot be deleted")
        if kind == 1:
            self._change(vm, text, append=True)
        elif kind != _DELETE:
            # OneGate then looks for an attribute of that text, and stores nothing.
            return _answer(200)
        elif text not in vm.user_template:
            raise _Halt(500, "attribute not found")
        else:
            rest = {name: values for name, values in vm.user_template.items() if name != text}
            self._change(vm, raw.write(rest), append=False)
        return _answer(200)

    def _change(self, vm: Vm, text: str, *, append: bool) -> None:
        try:
            self._oned.update_vm(vm.id, text, append=append)
        except OneError as error:
            raise _Halt(500, f"[one.vm.update] {error}") from error

    def _check_restricted(self, text: str, what: str) -> None:
        for line in text.split("\n"):
            name = line.split("=")[0]
            if name.upper() in self._settings.restricted_attributes:
                raise _Halt(403, f"Attribute ({name}) {what}")

    def _scale(self, request: Request, found: re.Match[str]) -> Response:
        source = self._source(request)
        document = self._service_with(source.id, source)
        body, role = ruby.json_parse(request.text), found.group(1)
        cardinality = body.get("cardinality") if isinstance(body, dict) else None
        try:
            self._life.scale(document.id, role, ruby.to_i(cardinality), force=False)
        except (Refused, ruby.RubyError) as error:
            text = f"Error performing action on service {document.id} role {role}"
            raise _Halt(400, text) from error
        return _answer(200)

    def _act_on_other(self, request: Request, found: re.Match[str]) -> Response:
        vm = self._requested(request, found)
        action = self._action(request.text)
        perform = action.get("perform") if isinstance(action, dict) else None
        if isinstance(perform, str) and perform.lower() in self._settings.restricted_actions:
            raise _Halt(403, f"Action ({perform}) is not allowed on this resource")
        self._perform(vm, str(perform), action.get("params") if isinstance(action, dict) else None)
        return Response(204, "", {"Content-Type": _JSON})

    @staticmethod
    def _action(text: str) -> Any:
        try:
            parsed = ruby.json_parse(text)
        except ruby.JsonError as error:
            raise _Halt(400, str(error)) from error
        if not isinstance(parsed, dict) or "action" not in parsed:
            raise _Halt(400, "Error parsing JSON: Wrong resource type")
        return parsed["action"]

    def _perform(self, vm: Vm, perform: str, params: Any) -> None:
        # `hard` is whatever is given as params.
        hard = "-hard" if params else ""
        known = {
            "terminate": f"terminate{hard}",
            "shutdown": f"terminate{hard}",
            "delete": "terminate-hard",
            "poweroff": f"poweroff{hard}",
            "reboot": f"reboot{hard}",
            "undeploy": f"undeploy{hard}",
        }
        plain = {"hold", "resume", "release", "stop", "suspend", "resched", "unresched"}
        try:
            if perform in known or perform in plain:
                self._oned.act(vm.id, known.get(perform, perform))
            elif perform == "recover":
                self._oned.recover(vm.id, ruby.to_i(params if params is not None else RETRY))
            else:
                raise _Halt(500, f"{perform} action not  available for this resource")
        except OneError as error:
            raise _Halt(500, str(error)) from error
