"""What a rule is, what it is told to expect, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.claims.verdicts import Verdict
from harness.image.facts import ImageFacts, Root
from harness.image.unread import Unread

LIMIT = 2_000_000_000
"""The specification's "<2GB", bytes: decimal, as the tools that show an image's size count."""

VERSIONS_TOO_OLD = 24
"""The specification's "Docker CE 24+"."""


@dataclass(frozen=True)
class Expectations:
    """What the user may want otherwise than the specification.

    Attributes:
        limit: Bytes of the file that it has to stay below.
        flower: Version of the pre-baked Flower.
        repository: Name of the pre-baked image without its tag.
        base_os: `ID-VERSION` as in os-release.
        docker: Oldest major version of the Docker engine.
        boot_script: Path of the boot script in the image; None for any of the usual ones.
    """

    limit: int = LIMIT
    flower: str = "1.25.0"
    repository: str = "flwr/supernode"
    base_os: str = "ubuntu-24.04"
    docker: int = VERSIONS_TOO_OLD
    boot_script: str | None = None

    @property
    def image(self) -> str:
        """Name and tag of the pre-baked image."""
        return f"{self.repository}:{self.flower}"


@dataclass(frozen=True)
class Finding:
    """What a rule says of an image.

    Attributes:
        rule: Id of the rule, e.g. `size-limit`.
        claim: Id of the catalogue's claim that it judges; empty for what any image has to fulfil.
        verdict: Conforms, deviates, or unknown.
        evidence: One line: what was seen, and what was expected when that is something else.
        advisory: Whether it is said beside the others (the specification's estimates), and makes no image fail.
    """

    rule: str
    claim: str
    verdict: Verdict
    evidence: str
    advisory: bool = False


Judgement = tuple[Verdict, str]


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes:
        id: Its name.
        claim: See `Finding`.
        asks: What it asks for, in our words.
        judge: Gives verdict and evidence.
        advisory: See `Finding`.
    """

    id: str
    claim: str
    asks: str
    judge: Callable[[ImageFacts, Expectations], Judgement]
    advisory: bool = False

    def find(self, facts: ImageFacts, expected: Expectations) -> Finding:
        """The finding of this rule on an image."""
        verdict, evidence = self.judge(facts, expected)
        return Finding(self.id, self.claim, verdict, evidence, self.advisory)


def conforms(evidence: str) -> Judgement:
    """As it has to be."""
    return Verdict.CONFORMS, evidence


def deviates(evidence: str) -> Judgement:
    """Seen, and not as it has to be."""
    return Verdict.DEVIATES, evidence


def unknown(reason: str) -> Judgement:
    """Could not be judged."""
    return Verdict.UNKNOWN, reason


def of_root(judge: Callable[[Root, Expectations], Judgement]) -> Callable[[ImageFacts, Expectations], Judgement]:
    """A rule about the root file system: unknown, with the reader's reason, when that could not be read."""

    def judged(facts: ImageFacts, expected: Expectations) -> Judgement:
        if isinstance(facts.root, Unread):
            return unknown(facts.root.reason)
        return judge(facts.root, expected)

    return judged


def shortened(items: tuple[str, ...] | list[str], most: int = 3) -> str:
    """The first few of many, and how many more there are."""
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")


def megabytes(size: int) -> str:
    """Bytes as decimal megabytes, as the specification counts them."""
    return f"{size / 1e6:,.0f} MB" if size >= 10e6 else f"{size / 1e6:,.1f} MB"  # noqa: PLR2004 - one more digit
