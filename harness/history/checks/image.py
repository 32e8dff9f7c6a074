"""Checks of an image that was read: each applies the image rules of its claim to the facts in the history."""

from __future__ import annotations

from dataclasses import replace

from harness.claims.verdicts import Verdict
from harness.errors import Inconclusive, Unavailable
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.history import History
from harness.image.facts import ImageFacts
from harness.image.record import facts_from_json
from harness.image.rules import RULES, Expectations
from harness.image.rules.breakdown import Part
from harness.image.rules.finding import megabytes
from harness.image.unread import Unread

_RULES = {rule.id: rule for rule in RULES}
_SOUND = ("qcow2-tables", "qcow2-data", "qcow2-alone", "qcow2-clear")
_MB = 1_000_000


def _facts(history: History) -> ImageFacts:
    """What was read.

    Raises:
        Unavailable: The file is not a QCOW2.
        Inconclusive: Nothing was read.
    """
    _check_read(history)
    return facts_from_json(history.needed("image.read")["facts"])


def _check_read(history: History) -> None:
    if (refused := history.first("image.refused")) is not None:
        raise Unavailable(refused["reason"])


def _expected(history: History) -> Expectations:
    given = history.needed("image.given")
    return Expectations(limit=given["limit"], flower=given["flower"])


def _fulfils(history: History, *rules: str) -> Finding:
    """One rule that is broken outweighs one that could not be judged: it was seen.

    Raises:
        Unavailable: One could not be judged, of a file that is not sound: IMAGE-QCOW2-SOUND says so already.
        Inconclusive: One could not be judged.
    """
    facts, expected = _facts(history), _expected(history)
    found = [_RULES[rule].find(facts, expected) for rule in rules]
    figures = {it.rule: it.verdict.value for it in found}
    if broken := [it.evidence for it in found if it.verdict is Verdict.DEVIATES]:
        return deviates("; ".join(broken), figures)
    if unknown := [it.evidence for it in found if it.verdict is Verdict.UNKNOWN]:
        raise _not_judged(history, "; ".join(dict.fromkeys(unknown)))
    return conforms("; ".join(it.evidence for it in found), figures)


def _not_judged(history: History, reason: str) -> Inconclusive:
    facts, expected = _facts(history), _expected(history)
    sound = all(_RULES[rule].find(facts, expected).verdict is not Verdict.DEVIATES for rule in _SOUND)
    return Inconclusive(reason) if sound else Unavailable(reason)


# -- the file


@check
def image_is_sound(history: History) -> Finding:
    """A QCOW2 that is complete, readable to its last cluster, stands alone and is in the clear."""
    if (refused := history.first("image.refused")) is not None:
        return deviates(refused["reason"])
    return _fulfils(history, *_SOUND)


@check
def image_fits_its_disk(history: History) -> Finding:
    """The guest's disk is not larger than the VM's, nor the root file system larger than its partition."""
    return _fulfils(history, "virtual-size", "root-mounts")


@check
def image_is_below_its_limit(history: History) -> Finding:
    """The file, not the virtual disk, is smaller than the limit."""
    finding = _fulfils(history, "size-limit")
    return replace(finding, figures={"bytes": _facts(history).size, "limit": history.needed("image.given")["limit"]})


@check
def image_part_is_estimated(history: History, *, part: str, low: int, high: int) -> Finding:
    """A part takes between `low` and `high` megabytes, with a quarter's grace on either side."""
    return _estimate(history, Part(part, part, _bytes(history, part), (low * _MB, high * _MB)))


@check
def image_part_is_at_most(history: History, *, part: str, most: int) -> Finding:
    """A part takes no more than `most` megabytes and a quarter."""
    return _estimate(history, Part(part, part, _bytes(history, part), (most * _MB, most * _MB), at_most=True))


def _bytes(history: History, part: str) -> int:
    _check_read(history)
    measured = history.needed("image.measured")
    if part not in measured["parts"]:
        raise _not_judged(history, measured.get("unread") or f"{part} was not measured")
    return int(measured["parts"][part])


def _estimate(history: History, part: Part) -> Finding:
    most = "at most " if part.at_most else ""
    summary = f"{megabytes(part.bytes)}, estimated {most}{part.estimated()}"
    if part.name != "size-total" and (used := history.needed("image.measured")["parts"].get("size-used")):
        summary += f"; of {megabytes(used)} in the root file system"
    return Finding(part.fits(), summary, {"bytes": part.bytes, "estimated": list(part.estimate or ())})


# -- what is in it


@check
def image_has_base_os(history: History) -> Finding:
    """The operating system is Ubuntu 24.04, and the minimal one."""
    return _fulfils(history, "base-os")


@check
def image_has_docker(history: History) -> Finding:
    """The engine is new enough, or the one that Debian maintains, and starts at boot."""
    return _fulfils(history, "docker-engine", "docker-starts")


@check
def image_has_flower(history: History) -> Finding:
    """The Flower image is in Docker's store by its name, whole, and holds that version of flwr."""
    return _fulfils(history, "flower-image", "flower-version")


@check
def image_has_flower_only(history: History) -> Finding:
    """No other container image is in a store."""
    return _fulfils(history, "only-base-image")


@check
def image_has_no_framework(history: History) -> Finding:
    """Neither the root nor a layer has a machine-learning framework."""
    return _fulfils(history, "no-ml-framework")


@check
def image_has_utilities(history: History) -> Finding:
    """The tools that the boot script calls are on the path."""
    return _fulfils(history, "utilities")


@check
def image_is_clean(history: History) -> Finding:
    """The caches of apt and the leftovers of Docker are gone."""
    return _fulfils(history, "apt-clean", "docker-clean")


# -- how it starts


@check
def image_has_scripts(history: History) -> Finding:
    """The boot script and the health check are there and can be executed."""
    return _fulfils(history, "boot-script", "health-check")


@check
def image_has_contextualization(history: History) -> Finding:
    """Contextualization starts at boot, finds its disk, and can report READY."""
    return _fulfils(history, "context-scripts")


@check
def image_brings_its_interface_up(history: History) -> Finding:
    """The network manager for which contextualization writes its configuration starts at boot."""
    return _fulfils(history, "nic")


@check
def image_has_one_context(history: History) -> Finding:
    """OpenNebula's own package is installed; an image without it does not say whether it would install."""
    root = _facts(history).root
    try:
        return _fulfils(history, "context-package")
    except Inconclusive as error:
        if isinstance(root, Unread):
            raise
        raise Unavailable(str(error)) from error
