"""From a root folder to a QCOW2: partition table, ext4 filled by mkfs itself, boot loader, compression."""

from __future__ import annotations

from pathlib import Path

from harness.image.build import grub
from harness.image.build.plan import Plan
from harness.image.build.tools import tool
from harness.processes import run

_SECTOR = 512
_BIOS_START, _BIOS_SECTORS = 2048, 2048
_ROOT_START = 4096
_LAST_SECTORS = 2048
"""Left behind the root: the backup of the GPT, and what an end at a whole MiB costs."""
_BIOS_TYPE = "21686148-6449-6E6F-744E-656564454649"
_ROOT_TYPE = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
_TIMEOUT = 900.0
_EPOCH = "1735689600"

# GRUB 2.06 reads neither orphan_file nor metadata_csum_seed, which newer versions of mkfs.ext4 switch on.
_MKE2FS = """[defaults]
    base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
    default_mntopts = acl,user_xattr
    enable_periodic_fsck = 0
    blocksize = 4096
    inode_size = 256
    inode_ratio = 16384
[fs_types]
    ext4 = {
        features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
    }
"""


def make_raw(plan: Plan, root: Path, raw: Path) -> None:
    """A raw disk that boots: GPT with a BIOS boot partition and the root."""
    filesystem = plan.uuid("root")
    core = grub.configure(root, filesystem)
    raw.unlink(missing_ok=True)
    with raw.open("wb") as file:
        file.truncate(plan.disk)
    # The partition's size is said, so that the file system has exactly that: Linux does not mount a larger one.
    sectors = plan.disk // _SECTOR - _ROOT_START - _LAST_SECTORS
    # sgdisk wrote no partitions here and returned 0; sfdisk works (measured).
    table = (
        f"label: gpt\nlabel-id: {plan.uuid('disk')}\n"
        f"start={_BIOS_START}, size={_BIOS_SECTORS}, type={_BIOS_TYPE}, uuid={plan.uuid('bios partition')}\n"
        f"start={_ROOT_START}, size={sectors}, type={_ROOT_TYPE}, uuid={plan.uuid('root partition')}\n"
    )
    run([tool("sfdisk"), "--quiet", raw], timeout=60, stdin=table)
    config = raw.with_suffix(".mke2fs.conf")
    config.write_text(_MKE2FS)
    extended = f"offset={_ROOT_START * _SECTOR},hash_seed={plan.uuid('hash seed')},root_owner=0:0,discard"
    run(
        [
            *("nice", "-n", "10", tool("mkfs.ext4"), "-q", "-F", "-m", "1", "-L", "root"),
            *("-U", str(filesystem), "-E", extended, "-d", root, raw, f"{sectors // 2}k"),
        ],
        timeout=_TIMEOUT,
        env={"MKE2FS_CONFIG": str(config), "SOURCE_DATE_EPOCH": _EPOCH, "E2FSPROGS_FAKE_TIME": _EPOCH},
    )
    config.unlink()
    grub.embed(raw, root, core, sector=_BIOS_START, room=_BIOS_SECTORS)


def compress(plan: Plan, raw: Path, image: Path) -> None:
    """The raw disk as a compressed QCOW2, under its name only once it is whole."""
    unfinished = image.with_suffix(".unfinished")
    options = f"compression_type={plan.compression}"
    run(
        [
            "nice",
            "-n",
            "10",
            tool("qemu-img"),
            "convert",
            "-c",
            "-f",
            "raw",
            "-O",
            "qcow2",
            "-o",
            options,
            raw,
            unfinished,
        ],
        timeout=_TIMEOUT,
    )
    unfinished.rename(image)
