"""What `qemu-img` says of a QCOW2.

Always with `-f qcow2`: without it QEMU takes HTML, empty and raw files as images.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.image.unread import Unread
from harness.processes import Completed, ProcessFailed, run

_TIMEOUT = 300.0
_CHECK_COULD_NOT, _CHECK_UNSUPPORTED = 1, 63

MISSING = "qemu-img is not installed (Debian and Ubuntu: apt-get install qemu-utils)"


@dataclass(frozen=True)
class Checked:
    """The result of `qemu-img check -f qcow2`.

    Attributes:
        code: Its exit code: 0 sound, 2 corrupt, 3 leaked clusters only.
        corruptions: Inconsistencies that harm data.
        leaks: Clusters that are counted as used and are not.
        errors: Errors met while checking.
        text: What it printed when it could not finish.
    """

    code: int
    corruptions: int
    leaks: int
    errors: int
    text: str


@dataclass(frozen=True)
class Mapped:
    """The result of `qemu-img map -f qcow2`.

    Attributes:
        data: Bytes of the guest's disk that hold data.
        elsewhere: Those of them that come from a backing file.
    """

    data: int
    elsewhere: int


def check(image: Path) -> Checked | Unread:
    """Check tables and refcounts."""
    done = _qemu_img("check", image)
    if isinstance(done, Unread):
        return done
    report = _object(done.output)
    if done.code == _CHECK_UNSUPPORTED or (done.code == _CHECK_COULD_NOT and not report):
        return Unread(f"qemu-img check could not check it: {_last_line(done)}")
    return Checked(
        code=done.code,
        corruptions=int(report.get("corruptions", 0)),
        leaks=int(report.get("leaks", 0)),
        errors=int(report.get("check-errors", 0)),
        text=_last_line(done),
    )


def map_data(image: Path) -> Mapped | Unread:
    """How much of the guest's disk holds data."""
    done = _qemu_img("map", image)
    if isinstance(done, Unread):
        return done
    if done.code != 0:
        return Unread(f"qemu-img map failed: {_last_line(done)}")
    pieces = json.loads(done.output)
    data = [piece for piece in pieces if piece["data"] and not piece["zero"]]
    return Mapped(sum(piece["length"] for piece in data), sum(piece["length"] for piece in data if piece["depth"] > 0))


def info(image: Path) -> dict[str, Any] | Unread:
    """QEMU's own view of the header, to hold ours against."""
    done = _qemu_img("info", image)
    if isinstance(done, Unread):
        return done
    if done.code != 0:
        return Unread(f"qemu-img info failed: {_last_line(done)}")
    return _object(done.output)


def _qemu_img(command: str, image: Path) -> Completed | Unread:
    if shutil.which("qemu-img") is None:
        return Unread(MISSING)
    try:
        # -U: reading needs no lock, and the image may be in use by a VM.
        return run(
            ["qemu-img", command, "-U", "-f", "qcow2", "--output=json", image.absolute()], timeout=_TIMEOUT, check=False
        )
    except ProcessFailed as error:
        return Unread(str(error))


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _last_line(done: Completed) -> str:
    lines = [line for line in (done.errors or done.output).splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit code {done.code}"
