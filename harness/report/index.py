"""Which scenarios there are for each claim, read from the feature files without running anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from gherkin.parser import Parser

from harness.claims.catalogue import Catalogue
from harness.claims.gherkin import NIGHTLY, check_feature, scenarios_with_tags


@dataclass(frozen=True)
class KnownScenario:
    """A scenario of a feature file.

    Attributes:
        feature: Its file, relative to the project.
        name: Its name; an outline's rows share it.
        nightly: Whether it runs with `--nightly` only.
    """

    feature: str
    name: str
    nightly: bool


def index_features(root: Path, catalogue: Catalogue) -> Mapping[str, frozenset[KnownScenario]]:
    """The scenarios of each claim.

    Raises:
        InputError: A feature file is refused; the text names file and line.
    """
    found: dict[str, set[KnownScenario]] = defaultdict(set)
    for path in sorted(root.rglob("*.feature")):
        check_feature(path, catalogue)
        feature = Parser().parse(path.read_text(encoding="utf-8"))["feature"]
        for scenario, tags in scenarios_with_tags(feature):
            known = KnownScenario(str(path.relative_to(root.parent)), scenario["name"], NIGHTLY in tags)
            for claim in tags & set(catalogue):
                found[claim].add(known)
    return MappingProxyType({claim: frozenset(scenarios) for claim, scenarios in found.items()})
