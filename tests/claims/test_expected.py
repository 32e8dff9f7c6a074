import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.catalogue import Expected, load_catalogue
from harness.claims.expected import with_expected
from harness.claims.verdicts import ClaimResult, Verdict
from harness.errors import InputError

CATALOGUE = load_catalogue()
ID = "CONN-HALF-OPEN"  # deviates, but on 1.42.0 conforms
VERSIONS = ["1.25.0", "1.31.0", "1.42.0"]


@pytest.fixture
def laid(tmp_path):
    def lay(content, name=None):
        if not isinstance(content, str):
            content, name = json.dumps(content), name or "ours.json"
        file = tmp_path / (name or "ours.toml")
        file.write_text(content, encoding="utf-8")
        return with_expected(CATALOGUE, file)

    return lay


def test_toml_takes_the_place_of_the_catalogue_on_every_version(laid):
    ours = laid(f'[{ID}]\nverdict = "unknown"\nreason = "not for us"')
    assert all(ours[ID].expected(version) == Expected(Verdict.UNKNOWN, "not for us") for version in VERSIONS)


def test_toml_for_a_version_leaves_the_others(laid):
    ours = laid(f'[{ID}]\nverdict = "unknown"\nreason = "not for us"\nflower = "1.31.0"')
    assert [ours[ID].expected(version).verdict for version in VERSIONS] == ["deviates", "unknown", "conforms"]


@pytest.mark.parametrize("order", [1, -1])
def test_an_entry_for_a_version_outweighs_one_for_all_wherever_it_stands(laid, order):
    entries = [
        f'[[{ID}]]\nverdict = "unknown"\nreason = "not for us"\n',
        f'[[{ID}]]\nverdict = "conforms"\nreason = "repaired by us"\nflower = "1.31.0"\n',
    ][::order]
    ours = laid("".join(entries))
    assert [ours[ID].expected(version).verdict for version in VERSIONS] == ["unknown", "conforms", "unknown"]


def test_json_object(laid):
    ours = laid({ID: {"verdict": "conforms", "reason": "repaired by us"}})
    assert ours[ID].expected("1.25.0") == Expected(Verdict.CONFORMS, "repaired by us")


def test_json_list_with_expected_in_the_place_of_verdict(laid):
    ours = laid([{"claim": ID, "expected": "conforms", "reason": "repaired by us"}])
    assert ours[ID].expected("1.25.0") == Expected(Verdict.CONFORMS, "repaired by us")


def test_the_report_of_an_earlier_run_expects_what_that_run_found(laid):
    found = ClaimResult(
        claim=ID,
        section=CATALOGUE[ID].section,
        verdict=Verdict.UNKNOWN,
        expected=Verdict.DEVIATES,
        reason="set-up failed",
        flower="1.25.0",
        cloud="embedded",
        hypervisor="process",
        scenarios=("One",),
        evidence=({"summary": "nothing"},),
    )
    ours = laid([found.as_json()])
    assert ours[ID].expected("1.25.0") == Expected(Verdict.UNKNOWN, "set-up failed")
    assert ours[ID].expected("1.31.0") == CATALOGUE[ID].expected("1.31.0")


def test_everything_else_stays_and_so_does_the_order(laid):
    ours = laid({ID: {"verdict": "unknown", "reason": "not for us"}})
    assert list(ours) == list(CATALOGUE)
    assert all(ours[id_] == CATALOGUE[id_] for id_ in CATALOGUE if id_ != ID)
    assert CATALOGUE[ID].expected("1.25.0").verdict is Verdict.DEVIATES


def test_an_empty_file_changes_nothing(laid):
    assert dict(laid("")) == dict(laid([])) == dict(laid({})) == dict(CATALOGUE)


GOOD = {"verdict": "unknown", "reason": "not for us"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"A\nB": GOOD}, r"ours.json: ['A\nB']: 'A\nB' is not a claim"),
        (
            {"CONN-HALF-OPN": GOOD},
            "ours.json: [CONN-HALF-OPN]: 'CONN-HALF-OPN' is not a claim of the catalogue; did you mean",
        ),
        ({ID: {"verdict": "good", "reason": "x"}}, f"ours.json: [{ID}]: field 'verdict': 'good' is not one of"),
        ({ID: {"reason": "x"}}, f"ours.json: [{ID}]: field 'verdict': is missing"),
        ({ID: {"verdict": "unknown"}}, f"ours.json: [{ID}]: field 'reason': is missing"),
        ({ID: {"verdict": "unknown", "reason": "\n"}}, f"ours.json: [{ID}]: field 'reason': is empty"),
        ({ID: {"verdict": "unknown", "reason": None}}, f"ours.json: [{ID}]: field 'reason': "),
        ({ID: GOOD | {"flower": "latest"}}, f"ours.json: [{ID}]: field 'flower': 'latest' is not a version"),
        ({ID: GOOD | {"flowr": "1.25.0"}}, f"ours.json: [{ID}]: field 'flowr': has no meaning here"),
        ({ID: GOOD | {"expected": "conforms"}}, f"ours.json: [{ID}]: field 'expected': has no meaning here"),
        ({ID: "unknown"}, f"ours.json: [{ID}]: is not a table with verdict and reason"),
        ({ID: [GOOD, GOOD]}, f"ours.json: [{ID}], number 2: the claim has an expected verdict already"),
        ([{"verdict": "unknown", "reason": "x"}], "ours.json: entry 1: is not an object that names its claim"),
        (["unknown"], "ours.json: entry 1: is not an object that names its claim"),
        (
            [{"claim": [], "verdict": "unknown", "reason": "x"}],
            "ours.json: entry 1: is not an object that names its claim",
        ),
        ([{"claim": ID} | GOOD, {"claim": ID} | GOOD], f"ours.json: entry 2 ({ID}): the claim has an expected verdict"),
        ([{"claim": ID, "flowr": "1.25.0"} | GOOD], f"ours.json: entry 1 ({ID}): field 'flowr': has no meaning here"),
        ("7", "ours.json: is neither an object nor a list"),
        ("{", "ours.json: is not JSON: "),
        (f'{{"{ID}": {{}}, "{ID}": {{}}}}', f"ours.json: is not JSON: '{ID}' is there twice in one object"),
        ("[" * 100_000, "ours.json: is not JSON: "),
    ],
)
def test_what_is_wrong_with_a_json_file_is_said_in_one_line(laid, tmp_path, content, says):
    with pytest.raises(InputError) as raised:
        laid(content, "ours.json")
    assert str(raised.value).startswith(f"{tmp_path}/{says}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('[CONN-NONE]\nverdict = "unknown"\nreason = "x"', "ours.toml: [CONN-NONE]: 'CONN-NONE' is not a claim"),
        (
            f'[{ID}]\nverdict = "deviated"\nreason = "x"',
            f"ours.toml: [{ID}]: field 'verdict': 'deviated' is not one of",
        ),
        (f'[{ID}]\nverdict = "deviates"', f"ours.toml: [{ID}]: field 'reason': is missing"),
        (f"[{ID}]\n[{ID}]\n", "ours.toml: is not TOML: Cannot declare"),
        (f"[{ID}\n", "ours.toml: is not TOML: "),
        (f"{ID} = 1979-05-27", f"ours.toml: [{ID}]: is not a table with verdict and reason"),
    ],
)
def test_what_is_wrong_with_a_toml_file_is_said_in_one_line(laid, tmp_path, content, says):
    with pytest.raises(InputError) as raised:
        laid(content)
    assert str(raised.value).startswith(f"{tmp_path}/{says}")
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_said_in_one_line(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml: cannot be read: No such file or directory"):
        with_expected(CATALOGUE, tmp_path / "none.toml")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        with_expected(CATALOGUE, tmp_path)


reasons = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.split())
entries = st.fixed_dictionaries(
    {"claim": st.sampled_from(list(CATALOGUE)), "verdict": st.sampled_from([*map(str, Verdict)]), "reason": reasons},
    optional={"flower": st.sampled_from(VERSIONS)},
)


@given(st.lists(entries, unique_by=lambda entry: (entry["claim"], entry.get("flower"))))
def test_every_entry_is_expected_where_it_says_and_nowhere_else(tmp_path_factory, written):
    file = tmp_path_factory.mktemp("overlay") / "ours.json"
    file.write_text(json.dumps(written), encoding="utf-8")
    ours = with_expected(CATALOGUE, file)
    by_place = {(entry["claim"], entry.get("flower")): entry for entry in written}
    for claim in CATALOGUE.values():
        for version in VERSIONS:
            entry = by_place.get((claim.id, version)) or by_place.get((claim.id, None))
            expected = ours[claim.id].expected(version)
            if entry is None:
                assert expected == claim.expected(version)
            else:
                assert (expected.verdict, expected.reason) == (entry["verdict"], " ".join(entry["reason"].split()))


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([ID, "unknown", "1.25.0"])
names = st.sampled_from([ID, "claim", "verdict", "expected", "reason", "flower"]) | st.text(max_size=3)
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4))


@given(anything)
def test_whatever_stands_in_the_file_the_only_error_is_one_line(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("overlay") / "ours.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    said = ""
    try:
        with_expected(CATALOGUE, file)
    except InputError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
