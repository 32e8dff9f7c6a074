"""The site `docker`: every program is a container, and all are in a network of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.errors import HarnessError
from harness.hypervisor.docker.container import ContainerProgram
from harness.hypervisor.docker.engine import asking, connect, labels, remember, remove_labelled
from harness.hypervisor.docker.images import Images
from harness.hypervisor.docker.network import ScenarioNetwork
from harness.hypervisor.running import Running
from harness.hypervisor.site import SUPERLINK, Program
from harness.sessions import Session

_KEEP_OUTPUT = 'exec "$@" >>"$0" 2>&1'
"""Run by the image's shell, which the program takes the place of: its log is a file at once, as everywhere else."""


class DockerSite:
    """Containers in a network of their own, all labelled with the session; a context manager that removes them.

    Programs are reached at their containers' addresses, by one another and by the harness; nothing is published on an
    address of this machine. Containers run as the harness's own user, so that it can remove what they write.

    Args:
        images: From `images`.
        session: Owns what is made.
    """

    name = "docker"
    start_timeout = 120.0
    """Seconds; on an idle machine 2 to 5 s (measured)."""

    def __init__(self, images: Images, session: Session) -> None:
        self._images = images
        self._session = session
        self._scenario = secrets.token_hex(4)
        self._programs: dict[str, ContainerProgram] = {}

    def __enter__(self) -> Self:
        self._client = connect()
        remember(self._session.folder)
        try:
            self._network = ScenarioNetwork(self._client, self._session.id, self._scenario)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def address(self, name: str, *, seen_by: str | None = None) -> str:
        """The address in the network; everybody sees the same."""
        del seen_by
        return self._network.address(name)

    def facts(self) -> dict[str, Any]:
        """The images, and their ids."""
        with asking("show the images"):
            names = (self._images.superlink, self._images.supernode)
            return {"images": {name: str(self._client.images.get(name).id) for name in names}}

    def launch(self, program: Program) -> Running:
        """Start a container.

        Raises:
            HarnessError: One of that name runs.
            EngineFailed: The engine refuses.
        """
        before = self._programs.get(program.name)
        if before is not None:
            if before.running:
                raise HarnessError(f"{program.name} runs already")
            before.remove()
        program.log.parent.mkdir(parents=True, exist_ok=True)
        program.log.touch()
        address = self.address(program.name)
        with asking(f"start {program.name}"):
            container = self._client.containers.create(
                self._images.superlink if program.name == SUPERLINK else self._images.supernode,
                entrypoint=["/bin/sh", "-c", _KEEP_OUTPUT, str(program.log)],
                command=[_command(program), *program.argv[1:]],
                name=f"{program.name}-{self._session.id}-{secrets.token_hex(3)}",
                labels=labels(self._session.id, self._scenario),
                # PATH is this machine's.
                environment={name: it for name, it in program.environment.items() if name != "PATH"} | {"HOME": "/tmp"},  # noqa: S108 - the container's
                volumes=_volumes(program),
                user=f"{os.getuid()}:{os.getgid()}",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                network=self._network.name,
                networking_config={
                    self._network.name: self._client.api.create_endpoint_config(ipv4_address=address),
                },
            )
            container.start()
            made = ContainerProgram(
                program.name,
                container,
                log=program.log,
                network=self._network.network,
                address=address,
                grace=program.grace,
            )
        self._programs[program.name] = made
        return made

    def end(self, running: Iterable[Running]) -> None:
        """End containers, one after the other."""
        for program in running:
            program.end()

    def _close(self) -> None:
        with contextlib.closing(self._client):
            remove_labelled(self._client, labels(self._session.id, self._scenario))


def _command(program: Program) -> str:
    first = Path(program.argv[0])
    return program.argv[0] if first in program.shared else first.name


def _volumes(program: Program) -> dict[str, dict[str, str]]:
    writable = [program.log.parent, *(path for path in program.shared if path.is_dir())]
    readable = [path for path in program.shared if not path.is_dir()]
    return {str(path): {"bind": str(path), "mode": "rw"} for path in writable} | {
        str(path): {"bind": str(path), "mode": "ro"} for path in readable
    }
