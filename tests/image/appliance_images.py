"""Small appliance images: a folder that looks like an appliance's root, put into a QCOW2."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.processes import run

MIB = 1 << 20
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
_TOOLS = {
    "qemu-img": "qemu-utils",
    "mkfs.ext4": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "sfdisk": "fdisk",
    "mkfs.xfs": "xfsprogs",
    "mkfs.btrfs": "btrfs-progs",
}
_DEBIAN_FOLDERS = "/usr/sbin:/sbin"


def need(*tools: str) -> None:
    """Skip, naming what to install, when a tool is missing."""
    for tool in tools:
        if find(tool) is None:
            pytest.skip(f"{tool} is missing: apt-get install {_TOOLS[tool]}")


def find(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path=_DEBIAN_FOLDERS)


def tool(*argv: str | Path, stdin: str | None = None) -> str:
    need(str(argv[0]))
    # LUKS measures the machine before it derives a key, which takes more than a minute of a very busy one.
    return run([find(str(argv[0])) or "", *argv[1:]], timeout=300, stdin=stdin).output


@dataclass
class LayerFiles:
    """Files of a layer by path; its size as the store states it."""

    files: dict[str, str]
    size: int = 1000


@dataclass
class Appliance:
    """A root folder, at first one that conforms to every rule."""

    root: Path
    packages: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.packages = {
            "docker-ce": ("5:27.3.1-1~ubuntu.24.04~noble", 110_000),
            "docker-ce-cli": ("5:27.3.1-1~ubuntu.24.04~noble", 40_000),
            "containerd.io": ("1.7.22-1", 120_000),
            "jq": ("1.7.1-3build1", 110),
            "curl": ("8.5.0-2ubuntu10", 540),
            "netcat-openbsd": ("1.226-1ubuntu2", 100),
            "linux-image-6.8.0-45-generic": ("6.8.0-45.45", 14_000),
            "one-context": ("7.2.1-1", 600),
        }
        self.write("/etc/os-release", 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n')
        for name in ("jq", "curl", "nc", "dockerd", "docker", "containerd", "runc", "networkctl"):
            self.write(f"/usr/bin/{name}", "#!/bin/true\n", mode=0o755)
        (self.root / "bin").symlink_to("usr/bin")
        for name, command in (
            ("docker.service", "/usr/bin/dockerd -H fd://"),
            ("systemd-networkd.service", "!!/lib/systemd/systemd-networkd"),
            ("one-context.service", "/usr/sbin/one-contextd network"),
        ):
            self.write(f"/usr/lib/systemd/system/{name}", f"[Service]\nExecStart={command}\n")
            self.enable(name)
        self.write("/usr/sbin/one-contextd", "#!/bin/bash\nblkid -l -t LABEL='CONTEXT' -o device\n", mode=0o755)
        self.write("/etc/one-context.d/loc-16-gen-env", "#!/bin/bash\n", mode=0o755)
        ready = '#!/bin/bash\n[ "$REPORT_READY" = YES ] && onegate vm update --data "READY=YES"\n'
        self.write("/etc/one-context.d/net-99-report-ready", ready, mode=0o755)
        script = '#!/bin/bash\nexec docker run flwr/supernode --superlink "$FL_SUPERLINK_ADDRESS"\n'
        self.write("/opt/flower/scripts/bootstrap.sh", script, mode=0o755)
        self.write("/opt/flower/scripts/health-check.sh", "#!/bin/sh\nexit 0\n", mode=0o755)
        self.write("/var/cache/apt/archives/lock", "")
        self.write("/var/lib/dpkg/status", "")
        self.image(["flwr/supernode:1.25.0"], [LayerFiles({"/etc/base": "x"}), flower_layer("1.25.0")])

    def write(self, path: str, text: str, *, mode: int = 0o644) -> Path:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def remove(self, path: str) -> None:
        file = self.root / path.lstrip("/")
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        else:
            file.unlink()

    def enable(self, unit: str) -> None:
        wants = self.root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / unit).symlink_to(f"/usr/lib/systemd/system/{unit}")

    def disable(self, unit: str) -> None:
        (self.root / "etc/systemd/system/multi-user.target.wants" / unit).unlink()

    def image(self, names: list[str], layers: list[LayerFiles], labels: dict[str, str] | None = None) -> str:
        """Add an image to Docker's overlay2 store, as moby lays it out."""
        store = "/var/lib/docker/image/overlay2"
        diff_ids = [f"sha256:{digest(json.dumps(layer.files))}" for layer in layers]
        chain = ""
        for diff_id, layer in zip(diff_ids, layers, strict=True):
            chain = f"sha256:{digest(f'{chain} {diff_id}')}" if chain else diff_id
            cache_id = digest(f"cache {chain}")
            entry = f"{store}/layerdb/sha256/{chain.removeprefix('sha256:')}"
            self.write(f"{entry}/cache-id", cache_id)
            self.write(f"{entry}/diff", diff_id)
            self.write(f"{entry}/size", str(layer.size))
            folder = f"/var/lib/docker/overlay2/{cache_id}/diff"
            (self.root / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            for path, text in layer.files.items():
                self.write(f"{folder}{path}", text)
        config = json.dumps(
            {"config": {"Labels": labels or {}}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}, sort_keys=True
        )
        image_id = digest(config)
        self.write(f"{store}/imagedb/content/sha256/{image_id}", config)
        path = self.root / store.lstrip("/") / "repositories.json"
        repositories = json.loads(path.read_text()) if path.exists() else {"Repositories": {}}
        for name in names:
            repositories["Repositories"].setdefault(name.split(":")[0], {})[name] = f"sha256:{image_id}"
        self.write(f"{store}/repositories.json", json.dumps(repositories))
        return image_id

    def no_images(self) -> None:
        self.remove("/var/lib/docker")

    def ext4(self, target: Path, size: int = 24 * MIB, offset: int = 0) -> None:
        stanzas = [
            f"Package: {name}\nStatus: install ok installed\nInstalled-Size: {kib}\nVersion: {version}\n"
            for name, (version, kib) in self.packages.items()
        ]
        self.write("/var/lib/dpkg/status", "\n".join(stanzas))
        need("mkfs.ext4")
        with target.open("ab") as file:
            file.truncate(max(target.stat().st_size, offset + size))
        options = ["-E", f"offset={offset},root_owner=0:0" if offset else "root_owner=0:0"]
        tool("mkfs.ext4", "-q", "-F", "-d", self.root, *options, target, f"{size // 1024}k")

    def raw(self, folder: Path, scheme: str = "gpt") -> Path:
        disk = folder / f"{scheme}.raw"
        if scheme == "bare":
            self.ext4(disk)
            return disk
        need("sfdisk")
        with disk.open("wb") as file:
            file.truncate(28 * MIB)
        tables = {
            "gpt": f"label: gpt\nstart=2048,size=2048,type={BIOS_BOOT}\nstart=4096,size=49152\n",
            "dos": "label: dos\nstart=4096,size=49152,type=83,bootable\n",
            "logical": "label: dos\nstart=2048,size=53248,type=5\nstart=4096,size=49152,type=83\n",
        }
        tool("sfdisk", "-q", disk, stdin=tables[scheme])
        self.ext4(disk, 24 * MIB, offset=4096 * 512)
        return disk

    def qcow2(self, folder: Path, scheme: str = "gpt", *, compression: str | None = "zlib") -> Path:
        need("qemu-img")
        target = folder / f"{scheme}-{compression}.qcow2"
        packing = ["-c", "-o", f"compression_type={compression}"] if compression else []
        tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", *packing, self.raw(folder, scheme), target)
        return target


def flower_layer(version: str) -> LayerFiles:
    site = "/python/venv/lib/python3.11/site-packages"
    return LayerFiles(
        {
            f"{site}/flwr-{version}.dist-info/METADATA": f"Name: flwr\nVersion: {version}\n",
            f"{site}/flwr/__init__.py": "",
        }
    )


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def compressed_cluster(image: Path) -> tuple[int, int]:
    """Offset and bytes in the file of some compressed cluster, found by the tables as qcow2.txt describes them."""
    data = image.read_bytes()
    bits = struct.unpack_from(">I", data, 20)[0]
    (l1,) = struct.unpack_from(">Q", data, 40)
    (table,) = struct.unpack_from(">Q", data, l1)
    table &= 0x00FF_FFFF_FFFF_FE00
    entries = struct.unpack_from(f">{(1 << bits) // 8}Q", data, table)
    entry = next(it for it in reversed(entries) if it & 1 << 62)
    width = 62 - (bits - 8)
    offset = entry & ((1 << width) - 1)
    return offset, (((entry >> width) & ((1 << (bits - 8)) - 1)) + 1) * 512 - offset % 512
