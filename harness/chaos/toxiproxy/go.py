"""The way to Toxiproxy through the Go toolchain."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.chaos.toxiproxy.search import NotThisWay, Search
from harness.chaos.toxiproxy.version import VERSION
from harness.processes import ProcessFailed, run

PACKAGE = f"github.com/Shopify/toxiproxy/v2/cmd/server@v{VERSION}"
_TIMEOUT = 600.0
"""Seconds; it takes half a minute on two cores, downloads included (measured with Go 1.26)."""


def go_install(search: Search) -> Path:
    """Build it with `go install`, which checks the module against Go's checksum database."""
    go = shutil.which("go", path=search.environment.get("PATH", ""))
    if go is None:
        raise NotThisWay("there is no go on PATH")
    search.say(f"building Toxiproxy {VERSION} with {go} (half a minute, once)")
    with search.scratch() as folder:
        # Without cgo no C compiler is needed, and the result runs whatever the C library.
        environment = {**search.environment, "GOBIN": str(folder), "CGO_ENABLED": "0"}
        try:
            run([go, "install", PACKAGE], timeout=_TIMEOUT, env=environment)
        except ProcessFailed as error:
            raise NotThisWay(" ".join(str(error).split())[-400:]) from error
        # The executable is called after its folder, `server` (measured).
        return search.keep(folder / "server")
