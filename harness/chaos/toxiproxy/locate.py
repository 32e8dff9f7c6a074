"""Finds a Toxiproxy server of the version, or gets one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from harness.chaos.toxiproxy.go import go_install
from harness.chaos.toxiproxy.image import image
from harness.chaos.toxiproxy.present import cached, on_path
from harness.chaos.toxiproxy.release import release
from harness.chaos.toxiproxy.search import Found, NotThisWay, Say, Search, checked
from harness.chaos.toxiproxy.version import VERSION
from harness.errors import InputError, SetupFailed

VARIABLE = "FLOWER_HARNESS_TOXIPROXY"
"""Environment variable that names the executable to use."""


@dataclass(frozen=True)
class Way:
    """One way to a Toxiproxy.

    Attributes:
        name: In words, for progress and failure.
        find: Goes it; raises `NotThisWay` with the reason when it leads nowhere.
    """

    name: str
    find: Callable[[Search], Path]


LOOK: tuple[Way, ...] = (Way("on PATH", on_path), Way("cached", cached))
"""Ways that only look, in the order in which they are tried."""

FETCH: tuple[Way, ...] = (
    Way("go install", go_install),
    Way("the release's download", release),
    Way("the published image", image),
)
"""Ways that take time and fill the cache, in the order in which they are tried."""


def locate(given: str | Path | None = None, *, say: Say = lambda _: None) -> Found:
    """The Toxiproxy server to use: the one that is named by `given` or else by the variable, or else the first found.

    Runs that look at the same time build or download it once; the others wait.

    Raises:
        InputError: The named one is no Toxiproxy server of the version.
        SetupFailed: None could be had; the text names each way that was tried, and why it failed.
    """
    named = given or os.environ.get(VARIABLE) or None
    return search_for(Search(say=say, given=None if named is None else Path(named)))


def search_for(search: Search, *, look: Sequence[Way] = LOOK, fetch: Sequence[Way] = FETCH) -> Found:
    """As `locate`, with everything that it looks at given."""
    if search.given is not None:
        return _given(search.given)
    failed: dict[str, str] = {}
    found = _first(look, search, failed)
    if found is None:
        search.cache.mkdir(parents=True, exist_ok=True)
        with _lock(search):
            # Another run may have filled the cache while this one waited.
            found = _first([way for way in look if way.find is cached], search, failed) or _first(fetch, search, failed)
    if found is None:
        ways = "\n".join(f"  - {name}: {reason}" for name, reason in failed.items())
        raise SetupFailed(
            f"Toxiproxy {VERSION} could not be had in any of these ways:\n{ways}\n"
            f"Make one of them work, or name an executable with --toxiproxy or {VARIABLE}."
        )
    return found


def _given(executable: Path) -> Found:
    try:
        return Found(checked(executable.expanduser()), "named by the user", VERSION)
    except NotThisWay as error:
        raise InputError(
            f"the Toxiproxy server that was named (--toxiproxy or {VARIABLE}) cannot be used: {error}; "
            f"name a Toxiproxy server {VERSION}, or name none"
        ) from error


def _first(ways: Sequence[Way], search: Search, failed: dict[str, str]) -> Found | None:
    for way in ways:
        try:
            return Found(way.find(search), way.name, VERSION)
        except NotThisWay as error:
            failed[way.name] = str(error)
    return None


@contextmanager
def _lock(search: Search) -> Iterator[None]:
    lock = FileLock(search.cache / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        search.say("waiting for another run that is getting Toxiproxy")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
