"""What can go wrong, by who has to act.

Only `ClaimViolated` speaks about the software under test. Everything else says that the harness, its input or the
machine was not as it has to be, and never becomes a verdict other than *unknown*.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class HarnessError(Exception):
    """Base of all errors that the harness raises on purpose; its text is one clear line for a person."""


class InputError(HarnessError):
    """Something that the user gave is wrong: an option, a template, an image, a file.

    The text says what is wrong, where, and what to do. Commands print it alone, without a traceback, and exit with 2.
    """


class SetupFailed(HarnessError):
    """Something that the scenarios need could not be had on this machine; the text names each way that was tried."""


class Inconclusive(HarnessError):
    """The observation is not complete: a precondition was not met, or a fault did not bite.

    The claim's verdict becomes *unknown*, with this text as its reason.
    """


class Unavailable(Inconclusive):
    """What a claim would be judged by is not there, and nobody asked for it, or another verdict says so already.

    The scenario is skipped and the claim's verdict becomes *unknown*, with this text as its reason: what is missing and
    what to do. Only `--strict` makes the run red for it.
    """


class WaitTimeout(HarnessError):
    """A wait reached its time limit.

    Attributes:
        what: What was waited for, in words.
        waited: Seconds that the wait lasted.
        last_seen: The value that the probe gave last.
    """

    def __init__(self, what: str, waited: float, last_seen: object) -> None:
        super().__init__(f"gave up waiting for {what} after {waited:.1f} s; last seen: {last_seen!r}")
        self.what = what
        self.waited = waited
        self.last_seen = last_seen


class WaitAborted(HarnessError):
    """What was waited for can no longer happen (a process has ended, say); the text says why and what was seen last."""


class ClaimViolated(AssertionError):
    """What was seen, in a completed observation, contradicts a claim of the specification.

    The only error that makes the verdict *deviates*.

    Attributes:
        claim: Id of the claim, e.g. ``CONN-RETRY-ZERO-UNLIMITED``.
        evidence: What was seen: a sentence under ``summary``, and the figures behind it.
    """

    def __init__(self, claim: str, evidence: Mapping[str, Any]) -> None:
        super().__init__(f"{claim}: {evidence.get('summary', dict(evidence))}")
        self.claim = claim
        self.evidence = dict(evidence)
