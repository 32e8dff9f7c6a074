"""The Docker engine: reaching it, and what of it belongs to a session.

The engine is the one that the environment names (DOCKER_HOST and its companions), or else the machine's own. It has to
run on this machine: folders are shared with containers, and containers are reached by their addresses.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from harness.errors import HarnessError, SetupFailed
from harness.sessions import LABEL

TIMEOUT = 120
"""Seconds for one request; an idle engine starts a container in half a second (measured)."""

_RECORD = "docker.json"
_VARIABLES = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
_SOCKET = "unix:///var/run/docker.sock"


class EngineFailed(HarnessError):
    """The Docker engine refused what was asked of it, or does not answer any more; the text has its reason."""


def where(environment: Mapping[str, str] | None = None) -> str:
    """The engine's address."""
    return (environment or os.environ).get("DOCKER_HOST") or _SOCKET


def connect(environment: Mapping[str, str] | None = None, *, timeout: int = TIMEOUT) -> docker.DockerClient:
    """A client of the engine.

    Args:
        environment: Names the engine; this process's own when left out.
        timeout: Seconds for one request.

    Raises:
        SetupFailed: None answers; the text says what to do.
    """
    variables = dict(environment if environment is not None else os.environ)
    try:
        client = docker.from_env(timeout=timeout, environment=variables)
        client.ping()
    except (DockerException, RequestException, OSError) as error:
        raise SetupFailed(
            f"no Docker engine answers at {where(variables)} ({' '.join(str(error).split())}): install one (Debian and "
            "Ubuntu: apt-get install docker.io), start it, be allowed to use it, or name another by DOCKER_HOST"
        ) from error
    return client


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Ask the engine for something.

    Raises:
        EngineFailed: It refused, or did not answer.
    """
    try:
        yield
    except (DockerException, RequestException) as error:
        raise EngineFailed(f"the Docker engine could not {what}: {' '.join(str(error).split())}") from error


def labels(session_id: str, scenario: str = "") -> dict[str, str]:
    """What everything that a session makes is labelled with."""
    return {LABEL: session_id} | ({f"{LABEL}_SCENARIO": scenario} if scenario else {})


def remember(folder: Path) -> None:
    """Note in a session's folder which engine it uses, for whoever has to clean up after it."""
    used = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    # By rename: another worker of the session may read it at this moment.
    draft = folder / f"{_RECORD}.{os.getpid()}"
    draft.write_text(json.dumps(used), encoding="utf-8")
    draft.rename(folder / _RECORD)


def end_left(folder: Path, session_id: str) -> list[str]:
    """Remove the containers and networks that carry a session's label from the engine that it used.

    Returns:
        One line for each; one that says so when the engine does not answer any more.
    """
    try:
        used = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        variables = {name: str(used[name]) for name in _VARIABLES if name in used}
    except (OSError, ValueError, TypeError):
        return []
    try:
        client = connect(variables, timeout=30)
    except SetupFailed:
        return [
            f"not ended: the Docker engine at {where(variables)} is gone, with what is labelled {LABEL}={session_id}"
        ]
    with contextlib.closing(client):
        return remove_labelled(client, labels(session_id))


def remove_labelled(client: docker.DockerClient, wanted: Mapping[str, str]) -> list[str]:
    """Remove the containers and networks that carry all of these labels; returns a line for each."""
    removed: list[str] = []
    chosen: dict[str, str | list[str] | bool] = {"label": [f"{name}={value}" for name, value in wanted.items()]}
    with contextlib.suppress(DockerException, RequestException):
        for container in client.containers.list(all=True, filters=chosen):
            # Another process may have removed it in this moment.
            with contextlib.suppress(DockerException):
                container.remove(force=True, v=True)
                removed.append(f"container {container.name}")
        for network in client.networks.list(filters=chosen):
            with contextlib.suppress(DockerException):
                network.remove()
                removed.append(f"network {network.name}")
    return removed
