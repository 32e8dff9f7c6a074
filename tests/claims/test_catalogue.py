import textwrap

import pytest

from harness.claims.catalogue import CHAPTERS, Expected, load_catalogue
from harness.claims.verdicts import Verdict
from harness.errors import InputError

GOOD = """
[CONN-ONE]
section = "Pattern 3, layer 1"
text = '''
A claim,
wrapped.'''
judged = "By looking."
expected = "deviates"
reason = "Measured."

[CONN-ONE.flower."1.42.0"]
expected = "conforms"
reason = "Repaired."
"""


@pytest.fixture
def chapter(tmp_path):
    def write(text, name="connectivity.toml"):
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return tmp_path

    return write


def test_a_claim_has_what_its_table_says(chapter):
    catalogue = load_catalogue(chapter(GOOD))
    assert list(catalogue) == ["CONN-ONE"]
    claim = catalogue["CONN-ONE"]
    assert (claim.id, claim.chapter, claim.section) == ("CONN-ONE", "connectivity", "Pattern 3, layer 1")
    assert claim.text == "A claim, wrapped."
    assert claim.judged == "By looking."


def test_a_version_of_its_own_outweighs_the_default(chapter):
    claim = load_catalogue(chapter(GOOD))["CONN-ONE"]
    assert claim.expected("1.42.0") == Expected(Verdict.CONFORMS, "Repaired.")
    assert claim.expected("1.25.0") == claim.expected("1.43.0") == Expected(Verdict.DEVIATES, "Measured.")


def test_an_expectation_for_all_versions_takes_the_place_of_every_other(chapter):
    claim = load_catalogue(chapter(GOOD))["CONN-ONE"].expecting(Expected(Verdict.UNKNOWN, "Ours."))
    assert claim.expected("1.42.0") == claim.expected("1.25.0") == Expected(Verdict.UNKNOWN, "Ours.")


def test_an_expectation_for_a_version_leaves_the_others(chapter):
    claim = load_catalogue(chapter(GOOD))["CONN-ONE"].expecting(Expected(Verdict.UNKNOWN, "Ours."), "1.25.0")
    assert claim.expected("1.25.0").verdict is Verdict.UNKNOWN
    assert claim.expected("1.31.0").verdict is Verdict.DEVIATES
    assert claim.expected("1.42.0").verdict is Verdict.CONFORMS


def test_chapters_come_in_their_order_not_in_the_files(chapter):
    chapter(GOOD.replace("CONN", "TMPL"), "templates.toml")
    chapter(GOOD.replace("CONN", "ROUND"), "rounds.toml")
    catalogue = load_catalogue(chapter(GOOD))
    assert list(catalogue) == ["CONN-ONE", "ROUND-ONE", "TMPL-ONE"]
    assert [claim.id for claim in catalogue.chapter("rounds")] == ["ROUND-ONE"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('expected = "deviates"', ""), "claim CONN-ONE: field 'expected': is missing"),
        (('reason = "Measured."', ""), "claim CONN-ONE: field 'reason': is missing"),
        (('reason = "Measured."', 'reason = "  "'), "claim CONN-ONE: field 'reason': is empty"),
        (('reason = "Repaired."', ""), "claim CONN-ONE: field 'flower.1.42.0.reason': is missing"),
        (('section = "Pattern 3, layer 1"', "section = 3"), "claim CONN-ONE: field 'section': "),
        (('= "deviates"', '= "deviate"'), "claim CONN-ONE: field 'expected': 'deviate' is not one of"),
        (("judged =", "juged ="), "claim CONN-ONE: field "),
        (('"1.42.0"', '"1.42"'), "claim CONN-ONE: field 'flower.1.42': '1.42' is not a version such as 1.25.0"),
        (("[CONN-ONE]", "[ROUND-ONE]"), "claim ROUND-ONE: the id has to be CONN- and"),
        (("[CONN-ONE]", "[CONN-one]"), "claim CONN-one: the id has to be CONN- and"),
        (("[CONN-ONE]", "[CONN-]"), "claim CONN-: the id has to be CONN- and"),
        (("[CONN-ONE]", "[[CONN-ONE]]"), "claim CONN-ONE: "),
    ],
)
def test_what_is_wrong_with_a_claim_is_said_in_one_line(chapter, change, says):
    assert change[0] in GOOD
    folder = chapter(GOOD.replace(*change))
    with pytest.raises(InputError) as raised:
        load_catalogue(folder)
    assert str(raised.value).startswith(f"{folder / 'connectivity.toml'}: ")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_id_cannot_be_there_twice(chapter):
    folder = chapter(GOOD + GOOD)
    with pytest.raises(InputError, match=r"connectivity\.toml: is not TOML: Cannot declare .*CONN-ONE.* line"):
        load_catalogue(folder)


def test_a_value_in_the_place_of_a_claim_is_refused(chapter):
    with pytest.raises(InputError, match="claim CONN-ONE: "):
        load_catalogue(chapter('CONN-ONE = "conforms"'))


def test_a_file_that_is_no_chapter_is_refused(chapter):
    with pytest.raises(InputError, match=r"links\.toml: is not named after a chapter"):
        load_catalogue(chapter(GOOD, "links.toml"))


def test_a_folder_without_chapters_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no chapter in it"):
        load_catalogue(tmp_path)


def test_a_chapter_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "rounds.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"rounds\.toml: is not UTF-8 text"):
        load_catalogue(tmp_path)


def test_an_unknown_chapter_is_refused_with_those_there_are(chapter):
    with pytest.raises(InputError, match="no chapter 'link'; the chapters are connectivity, rounds"):
        load_catalogue(chapter(GOOD)).chapter("link")


def test_a_misspelt_id_gets_the_nearest_one(chapter):
    catalogue = load_catalogue(chapter(GOOD))
    assert catalogue.named("CONN-ONE", "x.feature").id == "CONN-ONE"
    with pytest.raises(InputError, match=r"^x\.feature, line 3: 'CONN-ONES' .* did you mean CONN-ONE\?$"):
        catalogue.named("CONN-ONES", "x.feature, line 3")
    with pytest.raises(InputError, match="`harness claims` lists them"):
        catalogue.named("zzz", "x.feature")


def test_the_project_has_a_claim_in_every_chapter():
    catalogue = load_catalogue()
    assert all(catalogue.chapter(name) for name in CHAPTERS)
    assert sum(len(catalogue.chapter(name)) for name in CHAPTERS) == len(catalogue)
