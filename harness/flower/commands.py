"""The command lines and the surroundings of Flower's processes.

Flower's own flags for 1.25 and 1.31 (`flower-superlink --help`, `flower-supernode --help`).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.flower.versions import FlowerEnvironment
from harness.hypervisor.process import LOOPBACK

__all__ = [
    "LOOPBACK",
    "SuperLinkOptions",
    "SuperNodeOptions",
    "Tls",
    "appliance",
    "run_config",
    "superlink",
    "supernode",
    "surroundings",
]


@dataclass(frozen=True)
class Tls:
    """Certificates of a SuperLink whose SAN names `localhost`, 127.0.0.1 and where else it is reached."""

    ca_certificate: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class SuperLinkOptions:
    """How a SuperLink is started.

    Attributes:
        fleet_port: Where SuperNodes connect (Fleet API).
        control_port: Where `flwr` and the observer connect (Control API).
        serverappio_port: Where its own ServerApps connect.
        database: File of its state; None keeps the state in memory.
        tls: Certificates; None runs it with `--insecure`.
        node_authentication: Admit only SuperNodes whose key was registered (`--enable-supernode-auth`); needs TLS.
        host: Address of its Fleet and its Control API.
    """

    fleet_port: int
    control_port: int
    serverappio_port: int
    database: Path | None = None
    tls: Tls | None = None
    node_authentication: bool = False
    host: str = LOOPBACK


@dataclass(frozen=True)
class SuperNodeOptions:
    """How a SuperNode is started.

    Attributes:
        superlink_port: Port on which it finds the Fleet API: its link.
        clientappio_port: Where its own ClientApps connect.
        node_config: Key and value pairs of `--node-config`.
        max_retries: `--max-retries`; None leaves the flag out.
        max_wait_time: `--max-wait-time`, seconds; None leaves the flag out.
        tls: The SuperLink's certificates; None connects with `--insecure`.
        key: Private key of SuperNode authentication.
        superlink_host: Address at which it finds the Fleet API.
    """

    superlink_port: int
    clientappio_port: int
    node_config: Mapping[str, int | str] = field(default_factory=dict)
    max_retries: int | None = None
    max_wait_time: float | None = None
    tls: Tls | None = None
    key: Path | None = None
    superlink_host: str = LOOPBACK


def superlink(flower: FlowerEnvironment, options: SuperLinkOptions) -> list[str]:
    """The command line of a SuperLink."""
    argv = [
        str(flower.command("flower-superlink")),
        "--fleet-api-address", f"{options.host}:{options.fleet_port}",
        "--control-api-address", f"{options.host}:{options.control_port}",
        "--serverappio-api-address", f"{LOOPBACK}:{options.serverappio_port}",
    ]  # fmt: skip
    if options.tls is None:
        argv.append("--insecure")
    else:
        argv += ["--ssl-ca-certfile", str(options.tls.ca_certificate)]
        argv += ["--ssl-certfile", str(options.tls.certificate), "--ssl-keyfile", str(options.tls.key)]
    if options.node_authentication:
        argv.append("--enable-supernode-auth")
    if options.database is not None:
        argv += ["--database", str(options.database)]
    return argv


def supernode(flower: FlowerEnvironment, options: SuperNodeOptions) -> list[str]:
    """The command line of a SuperNode."""
    argv = [
        str(flower.command("flower-supernode")),
        "--superlink", f"{options.superlink_host}:{options.superlink_port}",
        "--clientappio-api-address", f"{LOOPBACK}:{options.clientappio_port}",
    ]  # fmt: skip
    if options.node_config:
        argv += ["--node-config", " ".join(f"{key}={_toml(value)}" for key, value in options.node_config.items())]
    if options.tls is None:
        argv.append("--insecure")
    else:
        argv += ["--root-certificates", str(options.tls.ca_certificate)]
    if options.key is not None:
        argv += ["--auth-supernode-private-key", str(options.key)]
    if options.max_retries is not None:
        argv += ["--max-retries", str(options.max_retries)]
    if options.max_wait_time is not None:
        argv += ["--max-wait-time", str(options.max_wait_time)]
    return argv


def appliance(flower: FlowerEnvironment, options: SuperNodeOptions) -> dict[str, str] | None:
    """The context variables that make an edge appliance start the same SuperNode (fixtures/appliance/README.md).

    Its ClientApps write their events to standard output: the harness's folders are not there.

    Returns:
        None when no appliance can: it has no variable for a private key.
    """
    if options.key is not None:
        return None
    node_config = {**options.node_config, "events": "stdout"}
    context = {
        "FL_SUPERLINK_ADDRESS": f"{options.superlink_host}:{options.superlink_port}",
        "FL_NODE_CONFIG": " ".join(f"{key}={_toml(value)}" for key, value in node_config.items()),
        "FL_VERSION": flower.version,
        # A budget of 0 is handed on as it is.
        "FL_RETRY_MEANING": "as-specified",
    }
    if options.max_retries is not None:
        context["FL_MAX_RETRIES"] = str(options.max_retries)
    if options.max_wait_time is not None:
        context["FL_MAX_WAIT_TIME"] = str(options.max_wait_time)
    if options.tls is not None:
        context["FL_TLS_CA"] = base64.b64encode(options.tls.ca_certificate.read_bytes()).decode()
    return context


def _toml(value: float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def run_config(values: Mapping[str, float | str]) -> str:
    """Key and value pairs as `flwr run --run-config` reads them."""
    return " ".join(f"{key}={_toml(value)}" for key, value in values.items())


def surroundings(flower: FlowerEnvironment, home: Path, direct: Iterable[str] = ()) -> dict[str, str]:
    """The environment of a Flower process: its executables first, a home of its own, nothing sent anywhere.

    Args:
        flower: The installed version; SuperLink and SuperNode start their helpers by name from PATH.
        home: FLWR_HOME: installed apps, stored files.
        direct: Addresses that it connects to, beside loopback.
    """
    # gRPC uses a proxy that the machine has configured, even for loopback addresses.
    no_proxy = ",".join(dict.fromkeys([LOOPBACK, "localhost", *direct]))
    return {
        "PATH": f"{flower.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "FLWR_HOME": str(home),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "PYTHONUNBUFFERED": "1",
        # The fixtures' arrays are tiny: threads of numpy's BLAS would only cost memory and start-up time.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
