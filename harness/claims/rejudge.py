"""Judges a saved history again: the same checks on the same events, without running anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.claims.ledger import Ledger, Outcome
from harness.errors import InputError
from harness.history.checks import registry
from harness.history.events import Event
from harness.history.history import History, read_events

_HEADER = ("scenario", "feature", "planned", "flower", "cloud", "hypervisor")


@dataclass(frozen=True)
class Rejudged:
    """What a history says when it is judged again.

    Attributes:
        path: The history.
        scenario: Name of its scenario.
        feature: Its feature file.
        flower: Version of Flower that was under test.
        cloud: What it ran on.
        hypervisor: Where VMs ran.
        outcomes: The verdicts now.
        recorded: For each claim the worst verdict that its checks gave when the scenario ran; `unknown` without one.
        seconds: How long the scenario lasted.
        error: Why the scenario could not go on, if it could not.
        unavailable: Whether that is something that was not there and that the user did not ask for.
        own_image: Whether the image was the user's.
    """

    path: Path
    scenario: str
    feature: str
    flower: str
    cloud: str
    hypervisor: str
    outcomes: tuple[Outcome, ...]
    recorded: dict[str, str]
    seconds: float
    error: str | None
    unavailable: bool = False
    own_image: bool = False


def rejudge(path: Path) -> Rejudged:
    """Judge a history again.

    Raises:
        InputError: It cannot be read, or was made by another version of the harness.
    """
    events = read_events(path)
    header = events[0]
    if missing := [name for name in _HEADER if name not in header.data]:
        raise InputError(f"{path}:1: history.begins has no `{missing[0]}`; is this the history of a scenario?")
    _check_planned(path, header["planned"])
    ledger = Ledger(header["planned"])
    error = next((str(event.get("error")) for event in events if event.kind == "scenario.error"), None)
    for number, event in enumerate(events):
        if event.kind == "check":
            error = _apply(path, events, number, ledger) or error
    return Rejudged(
        path=path,
        scenario=header["scenario"],
        feature=header["feature"],
        flower=header["flower"],
        cloud=header["cloud"],
        hypervisor=header["hypervisor"],
        outcomes=tuple(ledger.outcomes(error)),
        recorded=_recorded(header, events),
        seconds=round(events[-1].t - header.t, 1),
        error=error,
        unavailable=any(event.kind == "scenario.error" and event.get("type") == "Unavailable" for event in events),
        own_image=any(event.kind == "image.given" and event.get("reference") is False for event in events),
    )


def _check_planned(path: Path, planned: object) -> None:
    counts = planned.values() if isinstance(planned, dict) else [None]
    if not all(isinstance(count, int) for count in counts):
        raise InputError(
            f"{path}:1: `planned` of history.begins names the number of checks of each claim, not {planned!r}"
        )


def _apply(path: Path, events: list[Event], number: int, ledger: Ledger) -> str | None:
    """Apply a check; returns why it could not judge, if it could not."""
    event = events[number]
    where = f"{path}:{number + 1}"
    try:
        claims, check, parameters, seen, _ = (
            event[name] for name in ("claims", "check", "parameters", "seen", "verdict")
        )
    except KeyError as error:
        raise InputError(f"{where}: a check has no {error}; was the history made by another version?") from error
    if not isinstance(parameters, dict):
        raise InputError(f"{where}: the parameters of a check are an object, not {parameters!r}")
    if not isinstance(claims, list):
        raise InputError(f"{where}: the claims of a check are a list, not {claims!r}")
    if stray := [claim for claim in claims if claim not in ledger.planned]:
        raise InputError(f"{where}: a check of {stray[0]!r}, which the scenario did not plan to judge")
    if not isinstance(seen, int) or not 0 < seen <= number:
        raise InputError(f"{where}: a check that saw {seen!r} events, of {number} before it")
    try:
        finding = registry.apply(check, History(events[:seen]), parameters)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    except Exception as error:  # noqa: BLE001 - a check that crashes gives unknown, never conforms
        return str(error) or type(error).__name__
    for claim in claims:
        ledger.add(claim, finding)
    return None


def _recorded(header: Event, events: list[Event]) -> dict[str, str]:
    worst = dict.fromkeys(header["planned"], "unknown")
    given: dict[str, list[str]] = {claim: [] for claim in worst}
    for event in events:
        if event.kind == "check":
            for claim in event["claims"]:
                given[claim].append(event["verdict"])
    for claim, verdicts in given.items():
        if "deviates" in verdicts:
            worst[claim] = "deviates"
        elif verdicts and "unknown" not in verdicts and len(verdicts) >= header["planned"][claim]:
            worst[claim] = "conforms"
    return worst
