"""Which Toxiproxy an executable is."""

from __future__ import annotations

import re
from pathlib import Path

from harness.processes import ProcessFailed, run

VERSION = "2.12.0"
"""The version that every fault was measured with; a link relies on how it, and no other, treats its toxics."""

_SAYS = re.compile(r"version (\S+)")
_MODULE = re.compile(rb"mod\tgithub\.com/Shopify/toxiproxy/v2\tv([^\t\n]+)")
"""Of the build information that Go puts into each executable; `go version -m` prints the same line."""

_TIMEOUT = 20.0


class NotToxiproxy(Exception):
    """The executable is not there, does not run, or does not say that it is a Toxiproxy server; the text says which."""


def version_of(executable: Path) -> str:
    """The version of a Toxiproxy server, e.g. `2.12.0`.

    A release says its version. One that was built with `go install` says `git` (measured), and has the version of its
    module in its build information.

    Raises:
        NotToxiproxy: It is none.
    """
    try:
        said = run([executable, "--version"], timeout=_TIMEOUT)
    except ProcessFailed as error:
        raise NotToxiproxy(str(error)) from error
    found = _SAYS.search(said.output)
    if found is None:
        raise NotToxiproxy(f"{executable} --version says {said.output.strip()[:100]!r}, which no Toxiproxy server does")
    if found[1] != "git":
        return found[1]
    module = _MODULE.search(executable.read_bytes())
    return module[1].decode() if module else "git (of a checkout)"
