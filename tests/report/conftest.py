"""A small catalogue, and outcomes of scenarios as workers send them."""

from pathlib import Path

import pytest

from harness.claims.catalogue import Catalogue, Claim, Expected
from harness.claims.ledger import Outcome
from harness.claims.verdicts import Verdict
from harness.report.index import KnownScenario
from harness.report.outcomes import ScenarioOutcome
from harness.target import Target

EXPECTED = {
    "CONN-A": "conforms",
    "CONN-B": "deviates",
    "ROUND-C": "conforms",
    "SCALE-D": "unknown",
    "IMAGE-E": "conforms",
}
CHAPTER = {"CONN": "connectivity", "ROUND": "rounds", "SCALE": "scaling", "IMAGE": "image"}


def claim(id_, expected):
    chapter = CHAPTER[id_.partition("-")[0]]
    return Claim(id_, chapter, f"Section of {id_}", f"Text of {id_}.", "How.", Expected(Verdict(expected), "Known."))


@pytest.fixture
def catalogue():
    return Catalogue([claim(id_, expected) for id_, expected in EXPECTED.items()])


@pytest.fixture
def ran():
    """Makes the outcome of a scenario: `ran("cut", CONN_A="conforms")`."""

    def make(name, *, feature="features/links.feature", error=None, **verdicts):
        claims = tuple(
            Outcome(id_.replace("_", "-"), Verdict(verdict), f"{name} saw {verdict}", {"n": 1})
            for id_, verdict in verdicts.items()
        )
        history = f"histories/{name}.jsonl"
        return ScenarioOutcome(f"{feature}::{name}", name, feature, claims, history, 12.3, error, "harness_app.Ours")

    return make


@pytest.fixture
def index():
    """The scenarios there are: `cut` and `long cut` for CONN-A, `cut` for CONN-B, `night` for ROUND-C."""

    def known(name, *, nightly=False):
        return KnownScenario("features/links.feature", name, nightly)

    return {
        "CONN-A": frozenset({known("cut"), known("long cut")}),
        "CONN-B": frozenset({known("cut")}),
        "ROUND-C": frozenset({known("night", nightly=True)}),
    }


@pytest.fixture
def target(tmp_path):
    return Target(
        flower="1.25.0",
        cloud="embedded",
        hypervisor="process",
        reports=Path(tmp_path),
        nightly=False,
        strategy=None,
        service_template=None,
        boot_script=None,
        image=None,
        expected=None,
        strict=False,
        toxiproxy=None,
        live=0,
    )
