"""Rules about the file: its size, and whether it is a sound QCOW2 that stands alone."""

from __future__ import annotations

from harness.image.facts import ImageFacts
from harness.image.qemu import Checked
from harness.image.rules.finding import Expectations, Judgement, conforms, deviates, unknown
from harness.image.unread import Unread

_TEMPLATE_DISK = 10_240 << 20
"""DISK SIZE of the specification's VM template, bytes."""
_LARGEST_DISK = 20 << 30
"""Upper end of its "10-20GB disk", bytes."""
_GIB = 1 << 30


def size_limit(facts: ImageFacts, expected: Expectations) -> Judgement:
    """st_size of the exported file, not the virtual size, which is what a marketplace calls `size`."""
    seen = f"{facts.size:,} bytes on disk"
    if facts.size < expected.limit:
        return conforms(f"{seen}, {expected.limit - facts.size:,} below the limit of {expected.limit:,}")
    over = facts.size - expected.limit
    by = f"{over:,} byte{'s' if over != 1 else ''} over" if over else "not below"
    return deviates(f"{seen}, {by} the limit of {expected.limit:,}")


def virtual_size(facts: ImageFacts, _: Expectations) -> Judgement:
    """OpenNebula grows a disk to the template's SIZE and never shrinks it."""
    size = facts.header.virtual_size
    seen = f"virtual size {size / _GIB:.1f} GiB"
    if size > _LARGEST_DISK:
        return deviates(f"{seen}, more than the 20 GB disk that the edge VM has at most: it cannot be shrunk")
    if size > _TEMPLATE_DISK:
        return conforms(f"{seen}, within 20 GB but more than the template's SIZE of 10,240 MiB")
    return conforms(f"{seen}, within the template's 10,240 MiB")


def qcow2_tables(facts: ImageFacts, _: Expectations) -> Judgement:
    """Header marks, tables and refcounts."""
    if facts.header.corrupt:
        return deviates("QEMU has marked the image corrupt in its header")
    if isinstance(facts.checked, Unread):
        verified = facts.verified
        if not isinstance(verified, Unread) and verified.missing:
            return deviates(f"{verified.missing:,} clusters or tables lie beyond the file's end: {verified.first}")
        return unknown(f"refcounts were not checked: {facts.checked.reason}")
    return _checked(facts.checked)


def _checked(checked: Checked) -> Judgement:
    if checked.corruptions:
        return deviates(f"qemu-img check finds {checked.corruptions:,} corrupt entries; the file may be cut off")
    if checked.errors or checked.code == 1:
        return deviates(f"qemu-img check met {checked.errors} errors: {checked.text}")
    if checked.leaks:
        return deviates(
            f"qemu-img check finds {checked.leaks:,} leaked clusters, which no table points to: build it again"
        )
    if checked.code != 0:
        return deviates(f"qemu-img check ended with {checked.code}: {checked.text}")
    return conforms("qemu-img check finds no errors")


def qcow2_data(facts: ImageFacts, _: Expectations) -> Judgement:
    """Every cluster read once."""
    verified = facts.verified
    if isinstance(verified, Unread):
        return unknown(verified.reason)
    if verified.damaged:
        return deviates(
            f"{verified.damaged:,} of {verified.compressed:,} compressed clusters are damaged: {verified.first}"
        )
    if verified.missing:
        return deviates(f"{verified.missing:,} clusters or tables are missing, the file is cut off: {verified.first}")
    return conforms(f"all {verified.allocated:,} clusters read, {verified.compressed:,} of them compressed")


def stands_alone(facts: ImageFacts, _: Expectations) -> Judgement:
    """No backing file, no external data file, no internal snapshots."""
    header = facts.header
    if header.backing_file is not None:
        return deviates(f"has a backing file, {header.backing_file}: flatten it with qemu-img convert -O qcow2")
    if header.external_data is not None:
        return deviates(
            f"keeps its data in another file, {header.external_data or 'unnamed'}: flatten it with qemu-img"
        )
    if header.snapshots:
        return deviates(f"has {header.snapshots} internal snapshots, which take room: export it with qemu-img convert")
    return conforms("no backing file, no external data file, no internal snapshots")


def in_the_clear(facts: ImageFacts, _: Expectations) -> Judgement:
    """Not encrypted: nobody could type a passphrase at the edge."""
    if facts.header.encryption is not None:
        return deviates(f"is encrypted ({facts.header.encryption}): no VM boots it without a secret")
    return conforms("not encrypted")
