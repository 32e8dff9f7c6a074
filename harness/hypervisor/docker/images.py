"""Flower's images: the published ones by name, or one that is made here.

Where no registry can be reached the image is put together from what Debian and the Python package index give, by the
builder of the edge appliance's Flower image, and kept in the engine under the name of its content.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from docker.models.images import Image
from filelock import FileLock
from requests.exceptions import RequestException

from harness.errors import SetupFailed
from harness.hypervisor.docker.engine import asking
from harness.image.build import container, system
from harness.image.build.plan import CONTAINER_PACKAGES, Plan
from harness.image.build.tools import missing
from harness.processes import ProcessFailed
from harness.sessions import cache_root

SUPERLINK, SUPERNODE = "flwr/superlink", "flwr/supernode"
"""Flower's published images."""

BUILT = "flower-opennebula-harness/flower"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Images:
    """The images of a run, by names that the engine has.

    Attributes:
        superlink: For the SuperLink.
        supernode: For SuperNodes, and for Toxiproxy, which needs no more than a base.
    """

    superlink: str
    supernode: str


def images(client: docker.DockerClient, flower: str, say: Say) -> Images:
    """The images of a Flower version: what the engine has under their names, else pulled, else made here.

    Raises:
        SetupFailed: None could be had; the text says why.
    """
    supernode = f"{SUPERNODE}:{flower}"
    reason = _by_name(client, supernode, say)
    if reason is None:
        # The SuperNode's image has all of Flower in it, and so a SuperLink too.
        superlink = f"{SUPERLINK}:{flower}"
        return Images(superlink if _by_name(client, superlink, say) is None else supernode, supernode)
    made = _built(client, flower, reason, say)
    return Images(made, made)


def _by_name(client: docker.DockerClient, name: str, say: Say) -> str | None:
    """Make sure that the engine has an image; returns why it has not."""
    try:
        client.images.get(name)
    except ImageNotFound:
        repository, tag = name.rsplit(":", 1)
        try:
            client.images.pull(repository, tag=tag)
        except (DockerException, RequestException) as error:
            return " ".join(str(error).split())
        say(f"{name}: pulled")
    return None


def _built(client: docker.DockerClient, flower: str, reason: str, say: Say) -> str:
    plan = Plan(boot_script=Path(), fixture=Path(), flower=flower)
    name = f"{BUILT}:{flower}-{_content(plan)}"
    cache = cache_root()
    cache.mkdir(parents=True, exist_ok=True)
    # Runs that start at the same time make it once.
    with FileLock(cache / "docker-image.lock"):
        try:
            client.images.get(name)
        except ImageNotFound:
            say(f"{SUPERNODE}:{flower} cannot be pulled ({reason}): making it from Debian's packages and wheels")
            _make(client, plan, name, say)
    return name


def _make(client: docker.DockerClient, plan: Plan, name: str, say: Say) -> None:
    if reasons := missing():
        raise SetupFailed(f"the Flower image could neither be pulled nor made here: {'; '.join(reasons)}")
    with tempfile.TemporaryDirectory(prefix="flower-image-") as folder:
        work = Path(folder)
        # mmdebstrap and the container's user have to reach what is below.
        work.chmod(0o755)
        try:
            archive = container.make_flower_image(plan, work)
        except ProcessFailed as error:
            raise SetupFailed(f"the Flower image could neither be pulled nor made here: {error}") from error
        with asking(f"load {name}"), archive.path.open("rb") as data:
            loaded = client.images.load(data)[0]
            try:
                _compile(client, loaded, name)
            finally:
                # Under Flower's own name only what Flower has published.
                client.images.remove(archive.name, noprune=True)
    say(f"{name}: made")


def _compile(client: docker.DockerClient, image: Image, name: str) -> None:
    """The image with its Python compiled, as pip leaves it in the published one.

    The appliance's is left without, to be small and the same in each build; here each of a scenario's many processes
    would compile all of Flower again.
    """
    compiler = client.containers.create(
        image,
        entrypoint=["python3", "-m", "compileall", "-q", "-j", "0", "/usr/lib/python3", f"/{container.VENV}"],
        user="root",
        network_mode="none",
    )
    try:
        compiler.start()
        # Its code is 1 for any file that is no Python of this version: such are among the tests of libraries.
        compiler.wait()
        command = json.dumps(image.attrs["Config"]["Entrypoint"])
        user = image.attrs["Config"]["User"]
        compiler.commit(*name.rsplit(":", 1), changes=f"ENTRYPOINT {command}\nUSER {user}\nCMD []")
    finally:
        compiler.remove(force=True)


def _content(plan: Plan) -> str:
    """Name of what an image is made of: the version, the release, and the source that makes it."""
    digest = hashlib.sha256(f"{plan.flower} {plan.suite} {CONTAINER_PACKAGES} compiled".encode())
    for source in (container.__file__, system.__file__):
        assert source is not None, "these modules are files"
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:12]
