"""What the harness refuses in a feature file because pytest-bdd would let it pass without a word.

pytest-bdd 9.0 runs two scenarios of one name as one, loses a `Scenario` without its colon in the description above it,
and takes any tag (measured). Each would make a claim look judged that was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gherkin.errors import CompositeParserException, ParserException
from gherkin.parser import Parser

from harness.claims.catalogue import Catalogue
from harness.errors import InputError

NIGHTLY = "nightly"
"""Tag of scenarios that take minutes and run with `--nightly` only."""

TAKES = re.compile(r"takes-(\d+)s")
"""Tag that says how long a scenario lasts, so that the long ones start first."""

Node = Any
"""A node of the parser's tree: a TypedDict for each kind, of which only common keys are read here."""

_KEYWORDS = "Feature|Rule|Background|Examples?|Scenario(?: Outline| Template)?|Scenarios"
_LOST_KEYWORD = re.compile(rf"\s*(?:({_KEYWORDS})\b(?!:)(?:\s|$)|(?i:({_KEYWORDS}))\s*:)")
"""A keyword without its colon, or with one that Gherkin does not take for its own: in small letters, after a space."""
_SAYS = re.compile(r"\s+\((?P<claims>[A-Z]+(?:-[A-Z0-9]+)+(?:, [A-Z]+(?:-[A-Z0-9]+)+)*)\)$")


def claims_of_step(text: str) -> tuple[str, tuple[str, ...]]:
    """A step's text without the claims in brackets at its end, and those claims.

    >>> claims_of_step("node 1 keeps its node id (CONN-NODE-ID-KEPT)")
    ('node 1 keeps its node id', ('CONN-NODE-ID-KEPT',))
    """
    found = _SAYS.search(text)
    if found is None:
        return text, ()
    return text[: found.start()], tuple(found["claims"].split(", "))


def check_feature(path: Path, catalogue: Catalogue) -> None:
    """Refuse a feature file in which something would be lost.

    Raises:
        InputError: The text names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = Parser().parse(text)
    except CompositeParserException as error:
        raise _refusal(path, text, error.errors[0]) from error
    except ParserException as error:
        raise _refusal(path, text, error) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    feature = document.get("feature")
    if feature is None:
        raise InputError(f"{path}: there is no Feature in it")
    _check_descriptions(path, feature, text.splitlines())
    _check_names(path, feature)
    _check_tags(path, feature, catalogue)


def _refusal(path: Path, text: str, error: ParserException) -> InputError:
    """The parser's complaint; it begins with `(line:column): ` and lists token types, which tell a reader nothing."""
    number = int(error.location["line"])
    line = text.splitlines()[number - 1].strip() if number <= len(text.splitlines()) else ""
    if (lost := _LOST_KEYWORD.match(line)) is not None:
        return InputError(f"{path}:{number}: `{line}` has no colon where Gherkin wants it; write `{_keyword(lost)}: …`")
    said = str(error).partition("): ")[2] or str(error)
    wanted, got, _ = said.partition(", got ")
    if got:
        return InputError(f"{path}:{number}: `{line}` cannot stand here ({wanted.replace('#', '')})")
    return InputError(f"{path}:{number}: {said}")


def _keyword(lost: re.Match[str]) -> str:
    """The keyword that was meant."""
    return " ".join(word.capitalize() for word in (lost[1] or lost[2]).split())


def _children(node: Node) -> Iterator[Node]:
    for child in node.get("children", ()):
        for inner in child.values():
            yield inner
            yield from _children(inner)


def _scenarios(feature: Node) -> list[Node]:
    return [node for node in _children(feature) if "examples" in node]


def _check_descriptions(path: Path, feature: Node, lines: list[str]) -> None:
    examples = [table for scenario in _scenarios(feature) for table in scenario["examples"]]
    for node in (feature, *_children(feature), *examples):
        for line in node.get("description", "").splitlines():
            if (lost := _LOST_KEYWORD.match(line)) is not None:
                # The parser leaves out blank lines and comments before a description, and does not say where it begins.
                after = node["location"]["line"]
                number = next(n for n, read in enumerate(lines[after:], after + 1) if read.strip() == line.strip())
                raise InputError(
                    f"{path}:{number}: `{line.strip()}` has no colon where Gherkin wants it and would be lost in a "
                    f"description; write `{_keyword(lost)}: …`"
                )


def _check_names(path: Path, feature: Node) -> None:
    lines: dict[str, int] = {}
    for scenario in _scenarios(feature):
        name, line = scenario["name"], scenario["location"]["line"]
        if not name:
            raise InputError(f"{path}:{line}: a scenario needs a name")
        if name in lines:
            raise InputError(
                f"{path}:{line}: a second scenario named {name!r} (the first: line {lines[name]}); one would not run"
            )
        lines[name] = line


def scenarios_with_tags(feature: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    """Each scenario of a parsed feature, with its tags and those of what holds it and of its examples."""
    for scenario in _scenarios(feature):
        nodes = [*_above(feature, scenario), scenario, *scenario["examples"]]
        yield scenario, frozenset(tag["name"].removeprefix("@") for node in nodes for tag in node.get("tags", ()))


def _above(feature: Node, scenario: Node) -> list[Node]:
    return [node for node in (feature, *_children(feature)) if any(inner is scenario for inner in _children(node))]


def _check_tags(path: Path, feature: Node, catalogue: Catalogue) -> None:
    for scenario in _scenarios(feature):
        above = _above(feature, scenario)
        claims = set()
        for tag in (tag for node in [*above, scenario, *scenario["examples"]] for tag in node.get("tags", ())):
            name, where = tag["name"].removeprefix("@"), f"{path}:{tag['location']['line']}"
            if name != NIGHTLY and TAKES.fullmatch(name) is None:
                claims.add(catalogue.named(name, where).id)
        _check_steps(path, [*_backgrounds(above), *scenario["steps"]], claims, scenario)


def _backgrounds(above: list[Node]) -> list[Node]:
    return [
        step
        for node in above
        for child in node["children"]
        if "background" in child
        for step in child["background"]["steps"]
    ]


def _check_steps(path: Path, steps: list[Node], claims: set[str], scenario: Node) -> None:
    where = f"{path}:{scenario['location']['line']}"
    if not claims:
        raise InputError(f"{where}: scenario {scenario['name']!r} names no claim by a tag; what would it judge?")
    judged: set[str] = set()
    outcome = False
    for step in steps:
        outcome = step["keywordType"] == "Outcome" or (outcome and step["keywordType"] == "Conjunction")
        _, named = claims_of_step(step["text"])
        if strange := [claim for claim in named if claim not in claims]:
            raise InputError(f"{path}:{step['location']['line']}: {strange[0]} is not among the tags of the scenario")
        if outcome:
            judged |= set(named) or claims
    if left := sorted(claims - judged):
        raise InputError(f"{where}: scenario {scenario['name']!r} is tagged {left[0]}, but no Then-step judges it")
