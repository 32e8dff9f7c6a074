"""Putting the Flower image into the root's Docker store: by the root's own dockerd, in a mount namespace of its own.

The store is written by the very version that will read it in the VM, and nothing of it touches this machine's Docker.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

from harness.errors import SetupFailed, WaitAborted, WaitTimeout
from harness.image.build.container import Archive
from harness.image.build.tools import tool
from harness.processes import Process
from harness.waiting import wait_until

_START_TIMEOUT = 90.0
_LOAD_TIMEOUT = 600
_STOP_GRACE = 30.0
_MOUNT = """
set -e
mount --make-rprivate /
# dockerd unpacks in a mount namespace whose / it makes private: / has to be a mount.
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/run"
exec chroot "$1" dockerd --host unix:///run/docker.sock --data-root /var/lib/docker --exec-root /run/docker \
    --pidfile /run/docker.pid --bridge none --iptables=false --ip6tables=false --storage-driver overlay2
"""
_LEFT_BEHIND = (
    "tmp",
    "runtimes",
    "plugins",
    "swarm",
    "trust",
    "network",
    "buildkit",
    "containers",
    "volumes",
    "containerd",
)


def bake(archive: Archive, root: Path, log: Path) -> None:
    """Load an archive into `root`'s `/var/lib/docker`.

    Raises:
        SetupFailed: dockerd does not start, or does not take the archive; the text has the end of its log.
    """
    # A socket's path may have 107 characters at most: not below a cache with a long name.
    with tempfile.TemporaryDirectory(prefix="bake-") as run_folder:
        argv = [tool("unshare"), "--mount", "/bin/sh", "-c", _MOUNT, "bake", str(root), run_folder]
        with Process("dockerd of the image", argv, log=log, grace=_STOP_GRACE) as dockerd:
            try:
                client = wait_until(
                    lambda: _connect(Path(run_folder) / "docker.sock"),
                    what="the image's dockerd to answer",
                    timeout=_START_TIMEOUT,
                    poll=0.3,
                    abort=dockerd.ended,
                )
                assert client is not None
                with archive.path.open("rb") as data:
                    client.images.load(data)
                client.images.get(archive.name)
                client.close()
            except (DockerException, RequestException, WaitTimeout, WaitAborted) as error:
                raise SetupFailed(f"the image's own Docker did not take the Flower image: {error}") from error
    store = root / "var/lib/docker"
    for name in _LEFT_BEHIND:
        # The daemon makes them anew at its first start.
        shutil.rmtree(store / name, ignore_errors=True)
    (store / "engine-id").unlink(missing_ok=True)


def _connect(socket: Path) -> docker.DockerClient | None:
    try:
        # Asks for the API's version, and so fails until the daemon is there.
        return docker.DockerClient(base_url=f"unix://{socket}", timeout=_LOAD_TIMEOUT)
    except (DockerException, RequestException):
        return None
