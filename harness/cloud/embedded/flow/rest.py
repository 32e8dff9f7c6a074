"""OneFlow's REST interface.

Errors are plain text; what OneFlow does not expect is a JSON object with `message` and `reason`, the reason being
Ruby's. Source: `oneflow-server.rb` of the release and the recordings.
"""

from __future__ import annotations

import copy
import html
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from harness.cloud.embedded import ruby, users
from harness.cloud.embedded.flow import inputs, shown, template
from harness.cloud.embedded.flow.errors import Refused
from harness.cloud.embedded.flow.lifecycle import LifeCycle
from harness.cloud.embedded.flow.validator import Invalid
from harness.cloud.embedded.oned.errors import OneError
from harness.cloud.embedded.oned.objects import DOCUMENT_SERVICE, DOCUMENT_SERVICE_TEMPLATE, Document
from harness.cloud.embedded.settings import User
from harness.cloud.embedded.web import Request, Response
from harness.cloud.states import RoleState, ServiceState

_HTML = "text/html;charset=utf-8"
_OCTET = 3
_SCHEDULED_ACTIONS = frozenset(
    {
        "terminate",
        "terminate-hard",
        "undeploy",
        "undeploy-hard",
        "hold",
        "release",
        "stop",
        "suspend",
        "resume",
        "reboot",
        "reboot-hard",
        "poweroff",
        "poweroff-hard",
        "snapshot-create",
        "snapshot-revert",
        "snapshot-delete",
        "disk-snapshot-create",
        "disk-snapshot-revert",
        "disk-snapshot-delete",
    }
)

Route = Callable[[Request, User, re.Match[str]], Response]


def _answer(status: int, body: str = "") -> Response:
    if status == 204:  # noqa: PLR2004 - HTTP's "no content"
        # The server closes the connection when it sends no body.
        return Response(status, "", {"X-Content-Type-Options": "nosniff", "Connection": "close", "Server": "thin"})
    headers = {
        "Content-Type": _HTML,
        "X-XSS-Protection": "1; mode=block",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Connection": "keep-alive",
        "Server": "thin",
    }
    return Response(status, body, headers)


def _broken(reason: str) -> Response:
    return _answer(500, ruby.json_dump({"message": "Internal server error", "reason": reason}))


def _no_index(line: str, caret: int) -> ruby.RubyError:
    return ruby.RubyError(f"undefined method `[]' for nil:NilClass\n\n{line}\n{' ' * caret}^^^^^^^^^^")


def _get(value: Any, key: str, line: str, caret: int) -> Any:
    """`value[key]` as Ruby does it with whatever JSON gave."""
    if value is None:
        raise _no_index(line, caret)
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list):
        raise ruby.RubyError("no implicit conversion of String into Integer")
    return key if isinstance(value, str) and key in value else None


class FlowRest:
    """OneFlow's REST interface.

    Args:
        lifecycle: Does what is asked.
    """

    def __init__(self, lifecycle: LifeCycle) -> None:
        self._life = lifecycle
        self._oned = lifecycle.oned
        routes: list[tuple[str, str, Route]] = [
            ("GET", "/service", self._list_services),
            ("GET", "/service/([^/]+)", self._show_service),
            ("DELETE", "/service/([^/]+)", self._delete_service),
            ("PUT", "/service/([^/]+)", self._update_service),
            ("POST", "/service/([^/]+)/action", self._act_on_service),
            ("POST", "/service/([^/]+)/role/([^/]+)/action", self._act_on_role),
            ("POST", "/service/([^/]+)/scale", self._scale),
            ("POST", "/service/([^/]+)/role_action", self._change_roles),
            ("POST", "/service_pool/purge_done", self._purge),
            ("GET", "/service_template", self._list_templates),
            ("POST", "/service_template", self._create_template),
            ("GET", "/service_template/([^/]+)", self._show_template),
            ("PUT", "/service_template/([^/]+)", self._update_template),
            ("DELETE", "/service_template/([^/]+)", self._delete_template),
            ("POST", "/service_template/([^/]+)/action", self._act_on_template),
        ]
        self._routes = [(method, re.compile(path), route) for method, path, route in routes]

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        user, tried = users.by_basic_auth(request.headers, self._oned.pools.users.values())
        if user is None:
            return _answer(401, "Invalid credentials" if tried else "A username and password must be provided")
        for method, path, route in self._routes:
            found = path.fullmatch(request.path)
            if found and method == request.method:
                return self._guarded(partial(route, request, user, found))
        return _unknown(request)

    @staticmethod
    def _guarded(route: Callable[[], Response]) -> Response:
        try:
            return route()
        except Refused as refused:
            return _answer(refused.status, str(refused))
        except (ruby.RubyError, ruby.JsonError) as error:
            return _broken(str(error))
        except (TypeError, AttributeError, LookupError, ValueError) as error:
            # A part of the body has a type that nobody thought of. OneFlow breaks down on it too, in words of Ruby's.
            return _broken(f"unexpected type in the body: {error}")

    # ------------------------------------------------------------------------------------------------ services

    def _list_services(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del request, user, found
        return _answer(200, shown.pool(self._documents(DOCUMENT_SERVICE)))

    def _documents(self, kind: int) -> list[Document]:
        return [item for item in self._oned.pools.documents.values() if item.kind == kind]

    def _show_service(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del request, user
        return _answer(200, shown.one(self._document(found.group(1), DOCUMENT_SERVICE)))

    def _document(self, number: str, kind: int) -> Document:
        try:
            document = self._oned.document(ruby.to_i(number))
        except OneError as error:
            raise Refused(f"[one.document.info] {error}", 404) from error
        if document.kind != kind:
            raise Refused(f"[DocumentInfo] Error getting document [{document.id}].")
        return document

    def _delete_service(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del request, user
        self._life.undeploy(self._document(found.group(1), DOCUMENT_SERVICE).id)
        return _answer(204)

    def _update_service(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del user
        given, append = self._new_body(request)
        number = self._document(found.group(1), DOCUMENT_SERVICE).id
        self._life.update(number, given, append=append)
        return _answer(204)

    @staticmethod
    def _new_body(request: Request) -> tuple[dict[str, Any], bool]:
        try:
            given = ruby.json_parse(request.text)
            if not isinstance(given, dict):
                name = f"{ruby.inspect(given)}:{ruby.class_name(given)}"
                line = "        if json_template.key?('append')"
                raise ruby.RubyError(f"undefined method `key?' for {name}\n\n{line}\n{' ' * 24}^^^^^")
            if "append" in given:
                if "template" not in given:
                    raise Refused("Missing template to append", 400)
                if not isinstance(given["template"], str):
                    kind = ruby.class_name(given["template"])
                    raise ruby.RubyError(f"no implicit conversion of {kind} into String")
                inner = ruby.json_parse(given["template"])
                if given["append"]:
                    return inner, True
                given = inner
            # Checked on a copy: what is stored is what was sent, without defaults.
            template.check(copy.deepcopy(given))
        except (Invalid, ruby.JsonError) as error:
            raise Refused(str(error), 400) from error
        return given, False

    def _act_on_service(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del user
        action = _get(ruby.json_parse(request.text), "action", "", 0)
        options = _get(action, "params", "    opts   = action['params']", 19)
        number = ruby.to_i(found.group(1))
        perform = _get(action, "perform", "", 0)
        known: dict[str, Callable[[int, Any], None]] = {
            "recover": self._recover,
            "chown": self._chown,
            "chgrp": self._chown,
            "chmod": self._chmod,
            "rename": self._rename,
            "release": lambda service, _: self._life.release(service),
        }
        if perform in known:
            known[perform](number, options)
        elif perform in _SCHEDULED_ACTIONS:
            line = "        opts['period'] ||= conf[:action_period]"
            self._life.schedule_action(number, None, perform, self._timing(options, line, 12))
        else:
            raise Refused(f"Action {'' if perform is None else perform} not supported")
        return _answer(204)

    def _recover(self, service: int, options: Any) -> None:
        self._life.recover(service, delete=bool(isinstance(options, dict) and options.get("delete")))

    def _chown(self, service: int, options: Any) -> None:
        if not isinstance(options, dict) or not (options.get("owner_id") or options.get("group_id")):
            raise Refused("Action chown: You have to specify a UID")
        document = self._life.service(service).document
        owner = self._oned.pools.users.get(ruby.to_i(options.get("owner_id", document.uid)))
        if owner is None:
            raise Refused(f"[one.document.chown] Error getting user [{options.get('owner_id')}].", 404)
        document.uid, document.uname = owner.id, owner.name

    def _chmod(self, service: int, options: Any) -> None:
        if not isinstance(options, dict) or not options.get("octet"):
            raise Refused("Action chmod: You have to specify an OCTET")
        _set_permissions(self._life.service(service).document, str(options["octet"]))

    def _rename(self, service: int, options: Any) -> None:
        if not isinstance(options, dict) or not options.get("name"):
            raise Refused("Action rename: You have to specify a name")
        self._life.service(service).document.name = str(options["name"])

    def _timing(self, options: Any, line: str, caret: int) -> tuple[Any, Any]:
        if options is None:
            raise _no_index(line, caret)
        settings = self._life.settings
        return options.get("period") or settings.action_period, options.get("number") or settings.action_number

    def _act_on_role(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del user
        action = _get(ruby.json_parse(request.text), "action", "", 0)
        options = _get(action, "params", "    opts   = action['params']", 19)
        timing = self._timing(options, "    opts['period'] ||= conf[:action_period]", 8)
        perform = str(_get(action, "perform", "", 0))
        self._life.schedule_action(ruby.to_i(found.group(1)), found.group(2), perform, timing)
        return _answer(204)

    def _scale(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del user
        body = ruby.json_parse(request.text)
        if not isinstance(body, dict):
            _get(body, "role_name", "                          call_body['role_name'],", 35)
            body = {}
        name, cardinality = body.get("role_name"), ruby.to_i(body.get("cardinality"))
        self._life.scale(ruby.to_i(found.group(1)), name, cardinality, body.get("force"))
        return _answer(204)

    def _change_roles(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del user
        action = _get(ruby.json_parse(request.text), "action", "", 0)
        options = _get(action, "params", "    opts   = action['params']", 19)
        number, perform = ruby.to_i(found.group(1)), _get(action, "perform", "", 0)
        if perform == "add_role":
            role = _get(options, "role", "", 0)
            try:
                body = copy.deepcopy(role) if isinstance(role, dict) else ruby.json_parse(str(role))
                template.check_role(body)
            except (Invalid, ruby.JsonError) as error:
                raise Refused(str(error), 400) from error
            self._life.add_role(number, body)
        elif perform == "remove_role":
            self._life.remove_role(number, _get(options, "role", "", 0))
        else:
            raise Refused(f"Action {'' if perform is None else perform} not supported")
        return _answer(204)

    def _purge(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del request, user, found
        for document in self._documents(DOCUMENT_SERVICE):
            if document.body.get("state") == ServiceState.DONE:
                del self._oned.pools.documents[document.id]
        return _answer(204)

    # ------------------------------------------------------------------------------------------------ templates

    def _list_templates(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del request, user, found
        return _answer(200, shown.pool(self._documents(DOCUMENT_SERVICE_TEMPLATE)))

    def _create_template(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del found
        body = self._checked(request.text)
        body["registration_time"] = self._oned.now
        document = self._oned.add_document(DOCUMENT_SERVICE_TEMPLATE, body["name"], body, user)
        return _answer(201, shown.one(document))

    @staticmethod
    def _checked(text: str) -> Any:
        try:
            body = ruby.json_parse(text)
            template.check(body)
        except (Invalid, ruby.JsonError) as error:
            raise Refused(str(error), 400) from error
        return body

    def _template(self, found: re.Match[str]) -> Document:
        return self._document(found.group(1), DOCUMENT_SERVICE_TEMPLATE)

    def _show_template(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del request, user
        return _answer(200, shown.one(self._template(found)))

    def _update_template(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del user
        document = self._template(found)
        try:
            self._replace(document, ruby.json_parse(request.text), append=False)
        except (Invalid, ruby.JsonError) as error:
            raise Refused(str(error), 400) from error
        return _answer(200, shown.one(document))

    @staticmethod
    def _replace(document: Document, given: dict[str, Any], *, append: bool) -> None:
        registered = document.body.get("registration_time")
        if append:
            changed = given.get("registration_time") is not None
            given = {**document.body, **given}
        else:
            if given.get("registration_time") is None:
                given["registration_time"] = registered
            changed = given["registration_time"] != registered
        if changed:
            raise Refused("Immutable value: `service_template/registration_time` can not be changed")
        template.check(given)
        document.body = given

    def _delete_template(self, request: Request, user: User, found: re.Match[str]) -> Response:
        del user
        document = self._template(found)
        try:
            wanted = ruby.json_parse(request.text)
            kind = wanted.get("delete_type") if isinstance(wanted, dict) else None
        except ruby.JsonError:
            kind = None
        if kind not in {None, "none"}:
            for number in {ruby.to_i(role.get("template_id")) for role in document.body["roles"]}:
                if number not in self._oned.pools.templates:
                    raise Refused(f"[one.template.info] Error getting virtual machine template [{number}].", 404)
                del self._oned.pools.templates[number]
        del self._oned.pools.documents[document.id]
        return _answer(204)

    def _act_on_template(self, request: Request, user: User, found: re.Match[str]) -> Response:
        action = _get(ruby.json_parse(request.text), "action", "", 0)
        options = _get(action, "params", "    opts   = action['params']", 19) or {}
        perform = _get(action, "perform", "", 0)
        if perform == "instantiate":
            return self._instantiate(self._template(found), options, user)
        if perform == "clone":
            return self._clone(self._template(found), options, user)
        document = self._template(found)
        if perform == "rename":
            document.name = str(options.get("name"))
        elif perform == "chmod" and options.get("octet"):
            _set_permissions(document, str(options["octet"]))
        elif perform == "update" and options.get("template_json"):
            try:
                given = ruby.json_parse(options["template_json"])
                self._replace(document, given, append=options.get("append") is True)
            except (Invalid, ruby.JsonError) as error:
                raise Refused(str(error), 400) from error
        else:
            # OneFlow makes an error of this, and then does not send it.
            return _answer(200)
        return _answer(204)

    def _instantiate(self, document: Document, options: Any, user: User) -> Response:
        merge = copy.deepcopy(options.get("merge_template")) or {}
        inputs.check(document.body, merge)
        try:
            body = template.instantiated(document.body, merge)
            template.check(body)
        except Invalid as error:
            raise Refused(str(error)) from error
        body["state"] = int(ServiceState.PENDING)
        for role in body["roles"]:
            role.setdefault("state", int(RoleState.PENDING))
        body["start_time"] = self._oned.now
        service = self._oned.add_document(DOCUMENT_SERVICE, body["name"], body, user)
        answer = shown.one(service)
        self._life.begin(service.id)
        return _answer(201, answer)

    def _clone(self, document: Document, options: Any, user: User) -> Response:
        if options.get("recursive", "none") != "none":
            raise Refused("recursive clones are not supported by the embedded OpenNebula")
        body = {**copy.deepcopy(document.body), "registration_time": self._oned.now}
        clone = self._oned.add_document(DOCUMENT_SERVICE_TEMPLATE, str(options.get("name")), body, user)
        return _answer(201, shown.one(clone))


def _set_permissions(document: Document, octet: str) -> None:
    digits = octet.rjust(_OCTET, "0")[-_OCTET:]
    for who, digit in zip(("OWNER", "GROUP", "OTHER"), digits, strict=True):
        for right, weight in (("U", 4), ("M", 2), ("A", 1)):
            document.permissions[f"{who}_{right}"] = "1" if ruby.to_i(digit) & weight else "0"


def _unknown(request: Request) -> Response:
    host = request.headers.get("host", "127.0.0.1")
    verb, path = request.method.lower(), html.escape(request.path).replace("/", "&#x2F;")
    page = f"""<!DOCTYPE html>
<html>
<head>
  <style type="text/css">
  body {{ text-align:center;font-family:helvetica,arial;font-size:22px;
    color:#888;margin:20px}}
  #c {{margin:0 auto;width:500px;text-align:left}}
  </style>
</head>
<body>
  <h2>Sinatra doesn\u2019t know this ditty.</h2>
  <img src='http://{host}/__sinatra__/404.png'>
  <div id="c">
    Try this:
    <pre>{verb} &#x27;{path}&#x27; do
  &quot;Hello World&quot;
end
</pre>
  </div>
</body>
</html>
"""
    answer = _answer(404, page)
    return Response(404, page, {**answer.headers, "X-Cascade": "pass"})
