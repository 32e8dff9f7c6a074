"""oned: VMs and VM templates, by pyone."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pyone
import requests

from harness.cloud import token
from harness.cloud.endpoints import Endpoints
from harness.cloud.errors import CloudRefused, CloudUnreachable
from harness.cloud.http import LIMIT
from harness.cloud.states import LcmState, VmState
from harness.waiting import wait_until

_ALL, _ANY, _LIVING = -2, -1, -1
_APPEND = 1

T = TypeVar("T")


@dataclass(frozen=True)
class VmSeen:
    """A VM, as it was seen.

    Attributes:
        id: Its number.
        name: Its name.
        owner: Number of the user whose it is.
        born: Its STIME, seconds since the epoch.
        state: Its state.
        lcm: Its LCM state; a number that is not known here stays a number.
        user_template: Its user template.
        template: Its template.
        monitoring: Its last monitoring record.
    """

    id: int
    name: str
    owner: int
    born: int
    state: VmState
    lcm: LcmState | int
    user_template: Mapping[str, Any]
    template: Mapping[str, Any]
    monitoring: Mapping[str, Any]

    @property
    def running(self) -> bool:
        """Whether it is ACTIVE and RUNNING."""
        return self.state is VmState.ACTIVE and self.lcm is LcmState.RUNNING


def _lcm(number: int) -> LcmState | int:
    try:
        return LcmState(number)
    except ValueError:
        return number


def _seen(vm: Any) -> VmSeen:
    monitoring = vm.MONITORING if isinstance(vm.MONITORING, Mapping) else _fields(vm.MONITORING)
    return VmSeen(
        vm.ID,
        vm.NAME,
        vm.UID,
        vm.STIME,
        VmState(vm.STATE),
        _lcm(vm.LCM_STATE),
        dict(vm.USER_TEMPLATE or {}),
        dict(vm.TEMPLATE or {}),
        monitoring,
    )


def _fields(value: Any) -> dict[str, Any]:
    return {name: item for name, item in vars(value).items() if name.isupper()} if value is not None else {}


def _limited(one: Any, limit: float) -> Any:
    """Give pyone a time limit for each call.

    pyone's own `timeout` sets the default of every socket of the process, and its requests do not heed it (measured
    with 7.0.2 and 7.3.80: a silent server blocks it for ever).
    """
    transport = one("transport")
    session = requests.Session()
    # Proxies of the environment are for the outside world, not for a cloud's own endpoints.
    session.trust_env = False
    session.headers = {"User-Agent": transport.user_agent, "Content-Type": "text/xml", "Accept": "*/*"}

    def request(host: str, handler: str, body: bytes, verbose: object = False) -> Any:  # noqa: FBT002 - xmlrpc's
        del verbose
        scheme = "https" if transport.use_https else "http"
        url = f"{scheme}://{host}{handler}"
        answer = session.post(url, data=body, timeout=limit, verify=transport.https_verify)
        if not answer.ok:
            raise xmlrpc.client.ProtocolError(url, answer.status_code, answer.reason, dict(answer.headers))
        return transport.parse_response(answer)

    transport.request = request
    return one


class Oned:
    """oned, as a user of the cloud.

    Every method raises pyone's own exceptions (`OneNoExistsException`, `OneActionException`, …) when oned refuses, and
    `CloudUnreachable` when it does not answer in time.

    Args:
        endpoints: Where it is, and as whom.
        limit: Seconds for one call.
    """

    def __init__(self, endpoints: Endpoints, *, limit: float = LIMIT) -> None:
        self.one = _limited(pyone.OneServer(endpoints.oned, session=endpoints.session), limit)
        self._where, self._limit = endpoints.oned, limit

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except requests.exceptions.Timeout as error:
            raise CloudUnreachable(f"{self._where} did not answer within {self._limit:g} s") from error
        except requests.exceptions.ConnectionError as error:
            raise CloudUnreachable(f"{self._where} cannot be reached: {error}") from error

    def version(self) -> str:
        """Its version, e.g. `7.0.2`."""
        return str(self._ask(self.one.system.version))

    def create_template(self, text: str) -> int:
        """Register a VM template (`NAME="…"` and so on); returns its number."""
        return int(self._ask(lambda: self.one.template.allocate(text)))

    def instantiate(self, template: int, name: str, extra: str = "") -> int:
        """Make a VM of a template, outside any service; returns its number."""
        hold = persistent = False
        return int(self._ask(lambda: self.one.template.instantiate(template, name, hold, extra, persistent)))

    def vm(self, number: int) -> VmSeen:
        """A VM as it is now, DONE ones included."""
        return _seen(self._ask(lambda: self.one.vm.info(number)))

    def vms(self) -> list[VmSeen]:
        """All VMs that are not DONE, the youngest first."""
        pool = self._ask(lambda: self.one.vmpool.infoextended(_ALL, _ANY, _ANY, _LIVING))
        return [_seen(vm) for vm in pool.VM]

    def token(self, number: int) -> str:
        """The OneGate token of a VM, as it finds it in its context; for its owner or the administrator.

        Raises:
            CloudRefused: The owner has no TOKEN_PASSWORD, or it is not shown.
        """
        vm, decrypt = self.vm(number), True
        template = self._ask(lambda: self.one.user.info(vm.owner, decrypt)).TEMPLATE
        password = (template or {}).get("TOKEN_PASSWORD")
        if not password:
            raise CloudRefused(f"the token of VM {number}", 403, f"user {vm.owner} shows no TOKEN_PASSWORD")
        return token.make(number, vm.born, password)

    def update(self, number: int, **attributes: str | float) -> None:
        """Set attributes of a VM's user template."""
        text = "\n".join(f'{name}="{value}"' for name, value in attributes.items())
        self._ask(lambda: self.one.vm.update(number, text, _APPEND))

    def act(self, number: int, action: str) -> None:
        """Do something with a VM behind OneFlow's back: terminate, poweroff-hard, resume and others."""
        self._ask(lambda: self.one.vm.action(action, number))

    def wait(self, number: int, state: VmState, lcm: LcmState = LcmState.LCM_INIT, *, timeout: float) -> VmSeen:
        """Wait until a VM is in a state.

        Raises:
            WaitTimeout: It was not, within `timeout` seconds.
        """
        return wait_until(
            lambda: self.vm(number),
            lambda vm: (vm.state, vm.lcm) == (state, lcm),
            what=f"VM {number} in {state.name}/{lcm.name}",
            timeout=timeout,
        )
