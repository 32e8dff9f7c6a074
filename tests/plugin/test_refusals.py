"""What pytest-bdd would let pass without a word is refused, in one line that names file and line."""

import pytest

from harness.claims.catalogue import load_catalogue
from harness.claims.gherkin import check_feature, claims_of_step
from harness.errors import InputError

GOOD = """\
Feature: Links

  Words about links, a scenario of them, and what
  scenarios are.

  @CONN-NODE-ID-KEPT @takes-30s
  Scenario: A link is cut
    When the link is cut
    Then the node keeps its id

  @CONN-BANDWIDTH
  Rule: Narrow links

    Background:
      Given a link

    @nightly
    Scenario Outline: A link of <rate> kB/s
      Then all is well (CONN-BANDWIDTH)

      Examples:
        | rate |
        | 16   |
"""

REFUSED = {
    "a tag that names no claim": (
        "@CONN-NODE-ID-KEPT @takes-30s",
        "@CONN-NODE-ID-KEEPT",
        6,
        "'CONN-NODE-ID-KEEPT' is not a claim of the catalogue; did you mean CONN-NODE-ID-KEPT?",
    ),
    "a tag of a rule that names no claim": ("  @CONN-BANDWIDTH\n", "  @nightley\n", 11, "'nightley' is not a claim"),
    "two scenarios of one name": (
        "Scenario Outline: A link of <rate> kB/s",
        "Scenario Outline: A link is cut",
        18,
        "a second scenario named 'A link is cut' (the first: line 7); one would not run",
    ),
    "a scenario without a name": ("Scenario: A link is cut", "Scenario:", 7, "a scenario needs a name"),
    "a scenario without a claim": (
        "  @CONN-NODE-ID-KEPT @takes-30s\n",
        "  @takes-30s\n",
        7,
        "scenario 'A link is cut' names no claim by a tag",
    ),
    "a step that names a claim which is no tag": (
        "keeps its id",
        "keeps its id (CONN-BACKOFF-GRPC)",
        9,
        "CONN-BACKOFF-GRPC is not among the tags of the scenario",
    ),
    "a scenario without its colon, after steps": (
        "Scenario: A link is cut",
        "Scenario A link is cut",
        7,
        "`Scenario A link is cut` has no colon",
    ),
    "a scenario without its colon, in a description": (
        "Words about links",
        "Scenario about links",
        3,
        "`Scenario about links, a scenario of them, and what` has no colon",
    ),
    "a scenario without its colon, in a rule": (
        "    Background:\n      Given a link\n",
        "    # about it\n\n    Scenario One\n      Given a link\n",
        16,
        "`Scenario One` has no colon where Gherkin wants it and would be lost in a description; write `Scenario: …`",
    ),
    "a background without its colon": ("    Background:\n", "    Background\n", 14, "write `Background: …`"),
    "examples without their colon": ("      Examples:\n", "      Examples\n", 21, "write `Examples: …`"),
    "a keyword in small letters": ("Words about", "scenario outline: about", 3, "write `Scenario Outline: …`"),
    "a space before the colon": ("Words about", "Scenario : about", 3, "write `Scenario: …`"),
    "a table with a cell too few": ("        | 16   |\n", "        | 16 | 17 |\n", 23, "inconsistent cell count"),
}


def feature(tmp_path, text):
    path = tmp_path / "links.feature"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_feature_is_taken(tmp_path):
    check_feature(feature(tmp_path, GOOD), load_catalogue())


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_file_and_line(tmp_path, case):
    old, new, line, says = REFUSED[case]
    assert GOOD.count(old) == 1
    path = feature(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InputError) as error:
        check_feature(path, load_catalogue())
    text = str(error.value)
    assert text.startswith(f"{path}:{line}: ")
    assert says in text
    assert "\n" not in text


def test_a_claim_that_is_only_tagged_is_refused(tmp_path):
    path = feature(
        tmp_path,
        GOOD.replace("@takes-30s", "@CONN-BACKOFF-GRPC").replace("keeps its id", "keeps its id (CONN-NODE-ID-KEPT)"),
    )
    with pytest.raises(InputError, match=r":7: scenario 'A link is cut' is tagged CONN-BACKOFF-GRPC, but no Then-step"):
        check_feature(path, load_catalogue())


def test_steps_that_only_set_up_judge_nothing(tmp_path):
    path = feature(
        tmp_path, GOOD.replace("    Then the node keeps its id\n", "    And it is seen (CONN-NODE-ID-KEPT)\n")
    )
    with pytest.raises(InputError, match="is tagged CONN-NODE-ID-KEPT, but no Then-step judges it"):
        check_feature(path, load_catalogue())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ": there is no Feature in it"),
        ("# only words\n", ": there is no Feature in it"),
        ("nonsense\n", ":1: `nonsense` cannot stand here"),
        ('Feature: A\n  @CONN-BANDWIDTH\n  Scenario: B\n    Then c\n      """\n', ":6: unexpected end of file"),
        ("# language: xx\nFeature: A\n", ":1: Language not supported: xx"),
    ],
)
def test_what_is_no_feature_is_refused(tmp_path, text, says):
    path = feature(tmp_path, text)
    with pytest.raises(InputError) as error:
        check_feature(path, load_catalogue())
    assert str(error.value).startswith(f"{path}{says}")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "links.feature"
    path.write_bytes(b"Feature: \xff\xfe")
    with pytest.raises(InputError, match="cannot be read"):
        check_feature(path, load_catalogue())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("it works (CONN-BANDWIDTH)", ("it works", ("CONN-BANDWIDTH",))),
        ("it works (CONN-A, ROUND-B-2)", ("it works", ("CONN-A", "ROUND-B-2"))),
        ("it works (for now)", ("it works (for now)", ())),
        ("it works (TLS)", ("it works (TLS)", ())),
        ("(CONN-A) it works", ("(CONN-A) it works", ())),
    ],
)
def test_claims_are_read_from_the_end_of_a_step(text, said):
    assert claims_of_step(text) == said


@pytest.mark.parametrize("option", ["-k", "-m"])
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_selection_that_is_no_expression_is_refused_in_one_line(project, option, workers):
    ran = project(links=GOOD.replace("@nightly\n", "@takes-30s\n")).run(option, "cut for 5 s", *workers)
    assert ran.code == 4, ran.text
    assert f"ERROR: Wrong expression passed to '{option}': cut for 5 s: at column 5" in ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text


@pytest.mark.parametrize("workers", [(), ("-n", "2"), ("-n", "0")])
def test_a_tag_that_nothing_has_is_refused_in_one_line(project, workers):
    ran = project(links=GOOD).run("-m", "CONN-NOT-THERE or nightly", *workers)
    assert ran.code == 4, ran.text
    assert "ERROR: -m CONN-NOT-THERE or nightly: there is no tag CONN-NOT-THERE;" in ran.text
    assert "Traceback" not in ran.text
    assert "INTERNALERROR" not in ran.text
