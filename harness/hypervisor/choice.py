"""The hypervisors of `--hypervisor`: what each needs on this machine, and the site that it gives a scenario."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import HarnessError, Inconclusive, SetupFailed, Unavailable
from harness.hypervisor.docker.engine import connect
from harness.hypervisor.docker.images import Images, images
from harness.hypervisor.docker.network import ScenarioNetwork
from harness.hypervisor.docker.site import DockerSite
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.qemu.boot import Boot, prepare, require_qemu
from harness.hypervisor.qemu.site import QemuSite
from harness.hypervisor.site import Site
from harness.image.build.builder import build
from harness.image.reference import reference_image, reference_plan
from harness.sessions import Session

PROCESS, DOCKER, QEMU = "process", "docker", "qemu"
HYPERVISORS = (PROCESS, DOCKER, QEMU)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Ready:
    """A hypervisor that was set up, for the processes of a run that run its scenarios.

    Attributes:
        name: As `--hypervisor` has it.
        images: Flower's images, of docker.
        boot: How the image's VMs are booted, of qemu.
    """

    name: str = PROCESS
    images: Images | None = None
    boot: Boot | None = None

    def to_json(self) -> str:
        """As text, for a worker."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Ready:
        """From `to_json`."""
        data = json.loads(text)
        boot = data["boot"]
        if boot is not None:
            boot["acceleration"] = tuple(boot["acceleration"])
        return Ready(
            data["name"], Images(**data["images"]) if data["images"] else None, None if boot is None else Boot(**boot)
        )

    def site(self, session: Session) -> Site:
        """A site for one scenario."""
        if self.images is not None:
            return DockerSite(self.images, session)
        return ProcessSite() if self.boot is None else QemuSite(self.boot)

    def edge_site(self, *, flower: str, image: Path | None, log: Path) -> Site:
        """A site for a scenario about the booted image, whatever the others run on.

        Args:
            flower: Version under test.
            image: QCOW2; the reference image when left out, which is built if it has to be.
            log: File that receives what a build says.

        Raises:
            Unavailable: QEMU, or a reference image, cannot be had here; the text names what to install.
            Inconclusive: The file cannot be booted; the chapter `image` says more.
        """
        if self.boot is not None:
            return QemuSite(self.boot)
        try:
            require_qemu()
        except SetupFailed as error:
            raise Unavailable(f"the edge image cannot be booted here: {error}") from error
        given = image or reference_image(flower, log=log)
        try:
            return QemuSite(prepare(given, _say_nothing))
        except HarnessError as error:
            raise Inconclusive(f"the edge image cannot be booted: {error}") from error


def _say_nothing(_: str) -> None:
    """The history says how the VM was started."""


def set_up(name: str, *, flower: str, image: Path | None = None, session: Session, say: Say) -> Ready:
    """Get what a hypervisor needs, before anything runs on it.

    Args:
        name: One of `HYPERVISORS`.
        flower: Version under test.
        image: QCOW2 that qemu boots; the reference image when left out, which is built if it has to be.
        session: Owns what is made on the way.
        say: Gets a line of progress for each step that takes seconds.

    Raises:
        InputError: The image is not one.
        SetupFailed: It cannot be had on this machine; the text says what to do.
    """
    if name == PROCESS:
        return Ready()
    try:
        if name == QEMU:
            require_qemu()
            return Ready(QEMU, boot=prepare(image or _reference(flower, say), say))
        with contextlib.closing(connect()) as client:
            # Made and removed: whether containers can be reached is better known before than in each scenario.
            ScenarioNetwork(client, session.id, "set-up").remove()
            return Ready(DOCKER, images(client, flower, say))
    except SetupFailed as error:
        raise SetupFailed(f"--hypervisor {name}: {error}") from error


def _reference(flower: str, say: Say) -> Path:
    return build(reference_plan(flower), say=say).image
