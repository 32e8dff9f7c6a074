"""The catalogue: every testable claim of the specification, and what is known of each today.

A chapter is a TOML file in `catalogue/`, a claim is a table of it::

    [CONN-HALF-OPEN]
    section = "Pattern 3, layer 1"
    text = "the claim, in our words"
    judged = "what is done, and what must be seen"
    expected = "deviates"
    reason = "what was measured, and where the difference lies"

    [CONN-HALF-OPEN.flower."1.42.0"]
    expected = "conforms"
    reason = "what is different on this version"

`expected` and `reason` hold on every Flower version that has no table of its own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from pydantic import Field, ValidationError

from harness.claims.tables import FlowerVersion, Paragraph, Table, in_one_line, problem, read_toml
from harness.claims.verdicts import Verdict
from harness.errors import InputError

CHAPTERS: Mapping[str, str] = MappingProxyType(
    {"connectivity": "CONN", "rounds": "ROUND", "scaling": "SCALE", "image": "IMAGE", "templates": "TMPL"}
)
"""Chapters in the order of reports, each with the prefix of its claims' ids."""

_FOLDER = Path(__file__).parent / "catalogue"
_ID = re.compile(r"[A-Z]+(-[A-Z0-9]+)+")


@dataclass(frozen=True)
class Expected:
    """What is expected of a claim, and why.

    Attributes:
        verdict: The verdict that a run has to find.
        reason: What was measured and where the difference lies, or why it cannot be judged.
    """

    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Claim:
    """One testable sentence of the specification.

    Attributes:
        id: Name of the claim, also the tag of its scenarios, e.g. ``CONN-RETRY-ZERO-UNLIMITED``.
        chapter: The chapter of `features/` that judges it.
        section: Heading of the specification, and the row or number below it.
        text: The claim in our words.
        judged: What is done, and what must be seen for it to conform.
        default: What is expected on versions that `by_version` does not name.
        by_version: What is expected on the versions that differ.
    """

    id: str
    chapter: str
    section: str
    text: str
    judged: str
    default: Expected
    by_version: Mapping[str, Expected] = field(default_factory=dict)

    def expected(self, version: str) -> Expected:
        """What is expected on a Flower version, e.g. ``1.25.0``."""
        return self.by_version.get(version, self.default)

    def expecting(self, expected: Expected, version: str | None = None) -> Claim:
        """The same claim with another expectation, on one version or (None) on all."""
        if version is None:
            return replace(self, default=expected, by_version={})
        return replace(self, by_version={**self.by_version, version: expected})


class Catalogue(Mapping[str, Claim]):
    """Claims by id, in the order of the chapters and of their files."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._claims = {claim.id: claim for claim in claims}

    def __getitem__(self, id_: str) -> Claim:
        return self._claims[id_]

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def chapter(self, name: str) -> tuple[Claim, ...]:
        """The claims of a chapter, in order.

        Raises:
            InputError: There is no chapter of this name.
        """
        if name not in CHAPTERS:
            raise InputError(f"there is no chapter {name!r}; the chapters are {', '.join(CHAPTERS)}")
        return tuple(claim for claim in self.values() if claim.chapter == name)

    def named(self, id_: str, where: str) -> Claim:
        """The claim of an id that somebody wrote; `where` (file and place) is for the error.

        Raises:
            InputError: No claim has this id; the text names the nearest one.
        """
        if id_ in self._claims:
            return self._claims[id_]
        near = difflib.get_close_matches(id_, self._claims, n=1)
        hint = f"did you mean {near[0]}?" if near else "`harness claims` lists them"
        raise InputError(f"{where}: {id_!r} is not a claim of the catalogue; {hint}")


class _Override(Table):
    expected: Verdict
    reason: Paragraph


class _Entry(Table):
    section: Paragraph
    text: Paragraph
    judged: Paragraph
    expected: Verdict
    reason: Paragraph
    flower: dict[FlowerVersion, _Override] = Field(default_factory=dict)

    def claim(self, id_: str, chapter: str) -> Claim:
        return Claim(
            id=id_,
            chapter=chapter,
            section=self.section,
            text=self.text,
            judged=self.judged,
            default=Expected(self.expected, self.reason),
            by_version={version: Expected(it.expected, it.reason) for version, it in self.flower.items()},
        )


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """The claims of a folder of chapters; of the harness's own catalogue when left out.

    Raises:
        InputError: A file or a claim is not as it has to be; the text names file, claim and field.
    """
    folder = _FOLDER if folder is None else folder
    files = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    if not files:
        raise InputError(f"{folder}: there is no chapter in it (a file such as connectivity.toml)")
    if strange := [name for name in files if name not in CHAPTERS]:
        raise InputError(f"{files[strange[0]]}: is not named after a chapter ({', '.join(CHAPTERS)})")
    claims: list[Claim] = []
    for chapter, prefix in CHAPTERS.items():
        if chapter in files:
            claims += _read_chapter(files[chapter], chapter, prefix)
    return Catalogue(claims)


def _read_chapter(path: Path, chapter: str, prefix: str) -> list[Claim]:
    # Ids cannot repeat: TOML refuses a table of one name twice, and each chapter has a prefix of its own.
    return [_read_claim(path, id_, table, chapter, prefix) for id_, table in read_toml(path).items()]


def _read_claim(path: Path, id_: str, table: object, chapter: str, prefix: str) -> Claim:
    if not _ID.fullmatch(id_) or not id_.startswith(f"{prefix}-"):
        place = f"{path}: claim {in_one_line(id_)}"
        raise InputError(f"{place}: the id has to be {prefix}- and words in capitals or digits, with dashes")
    try:
        return _Entry.model_validate(table).claim(id_, chapter)
    except ValidationError as error:
        raise InputError(f"{path}: claim {id_}: {problem(error)}") from error
