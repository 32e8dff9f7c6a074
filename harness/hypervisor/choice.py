"""The hypervisors of `--hypervisor`: what each needs on this machine, and the site that it gives a scenario."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from harness.errors import SetupFailed
from harness.hypervisor.docker.engine import connect
from harness.hypervisor.docker.images import Images, images
from harness.hypervisor.docker.network import ScenarioNetwork
from harness.hypervisor.docker.site import DockerSite
from harness.hypervisor.process import ProcessSite
from harness.hypervisor.site import Site
from harness.sessions import Session

PROCESS, DOCKER = "process", "docker"
HYPERVISORS = (PROCESS, DOCKER)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Ready:
    """A hypervisor that was set up, for the processes of a run that run its scenarios.

    Attributes:
        name: As `--hypervisor` has it.
        images: Flower's images, of docker.
    """

    name: str = PROCESS
    images: Images | None = None

    def to_json(self) -> str:
        """As text, for a worker."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Ready:
        """From `to_json`."""
        data = json.loads(text)
        return Ready(data["name"], Images(**data["images"]) if data["images"] else None)

    def site(self, session: Session) -> Site:
        """A site for one scenario."""
        return ProcessSite() if self.images is None else DockerSite(self.images, session)


def set_up(name: str, *, flower: str, session: Session, say: Say) -> Ready:
    """Get what a hypervisor needs, before anything runs on it.

    Args:
        name: One of `HYPERVISORS`.
        flower: Version under test.
        session: Owns what is made on the way.
        say: Gets a line of progress for each step that takes seconds.

    Raises:
        SetupFailed: It cannot be had on this machine; the text says what to do.
    """
    if name == PROCESS:
        return Ready()
    try:
        with contextlib.closing(connect()) as client:
            # Made and removed: whether containers can be reached is better known before than in each scenario.
            ScenarioNetwork(client, session.id, "set-up").remove()
            return Ready(DOCKER, images(client, flower, say))
    except SetupFailed as error:
        raise SetupFailed(f"--hypervisor docker: {error}") from error
