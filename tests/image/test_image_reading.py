"""The readers against what the real tools wrote: QCOW2, partition tables, ext4."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest
from appliance_images import MIB, Appliance, find, need, tool
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.image.extfs import ExtTree
from harness.image.header import read_header
from harness.image.kernel import read_kernel
from harness.image.partitions import Partition
from harness.image.qemu import info, map_data
from harness.image.reader import Disk
from harness.image.reading import read_image
from harness.image.tree import Kind, read_text, resolve, walk
from harness.image.unread import Unread, Unreadable
from harness.image.verify import verify
from harness.processes import run

VERSIONS = ["compat=0.10", "compat=1.1"]


def pieces_of_a_disk() -> st.SearchStrategy[list[tuple[int, bytes]]]:
    """Stretches of data, some that compress and some that do not, at sectors of a disk of 4 MiB."""
    compressible = st.integers(1, 255).map(lambda byte: bytes([byte]) * 70_000)
    noise = st.integers(0, 1000).map(lambda seed: random.Random(seed).randbytes(5_000))
    return st.lists(st.tuples(st.integers(0, 8191), compressible | noise), max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=pieces_of_a_disk(),
    options=st.sampled_from(
        [
            *[(version, "-c") for version in VERSIONS],
            *[(version, "") for version in VERSIONS],
            ("compat=1.1,compression_type=zstd", "-c"),
            ("compat=1.1,cluster_size=4096", "-c"),
            ("compat=1.1,cluster_size=2097152", "-c"),
            ("compat=1.1,cluster_size=512", ""),
            ("compat=1.1,lazy_refcounts=on,preallocation=metadata", ""),
        ]
    ),
)
def test_the_disk_reads_as_qemu_wrote_it(pieces, options):
    need("qemu-img")
    content = bytearray(4 * MIB)
    for sector, data in pieces:
        at = sector * 512
        content[at : at + len(data)] = data[: len(content) - at]
    with tempfile.TemporaryDirectory() as name:
        raw, image = Path(name) / "disk.raw", Path(name) / "disk.qcow2"
        raw.write_bytes(content)
        tool(
            "qemu-img", "convert", *filter(None, [options[1]]), "-f", "raw", "-O", "qcow2", "-o", options[0], raw, image
        )
        header = read_header(image)
        with Disk(image, header) as disk:
            assert disk.read() == bytes(content)
            assert disk.read(1) == b""
            disk.seek(-7, os.SEEK_END)
            assert disk.read(100) == bytes(content[-7:])
            assert disk.at(65_530, 20) == bytes(content[65_530:65_550])
            assert verify(image, disk).sound
        told = info(image)
        assert not isinstance(told, Unread)
        assert (told["virtual-size"], told["cluster-size"]) == (header.virtual_size, header.cluster_size)
        specific = told["format-specific"]["data"]
        assert specific.get("compression-type", "zlib") == header.compression
        assert specific["compat"] == {2: "0.10", 3: "1.1"}[header.version]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "an HTML or XML page"),
        (b"\n  <HTML><head>", "an HTML or XML page"),
        (bytes(4096), "zeros, a raw or sparse file"),
        (b"\x1f\x8b\x08" + bytes(100), "gzip data"),
        (b"KDMV" + bytes(600), "a VMDK"),
        (b"hello, world", "data that starts with 68 65 6c 6c"),
        (b"QFI\xfb\x00\x00\x00\x03", "cut off inside its header, after 8 bytes"),
        (b"QFI\xfb\x00\x00\x00\x01" + bytes(200), "a QCOW of version 1"),
        (b"QFI\xfb\x00\x00\x00\x03" + bytes(200), "an impossible cluster size"),
    ],
)
def test_what_is_not_a_qcow2_is_refused_in_one_line(tmp_path, content, words):
    image = tmp_path / "image.qcow2"
    image.write_bytes(content)
    with pytest.raises(InputError, match=r"image\.qcow2") as raised:
        read_header(image)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["gpt", "bare"])
def test_a_raw_disk_is_refused_with_what_to_do(appliance, tmp_path, scheme):
    with pytest.raises(InputError, match="qemu-img convert"):
        read_header(appliance.raw(tmp_path, scheme))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_header(tmp_path / "nowhere.qcow2")
    with pytest.raises(InputError, match="directory"):
        read_header(tmp_path)


@given(data=st.binary(max_size=300).map(lambda tail: b"QFI\xfb\x00\x00\x00\x03" + tail))
def test_any_header_is_parsed_or_refused(data):
    with tempfile.NamedTemporaryFile(suffix=".qcow2") as file:
        file.write(data)
        file.flush()
        try:
            header = read_header(Path(file.name))
            with Disk(Path(file.name), header) as disk:
                disk.at(0, 512)
        except (InputError, Unreadable):
            pass


@pytest.mark.parametrize(
    ("scheme", "layout"),
    [
        ("gpt", ("GPT: 1 BIOS boot, 2 ext4", 2)),
        ("dos", ("MBR: 1 ext4", 1)),
        ("logical", ("MBR: 5 ext4", 5)),
        ("bare", ("no partition table: ext4", 0)),
    ],
)
@pytest.mark.parametrize("compression", ["zlib", "zstd", None])
def test_each_way_to_divide_a_disk(appliance, tmp_path, scheme, layout, compression):
    facts = read_image(appliance.qcow2(tmp_path, scheme, compression=compression))
    assert not isinstance(facts.layout, Unread)
    assert not isinstance(facts.root, Unread)
    assert (facts.layout.words(), facts.root.partition) == layout
    assert facts.root.reader == "ext4"
    assert facts.root.release is not None
    assert facts.root.release.version == "24.04"
    assert not isinstance(facts.stores, Unread)
    assert facts.stores[0].images[0].flower == "1.25.0"


def test_the_kernel_of_an_image(appliance, tmp_path):
    appliance.write("/boot/vmlinuz-6.1.0-1", "old")
    appliance.write("/boot/initrd.img-6.1.0-1", "old disk")
    appliance.write("/boot/vmlinuz-6.1.0-2", "new")
    appliance.write("/boot/initrd.img-6.1.0-2", "new disk")
    image = appliance.qcow2(tmp_path)
    found = read_kernel(image)
    assert (found.kernel, found.initrd) == (b"new", b"new disk")
    assert len(found.root) == len("UUID=") + 36
    (appliance.root / "vmlinuz").symlink_to("boot/vmlinuz-6.1.0-1")
    (appliance.root / "initrd.img").symlink_to("boot/initrd.img-6.1.0-1")
    assert read_kernel(appliance.qcow2(tmp_path)).kernel == b"old"


def test_an_image_without_a_kernel_says_so(sound):
    with pytest.raises(Unreadable, match="no ext4 partition has a kernel"):
        read_kernel(sound)


def test_map_counts_the_data(sound):
    mapped = map_data(sound)
    assert not isinstance(mapped, Unread)
    assert 0 < mapped.data < 28 * MIB
    assert mapped.elsewhere == 0


def awkward(root: Path) -> None:
    """What a root has that is awkward: a large folder, long names, links in all forms, holes, many extents."""
    (root / "large").mkdir()
    for number in range(3000):
        (root / "large" / f"a-name-that-takes-some-room-{number:05}").touch()
    (root / "deep/er/still").mkdir(parents=True)
    (root / "deep/er/still/file").write_text("found")
    (root / "to-deep").symlink_to("deep/er")
    (root / "absolute").symlink_to("/to-deep/still")
    (root / "up").symlink_to("deep/er/../er/./still/file")
    (root / "loop").symlink_to("loop")
    (root / "long").symlink_to("/" + "./" * 60 + "deep/er/still/file")
    (root / "dangling").symlink_to("/nowhere")
    (root / "ünï ☃").write_text("snow")
    with (root / "holes").open("wb") as file:
        for number in range(12):
            file.seek(number * 3 * 4096)
            file.write(bytes([number + 1]) * 4096)
    os.mkfifo(root / "pipe")


def test_the_ext4_tree_equals_the_folder_it_was_made_of(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    awkward(root)
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    need("mkfs.ext4", "qemu-img")
    with raw.open("wb") as file:
        file.truncate(16 * MIB)
    tool("mkfs.ext4", "-q", "-F", "-d", root, raw)
    # Gives the large folder its hash tree, as a running system has it.
    fsck = find("e2fsck")
    assert fsck is not None
    run([fsck, "-fyD", raw], timeout=60, check=False)
    tool("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, image)
    with Disk(image, read_header(image)) as disk:
        tree = ExtTree(disk, Partition(0, 0, len(disk), "", "ext4"))
        seen = {f"{folder.rstrip('/')}/{name}" for folder, inside in walk(tree) for name in inside}
        there = {f"/{path.relative_to(root)}" for path in root.rglob("*")}
        assert seen == there | {"/lost+found"}
        assert tree.contents("/holes") == (root / "holes").read_bytes()
        for path in ("/to-deep/still/file", "/absolute/file", "/up", "/long"):
            assert read_text(tree, path) == "found", path
        assert read_text(tree, "/ünï ☃") == "snow"
        assert resolve(tree, "/loop") is None
        assert resolve(tree, "/dangling") is None
        assert resolve(tree, "/deep/er/still/file/below") is None
        assert read_text(tree, "/deep") is None
        pipe = tree.entry("/pipe")
        assert pipe is not None
        assert pipe.kind is Kind.OTHER


def test_ext3_is_unknown_with_the_reason_and_not_garbage(appliance, tmp_path):
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    with raw.open("wb") as file:
        file.truncate(24 * MIB)
    tool("mkfs.ext4", "-q", "-F", "-t", "ext3", "-d", appliance.root, raw)
    tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    facts = read_image(image)
    assert isinstance(facts.root, Unread)
    assert "ext2 or ext3" in facts.root.reason


@pytest.mark.parametrize("victim", [1024, 4096, 300_000, 1_200_000])
def test_a_damaged_ext4_never_breaks_the_reader(appliance, tmp_path, victim):
    raw = appliance.raw(tmp_path, "bare")
    noise = random.Random(victim).randbytes(200_000)
    with raw.open("r+b") as file:
        file.seek(victim)
        file.write(noise)
    image = tmp_path / "damaged.qcow2"
    tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    facts = read_image(image)
    for part in (facts.root, facts.stores, facts.frameworks):
        assert not isinstance(part, Unread) or "\n" not in part.reason


@pytest.mark.parametrize(("make", "name"), [("mkfs.xfs", "xfs"), ("mkfs.btrfs", "btrfs")])
def test_another_file_system_is_unknown_with_the_reason(tmp_path, monkeypatch, make, name):
    need(make, "qemu-img")
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    with raw.open("wb") as file:
        file.truncate(320 * MIB)
    tool(make, "-q", raw)
    tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    # As on a machine without libguestfs.
    monkeypatch.setenv("PATH", "/nonexistent")
    facts = read_image(image)
    assert isinstance(facts.root, Unread)
    assert f"the root is on {name}, not on ext4" in facts.root.reason
    assert "apt-get install libguestfs-tools" in facts.root.reason


def test_lvm_is_recognized(tmp_path, monkeypatch):
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    disk = bytearray(4 * MIB)
    disk[512:520] = b"LABELONE"
    raw.write_bytes(disk)
    tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image)
    monkeypatch.setenv("PATH", "/nonexistent")
    facts = read_image(image)
    assert isinstance(facts.root, Unread)
    assert "the root is on LVM" in facts.root.reason


def test_a_root_without_dpkg_and_units(tmp_path):
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr").mkdir()
    bare = Appliance.__new__(Appliance)
    bare.root, bare.packages = root, {}
    facts = read_image(bare.qcow2(tmp_path))
    assert not isinstance(facts.root, Unread)
    assert facts.root.release is None
    assert facts.root.packages == {}
    assert facts.stores == ()


@pytest.mark.skipif(
    not os.environ.get("FLOWER_HARNESS_LIBGUESTFS"),
    reason="boots libguestfs's VM, about a minute: set FLOWER_HARNESS_LIBGUESTFS=1, apt-get install libguestfs-tools",
)
def test_btrfs_is_read_through_libguestfs(appliance, tmp_path):
    need("mkfs.btrfs", "qemu-img")
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    with raw.open("wb") as file:
        file.truncate(320 * MIB)
    (appliance.root / "var/lib/dpkg/status").write_text("Package: jq\nStatus: install ok installed\nVersion: 1.7\n")
    (appliance.root / "etc/fstab").write_text("/dev/sda / btrfs defaults 0 0\n")
    tool("mkfs.btrfs", "-q", "--rootdir", appliance.root, raw)
    tool("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, image)
    facts = read_image(image)
    assert not isinstance(facts.root, Unread), facts.root.reason
    assert facts.root.reader == "libguestfs"
    assert facts.root.release is not None
    assert facts.root.release.version == "24.04"
    assert set(facts.root.packages) == {"jq"}
    assert not isinstance(facts.stores, Unread)
    assert [image.flower for store in facts.stores for image in store.images] == ["1.25.0"]
    assert "docker.service" in facts.root.units
    assert facts.root.executables["jq"] == "/usr/bin/jq"
