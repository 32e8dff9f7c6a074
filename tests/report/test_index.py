"""Which scenarios there are for each claim."""

import pytest

from harness.claims.catalogue import load_catalogue
from harness.errors import InputError
from harness.report.index import KnownScenario, index_features

FEATURE = """\
Feature: Links

  @CONN-BANDWIDTH
  Scenario: One
    Then it is so

  @CONN-BANDWIDTH
  Rule: At night

    @nightly
    Scenario: Two
      Then it is so

    @CONN-NODE-ID-KEPT @takes-5s
    Scenario Outline: Three
      Then it is <so>

      @nightly
      Examples:
        | so |
        | 1  |
"""


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "features"
    (root / "deep").mkdir(parents=True)
    (root / "deep" / "links.feature").write_text(FEATURE)
    return root


def test_tags_of_rules_and_examples_count(root):
    index = index_features(root, load_catalogue())
    file = "features/deep/links.feature"
    three = KnownScenario(file, "Three", nightly=True)
    assert index == {
        "CONN-BANDWIDTH": {KnownScenario(file, "One", False), KnownScenario(file, "Two", True), three},
        "CONN-NODE-ID-KEPT": {three},
    }


def test_a_file_that_is_refused_is_named(root):
    (root / "bad.feature").write_text("Feature: Bad\n  Scenario: No claim\n    Then it is so\n")
    with pytest.raises(InputError, match=r"bad\.feature:2: scenario 'No claim' names no claim"):
        index_features(root, load_catalogue())


def test_without_features_there_is_nothing(tmp_path):
    assert index_features(tmp_path, load_catalogue()) == {}
