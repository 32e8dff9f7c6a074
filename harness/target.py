"""What is under test in a run, as the user's options say it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Strategy:
    """A user's own Strategy class.

    Attributes:
        file: The Python file.
        name: The class in it.
    """

    file: Path
    name: str


@dataclass(frozen=True)
class Target:
    """What is under test, and how.

    Attributes:
        flower: Version of Flower.
        cloud: `embedded` or the address of a front end.
        hypervisor: Where VMs run.
        reports: Folder that receives a folder for each run, and `latest`.
        nightly: Whether scenarios that take minutes run too.
        strategy: Takes the place of the default Strategy.
        service_template: Takes the place of the default OneFlow service template.
        boot_script: Takes the place of the reference appliance's boot script.
        image: QCOW2 that is judged in place of the reference image.
        image_required: Whether the user asked for an image, so that there being none is a failure.
        image_limit: Bytes that the file of the image has to stay below.
        expected: Lays expected verdicts over the catalogue's.
        strict: Whether a claim that deviates or is unknown makes the run red, expected or not.
        toxiproxy: Executable of Toxiproxy; None lets the harness find one.
        live: Seconds between two reports of what the scenarios wait for; 0 for none.
    """

    flower: str
    cloud: str
    hypervisor: str
    reports: Path
    nightly: bool
    strategy: Strategy | None
    service_template: Path | None
    boot_script: Path | None
    image: Path | None
    expected: Path | None
    strict: bool
    toxiproxy: Path | None
    live: float
    image_required: bool = False
    image_limit: int = 2_000_000_000
