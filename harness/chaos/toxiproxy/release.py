"""The way to Toxiproxy through its release."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import httpx

from harness.chaos.toxiproxy.search import NotThisWay, Search
from harness.chaos.toxiproxy.version import VERSION

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_MACHINES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "armv7",
    "armv6l": "armv6",
}
"""Python's names of processors, and the release's (its `.goreleaser.yml`)."""


def asset(system: str, machine: str) -> str:
    """Name of the release's file for a platform, as `platform.system` and `platform.machine` name it.

    Raises:
        NotThisWay: The release has none.
    """
    processor = _MACHINES.get(machine.lower())
    if system not in ("Linux", "Darwin") or processor is None:
        raise NotThisWay(f"the release has no server for {system} on {machine}")
    return f"toxiproxy-server-{system.lower()}-{processor}"


def release(search: Search) -> Path:
    """Download it, and check it against the release's checksums."""
    name = asset(platform.system(), platform.machine())
    search.say(f"downloading Toxiproxy {VERSION} ({name})")
    with search.scratch() as folder:
        new = folder / name
        try:
            with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
                expected = _checksum(_get(client, f"{search.release}/checksums.txt").text, name)
                content = _get(client, f"{search.release}/{name}").content
        except httpx.HTTPError as error:
            raise NotThisWay(f"{search.release}: {str(error) or type(error).__name__}") from error
        if (found := hashlib.sha256(content).hexdigest()) != expected:
            raise NotThisWay(f"{search.release}/{name} has the SHA-256 {found}, and checksums.txt says {expected}")
        new.write_bytes(content)
        return search.keep(new)


def _get(client: httpx.Client, address: str) -> httpx.Response:
    response = client.get(address)
    if response.status_code != httpx.codes.OK:
        raise NotThisWay(f"{address} answers {response.status_code}")
    return response


def _checksum(text: str, name: str) -> str:
    for line in text.splitlines():
        digest, _, file = line.partition(" ")
        if file.lstrip(" *") == name:
            return digest.lower()
    raise NotThisWay(f"the release's checksums.txt has no line for {name}")
