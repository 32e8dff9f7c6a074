"""The network of a scenario: a bridge without a way out, with addresses that are known before anything has them."""

from __future__ import annotations

import ipaddress
import secrets

import docker
import psutil
from docker.errors import APIError
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool
from filelock import FileLock

from harness.errors import SetupFailed
from harness.hypervisor.docker.engine import EngineFailed, asking, labels
from harness.hypervisor.site import SUPERLINK, TOXIPROXY
from harness.sessions import state_root

_ATTEMPTS = 20
_FIXED = {SUPERLINK: 2, TOXIPROXY: 3}
"""Places in the network; the gateway, which is this machine, has the first."""
_FIRST_NODE = 10


class ScenarioNetwork:
    """A network of a scenario.

    Docker gives a container a fixed address only in a network whose subnet was given, and knows best which subnets are
    free: a network that it chose the subnet of is made first, and made again with that subnet.

    Args:
        client: Of the engine.
        session_id: Of the session.
        scenario: Label of the scenario.

    Raises:
        SetupFailed: This machine cannot reach it: the engine does not run here.
        EngineFailed: The engine refuses.
    """

    def __init__(self, client: docker.DockerClient, session_id: str, scenario: str) -> None:
        self._client = client
        self._labels = labels(session_id, scenario)
        self.name = f"harness-{session_id}-{secrets.token_hex(3)}"
        state_root().mkdir(parents=True, exist_ok=True)
        with FileLock(state_root() / "docker-network.lock"), asking("make a network"):
            self.network, self._subnet = self._make()
        gateway = str(self._subnet[1])
        if not any(it.address == gateway for addresses in psutil.net_if_addrs().values() for it in addresses):
            self.remove()
            raise SetupFailed(
                f"the Docker engine does not run on this machine: its network's gateway {gateway} is not an address of "
                "this machine, so that containers could not be reached; use an engine of this machine (Linux, rootful)"
            )

    def address(self, name: str) -> str:
        """The address of the program of that name: `superlink`, `toxiproxy`, `supernode-1`, ….

        Raises:
            EngineFailed: The subnet is too small for it.
        """
        place = _FIXED.get(name)
        if place is None:
            number = name.rpartition("-")[2]
            place = _FIRST_NODE + int(number)
        if place >= self._subnet.num_addresses - 1:
            raise EngineFailed(f"Docker's network {self._subnet} has no address for {name}")
        return str(self._subnet[place])

    def remove(self) -> None:
        """Remove it; containers have to be gone."""
        with asking(f"remove the network {self.name}"):
            self.network.remove()

    def _make(self) -> tuple[Network, ipaddress.IPv4Network]:
        for attempt in range(1, _ATTEMPTS + 1):
            chosen = self._create(None)
            subnet = _subnet(chosen)
            chosen.remove()
            try:
                return self._create(subnet), subnet
            except APIError:
                # Somebody else took it in between.
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _create(self, subnet: ipaddress.IPv4Network | None) -> Network:
        ipam = None
        if subnet is not None:
            ipam = IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))])
        # Internal: Flower and its app have nobody to talk to outside.
        return self._client.networks.create(
            self.name, driver="bridge", internal=True, labels=self._labels, ipam=ipam, check_duplicate=True
        )


def _subnet(network: Network) -> ipaddress.IPv4Network:
    network.reload()
    for pool in network.attrs["IPAM"]["Config"]:
        subnet = ipaddress.ip_network(pool["Subnet"])
        if isinstance(subnet, ipaddress.IPv4Network):
            return subnet
    raise EngineFailed("Docker gave a network no IPv4 subnet")
