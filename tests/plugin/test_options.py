"""What the options of `pytest features/` say once they are checked."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.claims.plugin.options import pytest_addoption, read_options
from harness.errors import InputError


@pytest.fixture
def given(tmp_path):
    """Reads options as pytest would hand them over."""

    def read(*words):
        parser = pytest.Parser(_ispytest=True)
        pytest_addoption(parser)
        options = parser.parse([str(word) for word in words])
        options.strict = False
        config = SimpleNamespace(
            getoption=lambda name: getattr(options, name.lstrip("-").replace("-", "_")), rootpath=tmp_path
        )
        return read_options(config)

    return read


def test_the_defaults_are_those_of_the_specification(given, tmp_path):
    target = given()
    assert (target.flower, target.cloud, target.hypervisor) == ("1.25.0", "embedded", "process")
    assert target.reports == tmp_path / "reports"
    assert (target.strategy, target.expected, target.toxiproxy) == (None, None, None)
    assert not target.nightly
    assert not target.strict


def test_a_strategy_is_a_file_and_a_class(given, tmp_path):
    file = tmp_path / "ours.py"
    file.write_text("class Ours: pass\n")
    strategy = given("--strategy", f"{file}:Ours").strategy
    assert (strategy.file, strategy.name) == (file, "Ours")


def test_files_are_found_from_where_pytest_was_started(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").touch()
    assert given("--expected", "mine.toml").expected == tmp_path / "mine.toml"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--flower", "9.9.9"], "--flower 9.9.9: not a version that the harness can drive; it drives 1.25.0"),
        (["--flower", "latest"], "--flower latest: not a version"),
        (["--cloud", "moon"], "--cloud moon: "),
        (["--hypervisor", "xen"], "--hypervisor xen: "),
        (["--strategy", "ours.py"], "--strategy ours.py: write FILE.py:CLASS"),
        (["--strategy", "ours.py:1"], "--strategy ours.py:1: write FILE.py:CLASS"),
        (["--strategy", "none.py:Ours"], "--strategy none.py: there is no such file"),
        (["--expected", "none.toml"], "--expected none.toml: there is no such file"),
        (["--toxiproxy", "none"], "--toxiproxy none: there is no such file"),
        (["--service-template", "none.json"], "--service-template none.json: there is no such file"),
        (["--boot-script", "none.sh"], "--boot-script none.sh: there is no such file"),
        (["--live", "-1"], "--live -1.0: seconds cannot be negative"),
    ],
)
def test_bad_options_are_one_clear_line(given, words, says):
    with pytest.raises(InputError) as error:
        given(*words)
    assert str(error.value).startswith(says)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "ours.json:1: is not JSON: "),
        ('{"name": "x", "roles": []}', "ours.json: there is no role 'superlink' (its roles: none)"),
        ('{"name": "x", "roles": [], "role": 1}', "ours.json: field 'role': has no meaning here"),
    ],
)
def test_a_service_template_that_cannot_be_used_is_refused_before_anything_runs(given, tmp_path, text, says):
    file = tmp_path / "ours.json"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        given("--service-template", str(file))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_boot_script_without_an_interpreter_is_refused(given, tmp_path):
    file = tmp_path / "boot"
    file.write_bytes(b"\x7fELF")
    with pytest.raises(InputError, match="is no script: its first line does not name its interpreter"):
        given("--boot-script", str(file))
    file.write_text("#!/bin/sh\nexit 3\n")
    assert given("--boot-script", str(file)).boot_script == file


@pytest.mark.parametrize(
    "text",
    [
        "from theirs import Ours",
        "import theirs as Ours",
        "Ours = make()",
        "if True:\n    class _X: pass\n    Ours = _X",
        "from theirs import *",
    ],
)
def test_a_strategy_may_come_from_elsewhere(given, tmp_path, text):
    file = tmp_path / "ours.py"
    file.write_text(text)
    assert given("--strategy", f"{file}:Ours").strategy.name == "Ours"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class Ours(:", "ours.py:1: is not Python: "),
        ("class Theirs: pass\nclass Else: pass", "ours.py: it has no class Ours; it has Theirs, Else"),
        ("", "ours.py: it has no class Ours; it has none"),
        ("\0", "ours.py"),
    ],
)
def test_a_strategy_that_is_not_in_its_file_is_refused_before_anything_runs(given, tmp_path, text, says):
    file = tmp_path / "ours.py"
    file.write_text(text)
    with pytest.raises(InputError) as error:
        given("--strategy", f"{file}:Ours")
    assert says in str(error.value)
    assert "\n" not in str(error.value)
