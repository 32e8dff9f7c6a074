"""Checks: functions of a history that say whether what was seen is what a claim says.

A check never acts and never waits. It returns a finding when the observation is complete, and raises `Inconclusive`
when it is not; a check that crashes gives *unknown*, never *conforms*.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.errors import Inconclusive, InputError
from harness.history.history import History


@dataclass(frozen=True)
class Finding:
    """What a check found in a complete observation.

    Attributes:
        conforms: Whether it is what the claim says.
        summary: One sentence: what was seen.
        figures: What the sentence rests on.
    """

    conforms: bool
    summary: str
    figures: Mapping[str, Any] = field(default_factory=dict)


def conforms(summary: str, figures: Mapping[str, Any] | None = None) -> Finding:
    """A finding of what the claim says."""
    return Finding(True, summary, figures or {})  # noqa: FBT003 - named by this function


def deviates(summary: str, figures: Mapping[str, Any] | None = None) -> Finding:
    """A finding of something else than what the claim says."""
    return Finding(False, summary, figures or {})  # noqa: FBT003 - named by this function


class Check(Protocol):
    """A check; its parameters besides the history are keyword-only and come from the scenario."""

    __name__: str

    def __call__(self, history: History, /, **parameters: Any) -> Finding:
        """Judge the history.

        Raises:
            Inconclusive: The observation is not complete.
        """


_checks: dict[str, Callable[..., Finding]] = {}


def check(function: Callable[..., Finding]) -> Callable[..., Finding]:
    """Make a function known as a check, by its name with dashes: `works_again` is `works-again`."""
    name = function.__name__.replace("_", "-")
    assert name not in _checks, f"two checks named {name}"
    _checks[name] = function
    return function


def checks() -> Mapping[str, Callable[..., Finding]]:
    """All checks by name."""
    # Imported here: the modules of checks import this one to register themselves.
    from harness.history import checks as package  # noqa: PLC0415

    package.load_all()
    return dict(_checks)


def disturbance(history: History) -> str | None:
    """By which known defect of the software, that no claim is about, the scenario was disturbed; None when by none.

    Flower 1.25.0 loses a message whose objects have not arrived yet: see `harness/flower/logs.py`, LOST_MESSAGE.
    """
    lost = history.first("supernode.lost-message")
    if lost is None:
        return None
    return f"Flower lost a message for node {lost['node']}: its SuperNode asked for it before its objects had arrived"


def apply(name: str, history: History, parameters: Mapping[str, Any]) -> Finding:
    """Judge a history by a check of that name.

    Raises:
        InputError: There is no such check, or it does not take these parameters: the history is of another version.
        Inconclusive: The observation is not complete, or was disturbed.
    """
    if (reason := disturbance(history)) is not None:
        raise Inconclusive(reason)
    known = checks()
    if name not in known:
        raise InputError(f"there is no check {name!r}; was the history made by another version of the harness?")
    try:
        inspect.signature(known[name]).bind(history, **parameters)
    except TypeError as error:
        raise InputError(f"check {name}: {error}; was the history made by another version of the harness?") from error
    return known[name](history, **parameters)
