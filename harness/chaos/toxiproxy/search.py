"""What the ways to a Toxiproxy executable have in common."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.chaos.toxiproxy.version import VERSION, NotToxiproxy, version_of
from harness.sessions import cache_root

Say = Callable[[str], None]
"""Takes a line about what is being done, for a person who waits."""


class NotThisWay(Exception):
    """This way does not lead to a Toxiproxy; the text is the reason, and the next way is tried."""


@dataclass(frozen=True)
class Found:
    """A Toxiproxy server that can be run.

    Attributes:
        path: The executable.
        way: How it was found, in words.
        version: Its version.
    """

    path: Path
    way: str
    version: str


@dataclass(frozen=True)
class Search:
    """Where to look, and with what.

    Attributes:
        say: Is told what is being done.
        given: The executable that the user named, if any.
        environment: Environment variables: PATH, and what Go and Docker read.
        cache: Folder for what was built or downloaded.
        release: Address under which the release's files are.
        image: The published image, without its tag.
    """

    say: Say = lambda _: None
    given: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cache: Path = field(default_factory=lambda: cache_root() / "toxiproxy" / VERSION)
    release: str = f"https://github.com/Shopify/toxiproxy/releases/download/v{VERSION}"
    image: str = "ghcr.io/shopify/toxiproxy"

    @property
    def cached(self) -> Path:
        """Where the cached executable is, or would be."""
        return self.cache / "toxiproxy-server"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder on the cache's file system, removed afterwards."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.cache, prefix="new-") as folder:
            yield Path(folder)

    def keep(self, executable: Path) -> Path:
        """Check a new executable and move it into the cache, at once or not at all.

        Raises:
            NotThisWay: It is no Toxiproxy of the version.
        """
        executable.chmod(0o755)
        checked(executable)
        return executable.replace(self.cached)


def checked(executable: Path) -> Path:
    """The executable, if it is a Toxiproxy server of the version.

    Raises:
        NotThisWay: It is not.
    """
    try:
        version = version_of(executable)
    except NotToxiproxy as error:
        raise NotThisWay(str(error)) from error
    if version != VERSION:
        raise NotThisWay(f"{executable} is version {version}, not {VERSION}")
    return executable
