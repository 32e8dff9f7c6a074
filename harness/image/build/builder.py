"""The whole build, step by step, cached by content."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from harness.image.build.bake import bake
from harness.image.build.container import make_flower_image
from harness.image.build.debian import Debian
from harness.image.build.disk import compress, make_raw
from harness.image.build.plan import Plan
from harness.image.build.system import clean, make_root
from harness.image.build.tools import require
from harness.sessions import cache_root

IMAGE = "edge.qcow2"
_RECORD = "build.json"
_WORK = "build-"
"""Begins the name of the folder that a build works in."""


@dataclass(frozen=True)
class Built:
    """An image in the cache.

    Attributes:
        image: The QCOW2.
        key: Name of its content.
        seconds: How long each step took when it was built.
        cached: Whether it was there already.
    """

    image: Path
    key: str
    seconds: dict[str, float]
    cached: bool


@dataclass
class _Steps:
    say: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.say(f"{name} …")
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 1)
        self.say(f"{name}: {self.seconds[name]:.1f} s")


def cached(plan: Plan, cache: Path | None = None) -> Path | None:
    """The image of a plan if the cache has it whole; the record is written last."""
    folder = (cache or cache_root() / "images") / plan.key
    image, record = folder / IMAGE, folder / _RECORD
    return image if image.is_file() and record.is_file() else None


def build(
    plan: Plan, *, fresh: bool = False, cache: Path | None = None, say: Callable[[str], None] = lambda _: None
) -> Built:
    """The image of a plan, from the cache or built now.

    Args:
        plan: What goes into it.
        fresh: Build even if the cache has it, from what Debian serves now.
        cache: Folder of the images; the user's cache when left out.
        say: Told of each step.

    Raises:
        InputError: A file of the plan is not there.
        SetupFailed: A tool is missing, or the image's own Docker does not start.
        ProcessFailed: A step failed; the text has the end of its output.
    """
    plan.check()
    folder = (cache or cache_root() / "images") / plan.key
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        image, record = folder / IMAGE, folder / _RECORD
        if cached(plan, cache) is not None and not fresh:
            return Built(image, plan.key, json.loads(record.read_text(encoding="utf-8")), cached=True)
        require()
        for left in folder.glob(f"{_WORK}*"):
            # Of a build that was killed: nobody else can be in it, as the lock is ours.
            shutil.rmtree(left, ignore_errors=True)
        seconds = _build(plan, Debian(folder.parent / "bases", fresh), folder, say)
        record.write_text(json.dumps(seconds, indent=2), encoding="utf-8")
        return Built(image, plan.key, seconds, cached=False)


def _build(plan: Plan, debian: Debian, folder: Path, say: Callable[[str], None]) -> dict[str, float]:
    steps = _Steps(say)
    work = Path(tempfile.mkdtemp(prefix=_WORK, dir=folder))
    # mmdebstrap and the container's user have to reach what is below.
    work.chmod(0o755)
    try:
        root, raw = work / "root", work / "disk.raw"
        with steps.step("root file system"):
            make_root(plan, debian, root)
        with steps.step("Flower image"):
            archive = make_flower_image(plan, work, debian)
        with steps.step("Docker store"):
            bake(archive, root, folder / "dockerd.log")
            clean(root)
        with steps.step("partitions and ext4"):
            make_raw(plan, root, raw)
        with steps.step("compression"):
            compress(plan, raw, folder / IMAGE)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return steps.seconds
