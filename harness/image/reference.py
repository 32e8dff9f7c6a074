"""The reference edge image: where its parts lie, and how a run comes by it."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.errors import SetupFailed, Unavailable
from harness.image.build.builder import cached
from harness.image.build.plan import Plan
from harness.image.build.tools import missing
from harness.processes import Process
from harness.waiting import wait_until

APPLIANCE = Path(__file__).parents[2] / "fixtures" / "appliance"
"""The reference appliance in the checkout that the harness runs from."""

BOOT_SCRIPT = APPLIANCE / "boot.sh"

_LONGEST_BUILD = 3600.0


def reference_plan(flower: str) -> Plan:
    """What goes into the reference image of a version of Flower."""
    return Plan(boot_script=BOOT_SCRIPT, fixture=APPLIANCE / "image", flower=flower)


def reference_image(flower: str, *, log: Path) -> Path:
    """The reference image from the cache, or built now: 3 to 8 minutes (measured), told to whoever listens to waits.

    Args:
        flower: Version of the pre-baked Flower.
        log: File that receives what a build says.

    Raises:
        InputError: A file of the reference appliance is not there.
        Unavailable: A build would lack something on this machine; the text names what to install.
        SetupFailed: A build failed; the text has its last line.
    """
    plan = reference_plan(flower)
    plan.check()
    if (image := cached(plan)) is not None:
        return image
    if lacks := missing():
        raise Unavailable(f"the reference image cannot be built here: {'; '.join(lacks)}; or give one with --image")
    argv = [sys.executable, "-m", "harness.cli.image", "build", "--flower", flower]
    with Process("the build of the reference image", argv, log=log, grace=10) as build:
        wait_until(
            lambda: (build.code, _last_line(build)),
            lambda seen: seen[0] is not None,
            what="the reference image to be built, once for this machine",
            timeout=_LONGEST_BUILD,
            poll=1.0,
        )
        if build.code != 0 or (image := cached(plan)) is None:
            raise SetupFailed(f"the reference image could not be built: {_last_line(build)} (all of it: {log})")
        return image


def _last_line(build: Process) -> str:
    return (build.tail().splitlines() or [""])[-1]
