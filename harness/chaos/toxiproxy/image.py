"""The way to Toxiproxy through its published container image."""

from __future__ import annotations

import io
import os
import platform
import tarfile
from collections.abc import Iterable
from pathlib import Path

import docker
import docker.errors
import requests

from harness.chaos.toxiproxy.search import NotThisWay, Search
from harness.chaos.toxiproxy.version import VERSION
from harness.sessions import LABEL

_TIMEOUT = 120
_INSIDE = "/toxiproxy"
"""Where the image has the server (its Dockerfile)."""


def image(search: Search) -> Path:
    """Take the executable out of the image; nothing is run in a container."""
    if platform.system() != "Linux":
        raise NotThisWay(f"the image holds an executable for Linux, not for {platform.system()}")
    try:
        client = docker.from_env(timeout=_TIMEOUT, environment=dict(search.environment))
        client.ping()
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise NotThisWay(f"Docker does not answer: {_short(error)}") from error
    search.say(f"pulling {search.image}:{VERSION} to take Toxiproxy out of it")
    try:
        return _take_out(client, search)
    except (docker.errors.DockerException, requests.RequestException, tarfile.TarError, OSError) as error:
        raise NotThisWay(f"{search.image}:{VERSION}: {_short(error)}") from error
    finally:
        client.close()


def _take_out(client: docker.DockerClient, search: Search) -> Path:
    pulled = client.images.pull(search.image, tag=VERSION)
    label = os.environ.get(LABEL)
    container = client.containers.create(pulled, labels={} if label is None else {LABEL: label})
    try:
        chunks, _ = container.get_archive(_INSIDE)
        content = _member(chunks)
    finally:
        container.remove(force=True)
    with search.scratch() as folder:
        new = folder / "toxiproxy"
        new.write_bytes(content)
        return search.keep(new)


def _member(chunks: Iterable[bytes]) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                return file.read()
    raise NotThisWay(f"{_INSIDE} in the image is no file")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
