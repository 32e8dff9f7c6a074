"""The Flower image, put together as an archive for `docker load`: no registry, no `docker build`, no container.

Two layers: Debian with Python, and `/python/venv` with flwr from wheels. Entry point, user and paths are those of the
published `flwr/supernode`, so that the same command lines run on either.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.image.build.debian import Debian
from harness.image.build.plan import Plan
from harness.image.build.system import make_container_base
from harness.image.build.tools import tool
from harness.processes import run

_TIMEOUT = 900.0
_EPOCH = 1_735_689_600
_USER = 49999
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64")
_PYTHON = {"bookworm": "3.11", "trixie": "3.13"}
VENV = "python/venv"


@dataclass(frozen=True)
class Archive:
    """An image that `docker load` takes.

    Attributes:
        path: The archive.
        name: Name and tag of the image in it.
    """

    path: Path
    name: str


def make_flower_image(plan: Plan, work: Path, debian: Debian | None = None) -> Archive:
    """Make `flwr/supernode:VERSION` below `work`, on a Debian from the user's cache unless another is given."""
    base, wheels = work / "base", work / "wheels"
    _download(plan, wheels)
    make_container_base(plan, debian or Debian(), base)
    _add_user(base)
    first = _layer(base, work / "base.tar", ["."])
    _install(plan, base, wheels)
    second = _layer(base, work / "flower.tar", [VENV.split("/", maxsplit=1)[0], "app"])
    name = f"flwr/supernode:{plan.flower}"
    return Archive(_archive(work / "supernode.tar", name, _config(plan, [first, second]), [first, second]), name)


def _download(plan: Plan, wheels: Path) -> None:
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    python = ["--python-version", _PYTHON.get(plan.suite, "3.11"), "--implementation", "cp"]
    run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--only-binary=:all:", "--dest", str(wheels), *platforms, *python),
            *(f"flwr=={plan.flower}", "pip"),
        ],
        timeout=_TIMEOUT,
    )


def _add_user(base: Path) -> None:
    for file, line in (("passwd", f"app:x:{_USER}:{_USER}::/app:/usr/sbin/nologin"), ("group", f"app:x:{_USER}:")):
        with (base / "etc" / file).open("a", encoding="utf-8") as lines:
            lines.write(f"{line}\n")


def _install(plan: Plan, base: Path, wheels: Path) -> None:
    """Install from the wheels, with the container's own Python."""
    inside = base / "tmp/wheels"
    shutil.copytree(wheels, inside)
    pip = next(inside.glob("pip-*.whl")).name
    chroot = [tool("chroot"), str(base)]
    python = f"/{VENV}/bin/python3"
    run([*chroot, "python3", "-m", "venv", "--without-pip", f"/{VENV}"], timeout=_TIMEOUT)
    options = [
        "--no-index",
        "--find-links",
        "/tmp/wheels",  # noqa: S108 - inside the container
        "--no-compile",
        "--no-cache-dir",
        "--root-user-action=ignore",
    ]
    # A wheel of pip is a program too: no pip stays in the image.
    run(
        [*chroot, python, f"/tmp/wheels/{pip}/pip", "install", "--quiet", *options, f"flwr=={plan.flower}"],  # noqa: S108 - as above
        timeout=_TIMEOUT,
    )
    shutil.rmtree(inside)
    for compiled in (base / VENV).rglob("__pycache__"):
        shutil.rmtree(compiled)
    home = base / "app"
    home.mkdir(exist_ok=True)


def _layer(root: Path, target: Path, tops: Sequence[str]) -> Path:
    """A tar of folders of `root`, in a fixed order and with fixed times."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for top in tops:
            for path in sorted([root / top, *(root / top).rglob("*")]):
                name = str(path.relative_to(root))
                if name.startswith(("proc/", "sys/", "dev/", "run/")):
                    continue
                member = tar.gettarinfo(path, arcname=name)
                member.mtime = _EPOCH
                member.uname = member.gname = ""
                if name == "app":
                    member.uid = member.gid = _USER
                if member.isreg():
                    with path.open("rb") as file:
                        tar.addfile(member, file)
                else:
                    tar.addfile(member)
    return target


def _config(plan: Plan, layers: Sequence[Path]) -> dict[str, Any]:
    created = "2025-01-01T00:00:00Z"
    return {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": {
            "User": "app",
            "WorkingDir": "/app",
            "Entrypoint": ["flower-supernode"],
            "Env": [
                f"PATH=/{VENV}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/app",
                "PYTHONUNBUFFERED=1",
                "FLWR_TELEMETRY_ENABLED=0",
                "FLWR_DISABLE_UPDATE_CHECK=1",
            ],
            "Labels": {
                "org.opencontainers.image.title": "Flower SuperNode, built from wheels for the edge appliance",
                "org.opencontainers.image.version": plan.flower,
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}" for layer in layers]},
        "history": [{"created": created, "created_by": layer.stem} for layer in layers],
    }


def _archive(target: Path, name: str, config: dict[str, Any], layers: Sequence[Path]) -> Path:
    """A `docker save` archive: manifest, configuration, layers."""
    text = json.dumps(config, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(text).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": [layer.name for layer in layers]}]
    with tarfile.open(target, "w") as tar:
        for file, data in ((config_name, text), ("manifest.json", json.dumps(manifest).encode())):
            member = tarfile.TarInfo(file)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for layer in layers:
            tar.add(layer, arcname=layer.name)
    return target


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
