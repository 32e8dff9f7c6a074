"""Debian systems, made by mmdebstrap and kept as archives: they take most of a build and seldom change.

So an image with another boot script, or a Flower image of another version, is built in about a minute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from harness.image.build.plan import Plan
from harness.image.build.tools import tool
from harness.processes import run
from harness.sessions import cache_root

_TIMEOUT = 1800.0
_EPOCH = "1735689600"
"""SOURCE_DATE_EPOCH of all files that a build makes: 2025-01-01."""
_UNWANTED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*")


@dataclass(frozen=True)
class Debian:
    """Where systems are kept.

    Attributes:
        folder: In the cache.
        fresh: Whether to make each anew: Debian may serve newer packages.
    """

    folder: Path = field(default_factory=lambda: cache_root() / "images" / "bases")
    fresh: bool = False

    def unpack(self, plan: Plan, packages: Sequence[str], root: Path) -> None:
        """A system with these packages, without their recommendations, below `root`.

        Raises:
            ProcessFailed: mmdebstrap or tar failed; the text has the end of what it said.
        """
        options = _options(packages)
        content = repr((options, plan.suite, plan.mirror, _EPOCH)).encode()
        kept = self.folder / f"debian-{hashlib.sha256(content).hexdigest()[:16]}.tar"
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{kept}.lock"):
            if self.fresh or not kept.is_file():
                unfinished = kept.with_suffix(".unfinished.tar")
                where = [plan.suite, str(unfinished), *([plan.mirror] if plan.mirror else [])]
                environment = {"SOURCE_DATE_EPOCH": _EPOCH, "DEBIAN_FRONTEND": "noninteractive"}
                run(["nice", "-n", "10", tool("mmdebstrap"), *options, *where], timeout=_TIMEOUT, env=environment)
                unfinished.replace(kept)
            root.mkdir(parents=True)
            keep_all = ["--numeric-owner", "--preserve-permissions", "--xattrs", "--xattrs-include=*"]
            run([tool("tar"), "--extract", "--file", kept, "--directory", root, *keep_all], timeout=_TIMEOUT)


def _options(packages: Sequence[str]) -> list[str]:
    options = ["--mode=root", "--variant=minbase", "--quiet", "--aptopt=Apt::Install-Recommends=false"]
    options += [f"--dpkgopt=path-exclude={pattern}" for pattern in _UNWANTED]
    return [*options, "--dpkgopt=path-include=/usr/share/doc/*/copyright", f"--include={','.join(packages)}"]
