"""OneGate, as a VM sees it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from harness.cloud.http import LIMIT, Http
from harness.errors import InputError


class OneGate:
    """OneGate, for one VM; a context manager.

    Every method raises `CloudRefused` when OneGate refuses, and `CloudUnreachable` when it does not answer in time.

    Args:
        endpoint: Its URL.
        vm_id: Number of the VM.
        token: Its token.
        limit: Seconds for one request.
    """

    def __init__(self, endpoint: str, vm_id: int, token: str, *, limit: float = LIMIT) -> None:
        headers = {"X-ONEGATE-TOKEN": token, "X-ONEGATE-VMID": str(vm_id)}
        self.http = Http(endpoint, headers=headers, limit=limit)

    @classmethod
    def of_context(cls, context: Mapping[str, str], *, limit: float = LIMIT) -> OneGate:
        """OneGate as the context of a VM describes it.

        Raises:
            InputError: The context has no endpoint, number or token.
        """
        names = ("ONEGATE_ENDPOINT", "VMID", "ONEGATE_TOKEN")
        missing = [name for name in names if not context.get(name)]
        if missing:
            raise InputError(f"the VM's context lacks {', '.join(missing)}; OneGate needs TOKEN=YES in the template")
        endpoint, number, token = (context[name] for name in names)
        return cls(endpoint, int(number), token, limit=limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.http.close()

    def put(self, **attributes: str | float) -> None:
        """Set attributes of the VM's user template, one line `NAME=value` each, without blanks around the `=`."""
        self.put_text("\n".join(f"{name}={value}" for name, value in attributes.items()))

    def put_text(self, text: str) -> None:
        """Send a body as it is, to see what OneGate makes of it."""
        self.http.send("PUT", "/vm", content=text)

    def ready(self) -> None:
        """Report that the VM is ready, which a service with `ready_status_gate` waits for."""
        self.put(READY="YES")

    def vm(self) -> dict[str, Any]:
        """The VM: its name, state, user template and addresses."""
        found: dict[str, Any] = self.http.send("GET", "/vm").json()["VM"]
        return found

    def service(self, *, extended: bool = False) -> dict[str, Any]:
        """The VM's service: its roles and their VMs, whole ones with `extended`."""
        path = "/service?extended=true" if extended else "/service"
        found: dict[str, Any] = self.http.send("GET", path).json()["SERVICE"]
        return found

    def put_peer(self, vm_id: int, **attributes: str | float) -> None:
        """Set attributes of another VM of the service."""
        text = "\n".join(f"{name}={value}" for name, value in attributes.items())
        self.http.send("PUT", f"/vms/{vm_id}", content=text)

    def scale(self, role: str, cardinality: int) -> None:
        """Give a role of the VM's service another cardinality."""
        self.http.send("PUT", f"/service/role/{role}", json={"cardinality": cardinality})
