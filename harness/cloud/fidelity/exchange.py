"""Sending a recorded request to the embedded cloud, and comparing the answer."""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from harness.cloud import token
from harness.cloud.embedded.front_end import FrontEnd
from harness.cloud.embedded.web import Request, Response, request_of
from harness.cloud.fidelity.compare import TIMES, difference
from harness.cloud.fidelity.recording import Exchange, Trace
from harness.cloud.fidelity.world import PASSWORD

_BYTES = re.compile(r"b'.*'|b\".*\"", re.DOTALL)
_NO_LENGTH = "Content-Length"
_UNAUTHORIZED = 401


class Sender:
    """Sends recorded requests.

    Args:
        trace: The recording.
    """

    def __init__(self, trace: Trace) -> None:
        self._config = trace.config
        self._shown: dict[str, Mapping[str, Any]] = {}
        self._tokens = {
            headers["X-ONEGATE-TOKEN"]: headers["X-ONEGATE-VMID"]
            for exchange in trace.exchanges
            if (headers := exchange.raw.get("request_headers") or {})
            and "X-ONEGATE-VMID" in headers
            and "X-ONEGATE-TOKEN" in headers
            and exchange.raw["status"] != _UNAUTHORIZED
        }
        self._born = self._birth_times(trace)

    @staticmethod
    def _birth_times(trace: Trace) -> dict[str, str]:
        """STIME of VMs whose token the recording takes apart."""
        found = (note.raw for note in trace.notes if "token_password" in note.raw)
        return {note["context"]["VMID"]: note["vm_stime"] for note in found}

    def send(self, exchange: Exchange, front: FrontEnd) -> str | None:
        """Send a request now; returns where the answer differs, or None.

        The answer's effect on the cloud stays, whatever the answer is.
        """
        if exchange.proto == "xmlrpc":
            return self._call(exchange, front)
        handle = front.flow.handle if exchange.proto == "oneflow" else front.gate.handle
        response = handle(self._request(exchange, front))
        unlike = _unlike(exchange.raw, response, front)
        document = (exchange.raw["response_body"] or {}) if isinstance(exchange.raw["response_body"], dict) else {}
        if exchange.raw["method"] == "GET" and "DOCUMENT" in document:
            self._shown[exchange.raw["path"]] = document["DOCUMENT"]["TEMPLATE"]["BODY"]
        return unlike or _effect_unlike(exchange.raw, front)

    @staticmethod
    def _call(exchange: Exchange, front: FrontEnd) -> str | None:
        session = f"oneadmin:{PASSWORD}"
        arguments = [session if item == "<session>" else item for item in exchange.raw["args"]]
        answer = front.rpc.call(exchange.raw["method"], arguments)
        recorded = exchange.raw["response"]
        if not isinstance(answer, list):
            return f"response: recorded {recorded!r}, embedded fault {answer.faultString!r}"
        return difference([_parsed(item) for item in recorded], [_parsed(item) for item in answer], "response")

    def _request(self, exchange: Exchange, front: FrontEnd) -> Request:
        raw = exchange.raw
        headers = dict(raw.get("request_headers") or {})
        settings = self._config.get("oneflow-server.conf" if exchange.proto == "oneflow" else "onegate-server.conf", {})
        headers["Host"] = f"{settings.get('host', '127.0.0.1')}:{settings.get('port', '2474')}"
        auth = raw.get("auth")
        if auth:
            credentials = auth.partition(" ")[2].replace(":*", f":{PASSWORD}")
            headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        if headers.get("X-ONEGATE-TOKEN"):
            headers["X-ONEGATE-TOKEN"] = self._token(headers["X-ONEGATE-TOKEN"], front)
        return request_of(raw["method"], raw["path"], headers, self._body(raw, front))

    def _token(self, recorded: str, front: FrontEnd) -> str:
        """The embedded cloud's token of the VM that the recorded one was of; a forged one stays forged."""
        password = next(iter(front.oned.pools.users.values())).token_password
        number, born = self._tokens.get(recorded), None
        if number is None:
            try:
                number, born = token.read(recorded, password)
            except token.BadToken:
                return recorded
        vm = front.oned.pools.vms.get(int(number))
        if vm is None:
            return recorded
        if born is not None and self._born.get(number, born) != born:
            return token.make(vm.id, int(born), password)
        return front.oned.token_of(vm)

    def _body(self, raw: Mapping[str, Any], front: FrontEnd) -> bytes:
        body = raw.get("body")
        if body is None:
            return b""
        if isinstance(body, str):
            # The recorder wrote a body of bytes as Python shows them.
            return ast.literal_eval(body) if _BYTES.fullmatch(body) else body.encode()
        shown = self._shown.get(raw["path"])
        if raw["method"] == "PUT" and shown is not None:
            number = int(raw["path"].split("/")[2])
            document = front.oned.pools.documents.get(number)
            if document is not None:
                body = _with_times(body, shown, document.body)
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _with_times(given: Any, shown: Any, embedded: Any) -> Any:
    """A body that was read, changed and sent back, with the embedded cloud's times where it has the recorded ones."""
    if isinstance(given, dict) and isinstance(shown, dict) and isinstance(embedded, dict):
        return {
            key: embedded[key]
            if key in TIMES and key in embedded and value == shown.get(key)
            else _with_times(value, shown.get(key), embedded.get(key))
            for key, value in given.items()
        }
    if isinstance(given, list) and isinstance(shown, list) and isinstance(embedded, list):
        rest = given[min(len(shown), len(embedded)) :]
        return [_with_times(*items) for items in zip(given, shown, embedded, strict=False)] + rest
    return given


def _unlike(raw: Mapping[str, Any], response: Response, front: FrontEnd) -> str | None:
    if raw["status"] != response.status:
        return f"status: recorded {raw['status']}, embedded {response.status} {response.body[:200]!r}"
    recorded_type, embedded_type = raw.get("response_content_type"), response.headers.get("Content-Type")
    if recorded_type != embedded_type:
        return f"content type: recorded {recorded_type!r}, embedded {embedded_type!r}"
    recorded: Any = raw["response_body"]
    embedded: Any = response.body
    if isinstance(recorded, dict | list):
        try:
            embedded = json.loads(response.body)
        except ValueError:
            return f"response_body: recorded JSON, embedded {response.body[:200]!r}"
        recorded = _without_strangers(recorded, front)
    headers = raw.get("response_headers")
    return difference(recorded, embedded, "response_body") or (_headers_unlike(headers, response) if headers else None)


def _headers_unlike(recorded: Mapping[str, str], response: Response) -> str | None:
    wanted = {name: value for name, value in recorded.items() if name != _NO_LENGTH}
    return difference(wanted, dict(response.headers), "response_headers")


def _without_strangers(recorded: Any, front: FrontEnd) -> Any:
    """A recorded list of documents without those of other scenarios on the same front end."""
    pool = recorded.get("DOCUMENT_POOL") if isinstance(recorded, dict) else None
    if not isinstance(pool, dict) or "DOCUMENT" not in pool:
        return recorded
    own = [item for item in pool["DOCUMENT"] if int(item["ID"]) in front.oned.pools.documents]
    return {"DOCUMENT_POOL": {"DOCUMENT": own} if own else {}}


def _effect_unlike(raw: Mapping[str, Any], front: FrontEnd) -> str | None:
    """What the recorder found in the VM's user template afterwards, as pyone shows it: the last of equal names."""
    recorded = raw.get("user_template_after")
    if recorded is None:
        return None
    vm = front.oned.vm(int(raw["request_headers"]["X-ONEGATE-VMID"]))
    shown = vm.whole()["USER_TEMPLATE"]
    return difference(
        recorded,
        {name: value[-1] if isinstance(value, list) else value for name, value in shown.items()},
        "user_template_after",
    )


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("<"):
        return value
    root = ET.fromstring(value)  # noqa: S314 - of a recording, or our own
    return {root.tag: _tree(root)}


def _tree(element: ET.Element) -> Any:
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _tree(child)
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[child.tag] = value
    return found
