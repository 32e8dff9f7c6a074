"""Ways to a Toxiproxy that is on this machine already."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.chaos.toxiproxy.search import NotThisWay, Search, checked


def on_path(search: Search) -> Path:
    """A `toxiproxy-server` on PATH."""
    found = shutil.which("toxiproxy-server", path=search.environment.get("PATH", ""))
    if found is None:
        raise NotThisWay("there is no toxiproxy-server on PATH")
    return checked(Path(found))


def cached(search: Search) -> Path:
    """One that an earlier run has built or downloaded."""
    if not search.cached.exists():
        raise NotThisWay(f"{search.cached} is not there yet")
    return checked(search.cached)
