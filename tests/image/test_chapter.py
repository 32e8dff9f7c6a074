"""`pytest features/image --image QCOW2` on images of every kind: the verdicts, the exit code, the one line.

One process runs pytest once for each image, as starting it takes longer than judging an image.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from appliance_images import MIB, Appliance, LayerFiles, compressed_cluster, flower_layer, tool

from harness.processes import run
from harness.sessions import cache_root

ROOT = Path(__file__).parents[2]
SITE = "/python/venv/lib/python3.11/site-packages"
CONFORMING = {
    "IMAGE-SIZE",
    "IMAGE-QCOW2-SOUND",
    "IMAGE-DISK",
    "IMAGE-BASE-OS",
    "IMAGE-DOCKER-ENGINE",
    "IMAGE-FLOWER-PREBAKED",
    "IMAGE-FLOWER-ONLY",
    "IMAGE-NO-FRAMEWORK",
    "IMAGE-UTILITIES",
    "IMAGE-CLEAN",
    "IMAGE-BOOT-SCRIPT",
    "IMAGE-CONTEXT",
    "IMAGE-CONTEXT-INSTALLS",
    "IMAGE-CONTEXT-NETWORK",
}
"""What the small appliance conforms to; it is far smaller than the estimates of the size table."""

DRIVER = """
import json, pathlib, sys
import pytest

for name, arguments in json.load(sys.stdin).items():
    said = pathlib.Path(name).open("w")
    sys.stdout = sys.stderr = said
    code = pytest.main([*arguments, "-n", "0", "--live", "0"])
    said.write(f"code {int(code)}\\n")
    said.close()
"""


@dataclass(frozen=True)
class Ran:
    """What a run on an image said."""

    code: int
    text: str
    claims: dict[str, dict[str, str]]

    @property
    def verdicts(self) -> dict[str, str]:
        return {claim: entry["verdict"] for claim, entry in self.claims.items()}

    def of(self, verdict: str) -> set[str]:
        return {claim for claim, found in self.verdicts.items() if found == verdict}

    def reason(self, claim: str) -> str:
        return self.claims[claim]["reason"]


# -- images


def changed(change: Callable[[Appliance], object], scheme: str = "gpt") -> Callable[[Path], Path]:
    """An image of the appliance after a change."""

    def make(folder: Path) -> Path:
        (folder / "root").mkdir()
        appliance = Appliance(folder / "root")
        change(appliance)
        return appliance.qcow2(folder, scheme)

    return make


def torch(it: Appliance) -> None:
    it.no_images()
    it.image(
        ["flwr/supernode:1.25.0"],
        [LayerFiles({"/etc/base": "x"}), LayerFiles({f"{SITE}/torch/__init__.py": ""}), flower_layer("1.25.0")],
    )


def no_docker(it: Appliance) -> None:
    for name in ("docker-ce", "docker-ce-cli", "containerd.io"):
        del it.packages[name]
    it.remove("/usr/bin/dockerd")
    it.disable("docker.service")
    it.no_images()


def wrong_flower(it: Appliance) -> None:
    it.no_images()
    it.image(["flwr/supernode:1.25.0"], [LayerFiles({"/etc/base": "x"}), flower_layer("1.31.0")])


def dirty(it: Appliance) -> None:
    it.write("/var/cache/apt/archives/jq_1.7_amd64.deb", "x")


def as_it_is(_: Appliance) -> None:
    pass


def copied(spoil: Callable[[Path], object]) -> Callable[[Path], Path]:
    """A sound image, spoilt."""

    def make(folder: Path) -> Path:
        image = changed(as_it_is)(folder)
        spoil(image)
        return image

    return make


def zero_a_cluster(image: Path) -> None:
    offset, length = compressed_cluster(image)
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(length))


def cut_off(image: Path) -> None:
    os.truncate(image, image.stat().st_size * 6 // 10)


def grow_to(size: int) -> Callable[[Path], None]:
    def grow(image: Path) -> None:
        os.truncate(image, size)

    return grow


def overlay(folder: Path) -> Path:
    base, image = changed(as_it_is)(folder), folder / "overlay.qcow2"
    tool("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, image)
    return image


def encrypted(folder: Path) -> Path:
    image = folder / "secret.qcow2"
    secret = ["--object", "secret,id=s,data=x", "-o", "encrypt.format=aes,encrypt.key-secret=s"]
    tool("qemu-img", "create", "-q", "-f", "qcow2", *secret, image, "8M")
    return image


def containing(data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        image = folder / "image.qcow2"
        image.write_bytes(data)
        return image

    return make


def raw(folder: Path) -> Path:
    (folder / "root").mkdir()
    return Appliance(folder / "root").raw(folder).rename(folder / "raw.qcow2")


def foreign(at: int, magic: bytes) -> Callable[[Path], Path]:
    """A disk with the mark of a file system that is not read here."""

    def make(folder: Path) -> Path:
        disk, image = bytearray(4 * MIB), folder / "foreign.qcow2"
        disk[at : at + len(magic)] = magic
        (folder / "disk.raw").write_bytes(disk)
        tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", folder / "disk.raw", image)
        return image

    return make


IMAGES: dict[str, Callable[[Path], Path]] = {
    "sound": changed(as_it_is),
    "mbr": changed(as_it_is, "dos"),
    "bare": changed(as_it_is, "bare"),
    "one byte over": copied(grow_to(2_000_000_001)),
    "at the limit": copied(grow_to(2_000_000_000)),
    "one byte below": copied(grow_to(1_999_999_999)),
    "torch in a layer": changed(torch),
    "no docker": changed(no_docker),
    "dirty apt cache": changed(dirty),
    "wrong flower": changed(wrong_flower),
    "truncated": copied(cut_off),
    "a zeroed cluster": copied(zero_a_cluster),
    "a backing file": overlay,
    "encrypted": encrypted,
    "html": containing(b"<!doctype html><title>Not found</title>"),
    "empty": containing(b""),
    "raw": raw,
    "lvm": foreign(512, b"LABELONE"),
    "xfs": foreign(0, b"XFSB"),
    "btrfs": foreign(65600, b"_BHRfS_M"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    folder = tmp_path_factory.mktemp("chapter")
    arguments: dict[str, list[str]] = {}
    for name, make in IMAGES.items():
        place = folder / name.replace(" ", "-")
        place.mkdir()
        arguments[f"{place}/said"] = ["features/image", "--image", str(make(place)), "--reports", f"{place}/reports"]
    place = folder / "sound"
    image = place / "gpt-zlib.qcow2"
    limit = ["--image-limit", str(image.stat().st_size)]
    (folder / "own-limit").mkdir()
    reports = ["--reports", f"{folder}/own-limit/reports"]
    arguments[f"{folder}/own-limit/said"] = ["features/image", "--image", str(image), *limit, *reports]
    run(
        [sys.executable, "-c", DRIVER],
        timeout=900,
        stdin=json.dumps(arguments),
        cwd=ROOT,
        env={
            "PYTHONPATH": str(ROOT),
            "FLOWER_HARNESS_STATE": str(folder / "state"),
            "FLOWER_HARNESS_CACHE": str(cache_root()),
            # As on a machine without libguestfs.
            "PATH": _path_without("guestfish", folder / "bin"),
        },
    )
    found = {}
    for said in arguments:
        text = Path(said).read_text(encoding="utf-8")
        entries = json.loads((Path(said).parent / "reports/latest/conformance.json").read_text(encoding="utf-8"))
        claims = {entry["claim"]: entry for entry in entries if entry["scenarios"]}
        found[Path(said).parent.name] = Ran(int(text.rsplit("code ", 1)[1]), text, claims)
    shutil.rmtree(folder)
    return found


def _path_without(name: str, folder: Path) -> str:
    """A PATH with every executable of this one but that."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for path in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / path.name
            if path.name != name and not link.exists() and not link.is_symlink():
                link.symlink_to(path)
    return str(folder)


@pytest.mark.parametrize("kind", ["sound", "mbr", "bare"])
def test_a_sound_image_conforms_in_any_partitioning(ran, kind):
    found = ran[kind]
    assert found.of("conforms") >= CONFORMING
    assert found.of("unknown") == set()


def test_what_conforms_in_the_users_own_image_is_not_red_because_the_reference_image_deviates(ran):
    text = ran["sound"].text
    assert ran["sound"].claims["IMAGE-BASE-OS"]["expected"] == "deviates"
    assert "IMAGE-BASE-OS conforms, expected deviates" not in text
    # The small image's base system is not of the size that is estimated, which the reference image's is.
    assert "IMAGE-SIZE-BASE deviates, expected conforms" in text
    assert ran["sound"].code == 1


BROKEN = [
    ("one-byte-over", "IMAGE-SIZE", "2,000,000,001 bytes on disk, 1 byte over the limit of 2,000,000,000"),
    ("at-the-limit", "IMAGE-SIZE", "not below the limit of 2,000,000,000"),
    ("own-limit", "IMAGE-SIZE", "bytes on disk, not below the limit of"),
    ("torch-in-a-layer", "IMAGE-NO-FRAMEWORK", "PyTorch in image flwr/supernode:1.25.0, layer 2 of 3"),
    ("no-docker", "IMAGE-DOCKER-ENGINE", "no Docker engine: neither docker-ce nor docker.io is installed"),
    ("dirty-apt-cache", "IMAGE-CLEAN", "apt-get clean removes: /var/cache/apt/archives/jq_1.7_amd64.deb"),
    ("wrong-flower", "IMAGE-FLOWER-PREBAKED", "flwr 1.31.0 in flwr/supernode:1.25.0; expected is 1.25.0"),
    ("truncated", "IMAGE-QCOW2-SOUND", "cut off"),
    ("a-zeroed-cluster", "IMAGE-QCOW2-SOUND", "does not decompress"),
    ("a-backing-file", "IMAGE-QCOW2-SOUND", "has a backing file"),
    ("encrypted", "IMAGE-QCOW2-SOUND", "is encrypted (AES): no VM boots it without a secret"),
    ("html", "IMAGE-QCOW2-SOUND", "not a QCOW2 but an HTML or XML page, as a failed download leaves it"),
    ("empty", "IMAGE-QCOW2-SOUND", "not a QCOW2 but an empty file"),
    ("raw", "IMAGE-QCOW2-SOUND", "not a QCOW2 but a raw disk image: convert it with qemu-img"),
]


@pytest.mark.parametrize(("kind", "claim", "words"), BROKEN, ids=[case[0] for case in BROKEN])
def test_what_is_wrong_deviates_makes_the_run_red_and_is_one_line(ran, kind, claim, words):
    found = ran[kind]
    assert found.code == 1
    assert found.verdicts[claim] == "deviates"
    assert words in found.reason(claim)
    assert "\n" not in found.reason(claim)
    assert f"{claim} deviates, expected conforms" in found.text
    assert "Traceback" not in found.text
    assert "could not go on" not in found.text


@pytest.mark.parametrize(
    ("kind", "others"),
    [
        ("one-byte-over", set()),
        ("own-limit", set()),
        ("torch-in-a-layer", set()),
        ("no-docker", {"IMAGE-FLOWER-PREBAKED", "IMAGE-FLOWER-ONLY"}),
        ("dirty-apt-cache", set()),
        ("wrong-flower", set()),
    ],
)
def test_what_is_wrong_makes_no_other_claim_deviate(ran, kind, others):
    wrong = next(claim for name, claim, _ in BROKEN if name == kind)
    assert ran[kind].of("conforms") >= CONFORMING - others - {wrong}
    assert ran[kind].of("unknown") == set()


def test_one_byte_below_the_limit_conforms(ran):
    assert ran["one-byte-below"].verdicts["IMAGE-SIZE"] == "conforms"


@pytest.mark.parametrize("kind", ["html", "empty", "raw"])
def test_of_what_is_no_qcow2_everything_else_is_unknown_and_said_once(ran, kind):
    found = ran[kind]
    assert found.of("deviates") == {"IMAGE-QCOW2-SOUND"}
    assert found.of("conforms") == set()
    assert found.text.count(" scenarios not judged here: ") == 1
    assert "1 failed, 20 skipped" in found.text


@pytest.mark.parametrize("kind", ["a-backing-file", "encrypted"])
def test_of_an_unsound_image_what_cannot_be_read_is_unknown_because_of_that(ran, kind):
    found = ran[kind]
    assert {claim for claim in CONFORMING if found.verdicts[claim] == "unknown"} == CONFORMING - {
        "IMAGE-SIZE",
        "IMAGE-QCOW2-SOUND",
    }
    assert found.text.count(" scenarios not judged here: ") == 1


@pytest.mark.parametrize(("kind", "name"), [("lvm", "LVM"), ("xfs", "xfs"), ("btrfs", "btrfs")])
def test_a_file_system_that_is_not_read_makes_unknown_and_red_with_what_to_install(ran, kind, name):
    found = ran[kind]
    assert found.code == 1
    assert {"IMAGE-SIZE", "IMAGE-QCOW2-SOUND"} <= found.of("conforms")
    assert found.of("unknown") >= CONFORMING - {"IMAGE-SIZE", "IMAGE-QCOW2-SOUND"}
    reason = found.reason("IMAGE-FLOWER-PREBAKED")
    assert f"the root is on {name}, not on ext4" in reason
    assert "apt-get install libguestfs-tools" in reason
    assert "Traceback" not in found.text
    assert "IMAGE-CLEAN unknown, expected conforms" in found.text
