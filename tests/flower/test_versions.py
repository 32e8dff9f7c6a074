"""Flower's environments: which versions, when one counts as made."""

import sys
import sysconfig
import threading
from pathlib import Path

import pytest

from harness.errors import InputError, SetupFailed
from harness.flower import versions
from harness.flower.versions import SPECIFIED, SUPPORTED, check_supported, environment, installed
from harness.processes import ProcessFailed, run


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWER_HARNESS_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("version", ["1.24.0", "1.42.0", "latest", "", "../1.25.0"])
def test_a_version_that_cannot_be_driven_is_refused(version, cache):
    for ask in (check_supported, environment):
        with pytest.raises(InputError) as raised:
            ask(version)
        assert str(raised.value).startswith(f"--flower {version}: ")
        assert "1.25.0" in str(raised.value)
    assert list(cache.iterdir()) == []


def test_the_specifications_version_can_be_driven():
    assert SPECIFIED in SUPPORTED
    assert check_supported(SPECIFIED) == SPECIFIED


def folder(cache, version=SPECIFIED):
    return cache / "flower" / f"{version}-py{sysconfig.get_python_version()}"


def test_an_environment_that_was_not_made_to_its_end_is_none(cache):
    (folder(cache) / "bin").mkdir(parents=True)
    assert installed(SPECIFIED) is None
    (folder(cache) / ".complete").touch()
    found = installed(SPECIFIED)
    assert found is not None
    assert found.command("flwr") == folder(cache) / "bin" / "flwr"
    assert found.python == folder(cache) / "bin" / "python"


def fake_commands(monkeypatch, *, fails=None):
    """Commands that are told instead of run, as if a package index were there; the last can fail."""
    told = []

    def tell(argv, **_):
        words = [str(word) for word in argv]
        told.append(words)
        if "venv" in words:
            Path(words[-1]).mkdir(parents=True)
        if fails is not None and fails in words:
            raise ProcessFailed(f"{fails} ended with 1: no such version")

    monkeypatch.setattr(versions, "run", tell)
    return told


def test_it_is_made_once_with_its_constraints_and_progress(cache, monkeypatch):
    told, said = fake_commands(monkeypatch), []
    environment(SPECIFIED, said.append)
    assert told[0] == [sys.executable, "-m", "venv", str(folder(cache))]
    assert told[1][0] == str(folder(cache) / "bin" / "python")
    assert told[1][-1] == f"flwr=={SPECIFIED}"
    assert "--constraint" in told[1]
    assert len(said) == 3
    environment(SPECIFIED, said.append)
    assert (len(told), len(said)) == (2, 3)


def test_those_that_ask_at_the_same_time_wait_for_the_one_that_makes_it(cache, monkeypatch):
    told = fake_commands(monkeypatch)
    threads = [threading.Thread(target=environment, args=(SPECIFIED,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(told) == 2
    assert installed(SPECIFIED) is not None


def test_an_installation_that_fails_says_why_and_leaves_nothing(cache, monkeypatch):
    fake_commands(monkeypatch, fails="pip")
    folder(cache).mkdir(parents=True)
    with pytest.raises(SetupFailed, match=r"Flower 1\.25\.0 could not be installed: pip ended with 1: no such version"):
        environment(SPECIFIED)
    assert not folder(cache).exists()
    assert installed(SPECIFIED) is None


def test_the_real_one_is_flower_of_that_version(flower):
    code = "from importlib.metadata import version; print(version('flwr'))"
    assert run([flower.python, "-c", code], timeout=60).output.strip() == SPECIFIED
    for name in ("flwr", "flower-superlink", "flower-supernode"):
        assert flower.command(name).exists()
    assert sys.prefix != str(flower.folder)
