"""A Docker engine, and an image to run in it that needs no registry: this machine's own shell and the like."""

import contextlib
import io
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

from harness.errors import SetupFailed
from harness.hypervisor.docker.engine import connect
from harness.hypervisor.docker.images import Images
from harness.hypervisor.docker.site import DockerSite
from harness.processes import run
from harness.sessions import LABEL, Session, close_session, open_session

BASE = "flower-opennebula-harness/test-base:latest"
TOOLS = ("sh", "sleep", "cat", "kill", "date")


@pytest.fixture(scope="session")
def engine():
    try:
        client = connect()
    except SetupFailed as error:
        pytest.skip(str(error))
    with contextlib.closing(client):
        yield client


@pytest.fixture(scope="session")
def base(engine):
    """The name of an image with a shell."""
    try:
        engine.images.get(BASE)
    except ImageNotFound:
        repository, tag = BASE.split(":")
        engine.api.import_image_from_data(_tree(), repository=repository, tag=tag)
    return BASE


def _tree():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for folder in ("tmp", "proc", "sys", "dev", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        wanted = {}
        for tool in TOOLS:
            found = Path(shutil.which(tool)).resolve()
            wanted[f"bin/{tool}"] = found
            for library in re.findall(r"(/\S+)", run(["ldd", found], timeout=20, check=False).output):
                wanted[library.lstrip("/")] = Path(library).resolve()
        for name, path in sorted(wanted.items()):
            tar.add(path, arcname=name)
    return data.getvalue()


@pytest.fixture
def session(tmp_path, monkeypatch) -> Session:
    """A session of its own: this process may belong to one already."""
    monkeypatch.delenv(LABEL, raising=False)
    monkeypatch.setenv("FLOWER_HARNESS_STATE", str(tmp_path / "state"))
    made = open_session()
    yield made
    close_session(made)


@pytest.fixture
def site(base, session):
    with DockerSite(Images(base, base), session) as made:
        yield made
