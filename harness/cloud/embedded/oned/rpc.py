"""oned's XML-RPC interface: the calls that are here, and a clear error for every other `one.*` call.

An answer is `[true, value, 0]` or `[false, text, code, id, -1]`. Source: `RequestManager*.cc` of the release, and what
pyone 7.0.2 and 7.3.80 were seen to send.
"""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable, Iterable
from typing import Any
from xml.parsers.expat import ExpatError

from harness.cloud.embedded import users
from harness.cloud.embedded.oned import raw, xml
from harness.cloud.embedded.oned.core import VERSION, Oned
from harness.cloud.embedded.oned.errors import Code, OneError, missing
from harness.cloud.embedded.oned.objects import Image
from harness.cloud.embedded.oned.vm import Vm
from harness.cloud.embedded.settings import User
from harness.cloud.embedded.web import Request, Response
from harness.cloud.states import VmState

Call = Callable[..., Any]

_NO_SUCH_METHOD = -506
_ALL, _LIVING = -2, -1
_MINE = -3
_APPEND = 1


class OnedRpc:
    """The XML-RPC interface.

    Args:
        oned: The core.
    """

    def __init__(self, oned: Oned) -> None:
        self._oned = oned
        self._calls: dict[str, Call] = {
            "system.version": self._version,
            "user.info": self._user,
            "userpool.info": self._users,
            "hostpool.info": self._hosts,
            "host.info": self._host,
            "templatepool.info": self._templates,
            "template.info": self._template,
            "template.allocate": self._allocate_template,
            "template.update": self._update_template,
            "template.delete": self._delete_template,
            "template.instantiate": self._instantiate,
            "vm.info": self._vm,
            "vm.update": self._update_vm,
            "vm.action": self._act,
            "vm.recover": self._recover,
            "vm.rename": self._rename_vm,
            "vm.monitoring": self._vm_monitoring,
            "vmpool.info": self._vms,
            "vmpool.infoextended": self._vms_extended,
            "vmpool.infoset": self._vms_of,
            "vmpool.monitoring": self._monitoring,
            "documentpool.info": self._documents,
            "document.info": self._document,
            "imagepool.info": self._images,
            "image.info": self._image,
            "image.allocate": self._allocate_image,
            "image.delete": self._delete_image,
        }

    def handle(self, request: Request) -> Response:
        """Answer an HTTP request to `/RPC2`."""
        if request.path != "/RPC2" or request.method != "POST":
            return Response(404, "", {"Content-Type": "text/plain"})
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        try:
            arguments, method = xmlrpc.client.loads(request.body)
        except (ExpatError, xmlrpc.client.Error, TypeError, ValueError) as error:
            fault = xmlrpc.client.Fault(-503, f"Call is not valid XML. {error}")
            return Response(200, xmlrpc.client.dumps(fault), headers)
        answer = self.call(method or "", list(arguments))
        if isinstance(answer, xmlrpc.client.Fault):
            return Response(200, xmlrpc.client.dumps(answer), headers)
        return Response(200, xmlrpc.client.dumps((answer,), methodresponse=True), headers)

    def call(self, method: str, arguments: list[Any]) -> list[Any] | xmlrpc.client.Fault:
        """Answer one call; the first argument is the session, `name:password`."""
        if not method.startswith("one."):
            return xmlrpc.client.Fault(_NO_SUCH_METHOD, f"Method '{method}' not defined")
        try:
            user = self._user_of(arguments[0] if arguments else "")
            value = self._calls.get(method.removeprefix("one."), _not_here)(user, *arguments[1:])
        except OneError as error:
            return [False, f"[{method}] {error}", int(error.code), error.about, -1]
        except (TypeError, ValueError, AttributeError) as error:
            # Wrong number or type of arguments: what xmlrpc-c answers.
            return xmlrpc.client.Fault(-501, f"Wrong arguments for {method}: {error}")
        return [True, value, 0]

    def _user_of(self, session: object) -> User:
        name, _, password = str(session).partition(":")
        found = users.find(self._oned.pools.users.values(), name, password)
        if found is None:
            raise OneError(Code.AUTHENTICATION, "User couldn't be authenticated, aborting call.")
        return found

    # ------------------------------------------------------------------------------------------------ system, users

    @staticmethod
    def _version(user: User) -> str:
        del user
        return VERSION

    def _user(self, user: User, number: int = -1, decrypt: object = None) -> str:
        del decrypt
        wanted = user if number == -1 else self._oned.pools.users.get(number)
        if wanted is None:
            raise missing("user", number)
        return xml.user(wanted, secrets=user.id == 0 or user is wanted)

    def _users(self, user: User) -> str:
        inner = "".join(xml.user(item, secrets=user.id == 0) for item in self._oned.pools.users.values())
        return f"<USER_POOL>{inner}</USER_POOL>"

    # ------------------------------------------------------------------------------------------------ hosts

    def _on(self, host_id: int) -> list[int]:
        placed = (vm for vm in self._oned.pools.vms.values() if vm.placement and vm.state is VmState.ACTIVE)
        return [vm.id for vm in placed if vm.placement and vm.placement.host_id == host_id]

    def _hosts(self, user: User) -> str:
        del user
        hosts = sorted(self._oned.pools.hosts.values(), key=lambda host: host.id, reverse=True)
        return f"<HOST_POOL>{''.join(xml.host(host, self._on(host.id)) for host in hosts)}</HOST_POOL>"

    def _host(self, user: User, number: int, decrypt: object = None) -> str:
        del user, decrypt
        if number not in self._oned.pools.hosts:
            raise missing("host", number)
        return xml.host(self._oned.pools.hosts[number], self._on(number))

    # ------------------------------------------------------------------------------------------------ templates

    def _templates(self, user: User, *window: int) -> str:
        found = _window(self._oned.pools.templates.values(), user, *window[:3])
        return f"<VMTEMPLATE_POOL>{''.join(xml.template(item) for item in found)}</VMTEMPLATE_POOL>"

    def _template(self, user: User, number: int, *more: object) -> str:
        del user, more
        return xml.template(self._oned.template(number))

    def _allocate_template(self, user: User, text: str) -> int:
        try:
            name = raw.parse(text).get("NAME", [""])[0]
        except raw.TemplateError as error:
            raise OneError(Code.INTERNAL, f"Cannot allocate the template. Parse error: {error}") from error
        if not isinstance(name, str) or not name:
            raise OneError(Code.ALLOCATE, "Error allocating a new virtual machine template. No NAME in template.")
        if any(item.name == name for item in self._oned.pools.templates.values()):
            text = f"Error allocating a new virtual machine template. NAME is already taken by TEMPLATE {name}."
            raise OneError(Code.ALLOCATE, text)
        return self._oned.add_template(name, text, user).id

    def _update_template(self, user: User, number: int, text: str, how: int = 0) -> int:
        del user
        template = self._oned.template(number)
        try:
            given = raw.parse(text)
        except raw.TemplateError as error:
            raise OneError(Code.INTERNAL, f"Cannot update template. Parse error: {error}") from error
        template.attributes = raw.merged(template.attributes, given) if how == _APPEND else given
        return number

    def _delete_template(self, user: User, number: int, *more: object) -> int:
        del user, more
        self._oned.template(number)
        del self._oned.pools.templates[number]
        return number

    def _instantiate(
        self, user: User, number: int, name: str = "", hold: object = 0, extra: str = "", *more: object
    ) -> int:
        del more
        return self._oned.instantiate(number, name, extra, user, hold=bool(hold))

    # ------------------------------------------------------------------------------------------------ VMs

    def _vm(self, user: User, number: int, decrypt: object = None) -> str:
        del user, decrypt
        vm = self._oned.vm(number)
        self._oned.probe(vm)
        return xml.vm(vm)

    def _update_vm(self, user: User, number: int, text: str, how: int = 0) -> int:
        del user
        self._oned.update_vm(number, text, append=how == _APPEND)
        return number

    def _act(self, user: User, action: str, number: int) -> int:
        del user
        self._oned.act(number, action)
        return number

    def _recover(self, user: User, number: int, operation: int) -> int:
        del user
        self._oned.recover(number, operation)
        return number

    def _rename_vm(self, user: User, number: int, name: str) -> int:
        del user
        vm = self._oned.vm(number)
        vm.name = name
        vm.changed()
        return number

    def _vm_monitoring(self, user: User, number: int, *more: object) -> str:
        del user, more
        vm = self._oned.vm(number)
        self._oned.probe(vm)
        return f"<MONITORING_DATA>{xml.monitoring(vm)}</MONITORING_DATA>"

    def _chosen(self, user: User, flag: int, first: int = -1, last: int = -1, state: int = _LIVING) -> list[Vm]:
        vms = _window(self._oned.pools.vms.values(), user, flag, first, last)
        if state == _ALL:
            return vms
        if state == _LIVING:
            return [vm for vm in vms if vm.state is not VmState.DONE]
        return [vm for vm in vms if vm.state == state]

    def _vms(self, user: User, flag: int, *more: Any) -> str:
        vms = self._chosen(user, flag, *more[:3])
        return f"<VM_POOL>{''.join(xml.vm(vm, extended=False) for vm in vms)}</VM_POOL>"

    def _vms_extended(self, user: User, flag: int, *more: Any) -> str:
        self._oned.living()
        return f"<VM_POOL>{''.join(xml.vm(vm) for vm in self._chosen(user, flag, *more[:3]))}</VM_POOL>"

    def _vms_of(self, user: User, numbers: str, extended: object = 1) -> str:
        wanted = {int(number) for number in numbers.split(",") if number.strip()}
        vms = [vm for vm in self._chosen(user, _ALL, -1, -1, _ALL) if vm.id in wanted]
        return f"<VM_POOL>{''.join(xml.vm(vm, extended=bool(extended)) for vm in vms)}</VM_POOL>"

    def _monitoring(self, user: User, flag: int, *more: object) -> str:
        del more
        self._oned.living()
        inner = "".join(xml.monitoring(vm) for vm in self._chosen(user, flag))
        return f"<MONITORING_DATA>{inner}</MONITORING_DATA>"

    # ------------------------------------------------------------------------------------------------ documents

    def _documents(self, user: User, flag: int, first: int, last: int, kind: int) -> str:
        found = [item for item in self._oned.pools.documents.values() if item.kind == kind]
        chosen = _window(found, user, flag, first, last)
        return f"<DOCUMENT_POOL>{''.join(xml.document(item) for item in chosen)}</DOCUMENT_POOL>"

    def _document(self, user: User, number: int, decrypt: object = None) -> str:
        del user, decrypt
        return xml.document(self._oned.document(number))

    # ------------------------------------------------------------------------------------------------ images

    def _images(self, user: User, *window: int) -> str:
        found = _window(self._oned.pools.images.values(), user, *window[:3])
        return f"<IMAGE_POOL>{''.join(xml.image(item) for item in found)}</IMAGE_POOL>"

    def _image(self, user: User, number: int, decrypt: object = None) -> str:
        del user, decrypt
        if number not in self._oned.pools.images:
            raise missing("image", number)
        return xml.image(self._oned.pools.images[number])

    def _allocate_image(self, user: User, text: str, datastore: int, *more: object) -> int:
        del datastore, more
        try:
            attributes = raw.parse(text)
        except raw.TemplateError as error:
            raise OneError(Code.INTERNAL, f"Cannot allocate the image. Parse error: {error}") from error
        texts = {name: values[0] for name, values in attributes.items() if isinstance(values[0], str)}
        failed = "Error allocating a new image."
        if not texts.get("NAME"):
            raise OneError(Code.ALLOCATE, f"{failed} No NAME in template.")
        taken = next((item for item in self._oned.pools.images.values() if item.name == texts["NAME"]), None)
        if taken is not None:
            # oned answers this with a code that no exception of pyone's stands for.
            raise OneError(Code.ALLOCATE, f"{failed} NAME is already taken by IMAGE {taken.id}.")
        if texts.get("TYPE", "").upper() != "DATABLOCK" or not texts.get("SIZE", "").isdecimal():
            raise OneError(Code.ALLOCATE, f"{failed} The embedded OpenNebula has only data blocks with a SIZE.")
        number = self._oned.image_numbers.take()
        image = Image(number, texts["NAME"], user.id, user.name, int(texts["SIZE"]), attributes, self._oned.now)
        self._oned.pools.images[number] = image
        return number

    def _delete_image(self, user: User, number: int, *more: object) -> int:
        del user, more
        if number not in self._oned.pools.images:
            raise missing("image", number)
        del self._oned.pools.images[number]
        return number


def _not_here(user: User, *arguments: object) -> str:
    del user, arguments
    raise OneError(Code.INTERNAL, "Not supported by the embedded OpenNebula.")


def _window(items: Iterable[Any], user: User, flag: int = _ALL, first: int = -1, last: int = -1) -> list[Any]:
    """What a pool shows: the youngest first; of the user alone, of all, or between two numbers."""
    chosen = sorted(items, key=lambda item: item.id, reverse=True)
    if flag in {_MINE, 0} or flag > 0:
        owner = user.id if flag == _MINE else flag
        chosen = [item for item in chosen if item.uid == owner]
    if first >= 0:
        chosen = [item for item in chosen if item.id >= first]
    if last >= 0:
        chosen = [item for item in chosen if item.id <= last]
    return chosen
