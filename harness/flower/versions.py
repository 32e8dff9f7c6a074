"""Flower under test lives in a virtual environment of its own per version, made when first needed and kept.

Never in the harness's own: its dependencies (click, protobuf, rich, …) are Flower's to choose.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from filelock import FileLock

from harness.errors import InputError, SetupFailed
from harness.processes import ProcessFailed, run
from harness.sessions import cache_root

SPECIFIED = "1.25.0"
"""The version that the specification names (Standard Stack, "flwr/supernode:1.25.0")."""

SUPPORTED = ("1.25.0", "1.31.0")
"""Versions whose command lines and Control API the harness drives. From 1.40 on Flower speaks HTTP on a single port."""

_COMPLETE = ".complete"
_INSTALL_TIMEOUT = 900.0


@dataclass(frozen=True)
class FlowerEnvironment:
    """An installed Flower.

    Attributes:
        version: e.g. `1.25.0`.
        folder: The virtual environment.
    """

    version: str
    folder: Path

    @property
    def bin(self) -> Path:
        """Folder of its executables."""
        return self.folder / "bin"

    @property
    def python(self) -> Path:
        """Its Python."""
        return self.bin / "python"

    def command(self, name: str) -> Path:
        """One of Flower's executables, e.g. `flower-superlink`."""
        return self.bin / name


def check_supported(version: str) -> str:
    """The version itself.

    Raises:
        InputError: The harness cannot drive it.
    """
    if version not in SUPPORTED:
        raise InputError(
            f"--flower {version}: not a version that the harness can drive; it drives {', '.join(SUPPORTED)}"
        )
    return version


def installed(version: str) -> FlowerEnvironment | None:
    """The environment of that version if it has been made."""
    environment = FlowerEnvironment(version, _folder(version))
    return environment if (environment.folder / _COMPLETE).exists() else None


def environment(version: str, say: Callable[[str], None] = lambda _: None) -> FlowerEnvironment:
    """The environment of that version; makes it when it is not there (about 12 s and 174 MB for 1.25.0, measured).

    Workers that ask at the same time wait for the one that makes it.

    Args:
        version: One of `SUPPORTED`.
        say: Gets a line of progress for each step that takes seconds.

    Raises:
        InputError: A version that the harness cannot drive.
        SetupFailed: It could not be installed; the text has pip's reason.
    """
    check_supported(version)
    if (found := installed(version)) is not None:
        return found
    folder = _folder(version)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if (found := installed(version)) is not None:
            return found
        _make(version, folder, say)
    return FlowerEnvironment(version, folder)


def _folder(version: str) -> Path:
    # A virtual environment belongs to the Python that made it.
    return cache_root() / "flower" / f"{version}-py{sysconfig.get_python_version()}"


def _make(version: str, folder: Path, say: Callable[[str], None]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    constraints = resources.files("harness.flower") / "constraints" / f"{version}.txt"
    try:
        say(f"Flower {version}: making a virtual environment in {folder}")
        run([sys.executable, "-m", "venv", folder], timeout=_INSTALL_TIMEOUT)
        say(f"Flower {version}: installing")
        with resources.as_file(constraints) as path:
            pip: list[str | Path] = [
                folder / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]
            run([*pip, "--constraint", path, f"flwr=={version}"], timeout=_INSTALL_TIMEOUT)
    except ProcessFailed as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise SetupFailed(f"Flower {version} could not be installed: {error}") from error
    (folder / _COMPLETE).touch()
    say(f"Flower {version}: ready")
