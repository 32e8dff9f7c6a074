"""The recorded steps of pyone, done by the pyone that is installed against the embedded cloud's own sockets."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

import pyone

from harness.cloud.embedded.cloud import EmbeddedCloud
from harness.cloud.embedded.oned.objects import DOCUMENT_SERVICE, Image
from harness.cloud.embedded.settings import Settings
from harness.cloud.fidelity.compare import difference
from harness.cloud.fidelity.recording import PyoneSteps
from harness.cloud.fidelity.replay import Outcome
from harness.cloud.fidelity.world import TEMPLATE
from harness.errors import InputError, WaitTimeout
from harness.hypervisor.dummy import DummyHypervisor
from harness.ports import Ports
from harness.waiting import wait_until

_SECONDS = 10
_PLACEMENT = 0.5
_ALL, _LIVING = -2, -1
_MISSING = 999_999
_RUNNING = (3, 3)
_NEW_VM = (0, "pyone-vm", False, 'FL_ROLE="x"', False)
_TAG = re.compile(r"</?[A-Z_]\w*>")
_FREE = re.compile(r"0x[0-9a-f]+|port=\d+")


def steps(recording: PyoneSteps) -> Outcome:
    """Do the steps of a recording and compare what each gives or raises.

    Raises:
        InputError: A step is none that is known here.
    """
    with EmbeddedCloud(DummyHypervisor(), Settings(placement_seconds=_PLACEMENT)) as cloud:
        done = _Steps(recording, cloud)
        for index, step in enumerate(recording.steps):
            if step["step"] not in done.known():
                place = f"{recording.name}.json: the field steps[{index}].step"
                raise InputError(f"{place}: {step['step']!r} is no step that is known here")
        for equal, step in enumerate(recording.steps):
            if (found := done.compare(step)) is not None:
                return Outcome(len(recording.steps), equal, f"{step['step']}: {found}")
    return Outcome(len(recording.steps), len(recording.steps), None)


class _Steps:
    def __init__(self, recording: PyoneSteps, cloud: EmbeddedCloud) -> None:
        self._cloud = cloud
        self._vm = int(_result(recording, "template.instantiate", "0"))
        self._session = cloud.endpoints.session
        self._one = self._client(self._session)
        with cloud.front_end() as front:
            user = front.oned.pools.users[0]
            front.oned.add_template("flower-vm", TEMPLATE, user)
            front.oned.vm_numbers.expect([self._vm])
            front.oned.add_document(DOCUMENT_SERVICE, "someone-elses", {"name": "someone-elses", "roles": []}, user)
            if _result(recording, "imagepool.info", "[]") != "[]":
                number = front.oned.image_numbers.take()
                front.oned.pools.images[number] = Image(number, "img1", 0, user.name, 10)

    def _client(self, session: str) -> Any:
        return pyone.OneServer(self._cloud.endpoints.oned, session=session)

    def known(self) -> dict[str, Callable[[], Any]]:
        """What each step does, by its name."""
        one, vm = self._one, self._vm
        return {
            "system.version": one.system.version,
            "hostpool.info": lambda: [(h.ID, h.NAME, h.STATE) for h in one.hostpool.info().HOST],
            "templatepool.info": lambda: [(t.ID, t.NAME) for t in one.templatepool.info(_ALL, -1, -1).VMTEMPLATE],
            "template.instantiate": lambda: one.template.instantiate(*_NEW_VM),
            "vm.info": self._whole,
            "vm running": self._state,
            "vm.update append str": lambda: one.vm.update(vm, 'FL_CLIENT_STATUS="IDLE"', 1),
            "vm.update append dict": lambda: one.vm.update(vm, {"TEMPLATE": {"FL_DICT": 1}}, 1),
            "vm.info USER_TEMPLATE": lambda: dict(self._info().USER_TEMPLATE),
            "vm.info types": self._types,
            "vmpool.info": lambda: [(v.ID, v.NAME, v.STATE) for v in one.vmpool.info(_ALL, -1, -1, _LIVING).VM],
            "vmpool.infoextended": lambda: [
                (v.ID, dict(v.USER_TEMPLATE)) for v in one.vmpool.infoextended(_ALL, -1, -1, _LIVING).VM
            ],
            "vmpool.info empty": lambda: list(one.vmpool.info(_ALL, _MISSING, _MISSING, _LIVING).VM),
            "vm.action bad": lambda: one.vm.action("fly", vm),
            "vm.action poweroff-hard": lambda: one.vm.action("poweroff-hard", vm),
            "state after poweroff": self._state,
            "vm.action resume": lambda: one.vm.action("resume", vm),
            "vm.action poweroff (soft)": self._poweroff,
            "state": self._state,
            "vm.action terminate": lambda: one.vm.action("terminate", vm),
            "state after terminate": self._state,
            "vm.action terminate again": lambda: one.vm.action("terminate", vm),
            "vm.info missing": lambda: one.vm.info(_MISSING),
            "imagepool.info": lambda: list(one.imagepool.info(_ALL, -1, -1).IMAGE),
            "image.info missing": lambda: one.image.info(0),
            "image.allocate DATABLOCK": lambda: one.image.allocate("NAME=img1\nTYPE=DATABLOCK\nSIZE=10", 1),
            "image.info": self._image,
            "bad session": lambda: self._client("oneadmin:wrong").vmpool.info(_ALL, -1, -1, _LIVING),
            "no server": self._nobody,
            "documentpool.info 100": lambda: one.documentpool.info(_ALL, -1, -1, DOCUMENT_SERVICE),
        }

    def compare(self, step: Mapping[str, Any]) -> str | None:
        """Where a step differs, or None. States are waited for: the recorder looked when they had been reached."""
        if "state" in step["step"] or step["step"] == "vm running":
            return self._compare_state(step)
        try:
            value = self.known()[step["step"]]()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is compared
            return _raised(step, error)
        if not step["ok"]:
            return f"recorded {step['exception']}, embedded {value!r}"
        return self._unlike(str(step["result"]), value)

    def _compare_state(self, step: Mapping[str, Any]) -> str | None:
        wanted = ast.literal_eval(str(step["result"]))
        try:
            wait_until(
                self._state, lambda seen: seen == wanted, what=f"the VM in {wanted}", timeout=_SECONDS, poll=0.02
            )
        except WaitTimeout as late:
            return f"recorded {wanted}, embedded {late.last_seen}"
        return None

    def _unlike(self, recorded: str, value: Any) -> str | None:
        try:
            wanted = ast.literal_eval(recorded)
        except (SyntaxError, ValueError):
            return _texts_unlike(recorded, value)
        if isinstance(wanted, list) and any(isinstance(item, tuple) and item[0] == self._vm for item in wanted):
            # Other scenarios had VMs on the same front end.
            wanted = [item for item in wanted if item[0] == self._vm]
        if isinstance(wanted, str) or isinstance(value, str):
            wanted = recorded
        return difference(_plain(wanted), _plain(value))

    def _info(self) -> Any:
        return self._one.vm.info(self._vm)

    def _state(self) -> tuple[int, int]:
        vm = self._info()
        return vm.STATE, vm.LCM_STATE

    def _whole(self) -> tuple[Any, ...]:
        vm = self._info()
        return vm.ID, vm.NAME, vm.STATE, vm.LCM_STATE, _dicts(vm.USER_TEMPLATE), _endpoint_free(_dicts(vm.TEMPLATE))

    def _types(self) -> tuple[str, str, str]:
        vm = self._info()
        return type(vm).__name__, type(vm.USER_TEMPLATE).__name__, type(vm.ID).__name__

    def _poweroff(self) -> Any:
        # The recorder let the resume before it come to its end.
        wait_until(self._state, lambda seen: seen == _RUNNING, what="the resumed VM", timeout=_SECONDS, poll=0.02)
        return self._one.vm.action("poweroff", self._vm)

    def _image(self) -> tuple[Any, ...]:
        image = self._one.image.info(0)
        return image.ID, image.NAME, image.STATE, image.SIZE, image.TYPE

    @staticmethod
    def _nobody() -> Any:
        with Ports() as ports:
            url = f"http://127.0.0.1:{ports.take()}/RPC2"
            return pyone.OneServer(url, session="a:b").system.version()


def _result(recording: PyoneSteps, name: str, otherwise: str) -> str:
    found = (step for step in recording.steps if step["step"] == name and step["ok"])
    return str(next((step["result"] for step in found), otherwise))


def _raised(step: Mapping[str, Any], error: Exception) -> str | None:
    kind = f"{type(error).__module__}.{type(error).__name__}"
    embedded = f"{kind} {_FREE.sub('', str(error))}"
    if step["ok"]:
        return f"recorded {step['result']!r}, embedded {embedded}"
    recorded = f"{step['exception']} {_FREE.sub('', step['message'])}"
    return None if _form(recorded) == _form(embedded) else f"recorded {recorded}, embedded {embedded}"


def _form(text: str) -> str:
    # Where the connection's library puts the object or its address into the text differs by its version.
    head, found, _ = text.partition("(Caused by")
    return head if found else text


def _texts_unlike(recorded: str, value: Any) -> str | None:
    if recorded.startswith("<") and not recorded.startswith("<pyone"):
        # The recorder kept the beginning of the object's XML; names and numbers in it are another scenario's.
        wanted, tags = _TAG.findall(recorded), _tags(value)
        return None if tags[: len(wanted)] == wanted else f"recorded {wanted}, embedded {tags[: len(wanted)]}"
    wanted_text, text = _FREE.sub("", recorded), _FREE.sub("", value if isinstance(value, str) else repr(value))
    return None if wanted_text == text else f"recorded {wanted_text}, embedded {text}"


def _tags(value: Any) -> list[str]:
    return _TAG.findall(str(value))


def _dicts(value: Any) -> Any:
    return {key: _dicts(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _endpoint_free(template: Any) -> Any:
    context = template.get("CONTEXT", {})
    if "ONEGATE_ENDPOINT" in context:
        # Ours listens on a port of its own.
        context["ONEGATE_ENDPOINT"] = "http://127.0.0.1:5030"
    return template


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value
