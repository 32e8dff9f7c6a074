"""`harness doctor`: on a machine without anything it says what comes by itself, what is missing, and what to do."""

import re

import pytest

from harness.chaos.toxiproxy.locate import VARIABLE

TOOLS = ("qemu-img", "qemu-system-x86_64", "guestfish", "mmdebstrap")


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without tools, whose caches are empty and whose Docker engine does not answer."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("FLOWER_HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FLOWER_HARNESS_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


def rows(said):
    return {row["what"]: row for row in said.json}


def test_what_the_harness_gets_by_itself_is_not_missing(harness, bare):
    said = harness("doctor", "--json")
    assert said.code == 0
    seen = rows(said)
    assert seen["Python"]["condition"] == "good"
    assert seen["Toxiproxy 2.12.0"]["condition"] == "comes"
    assert f"without internet: install Go, or name one in {VARIABLE}" in seen["Toxiproxy 2.12.0"]["advice"]
    assert seen["Flower 1.25.0"]["condition"] == "comes"
    assert seen["Flower 1.25.0"]["advice"] == "made by --flower 1.25.0"
    assert seen["Docker engine"]["condition"] == "optional"
    for tool in TOOLS:
        assert (seen[tool]["condition"], seen[tool]["seen"]) == ("optional", "not on PATH")
        assert re.match(r"apt install \S+; needed for .+", seen[tool]["advice"])
    assert seen["cache"]["seen"].startswith(str(bare / "cache"))


def test_the_table_says_the_same(harness, bare):
    said = harness("doctor")
    assert said.code == 0
    for tool in TOOLS:
        assert re.search(rf"{tool} +not there +not on PATH +apt install", said.output)
    assert re.search(r"Flower 1\.25\.0 +comes", said.output)


def test_with_go_toxiproxy_is_built(harness, bare):
    (bare / "bin").mkdir()
    go = bare / "bin" / "go"
    go.write_text("#!/bin/sh\n")
    go.chmod(0o755)
    advice = rows(harness("doctor", "--json"))["Toxiproxy 2.12.0"]["advice"]
    assert advice.startswith("built by `go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0`")


def test_a_toxiproxy_that_is_named_has_to_be_one(harness, bare, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(bare / "none"))
    said = harness("doctor", "--json")
    assert said.code == 1
    assert rows(said)["Toxiproxy 2.12.0"]["condition"] == "missing"
    other = bare / "other"
    other.write_text("#!/bin/sh\necho I am something else\n")
    other.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(other))
    said = harness("doctor", "--json")
    assert said.code == 1
    row = rows(said)["Toxiproxy 2.12.0"]
    assert "which no Toxiproxy server does" in row["seen"]
    assert row["advice"] == f"mend {VARIABLE}, or unset it"


def test_a_tool_that_does_not_run_is_as_good_as_none(harness, bare):
    (bare / "bin").mkdir()
    broken = bare / "bin" / "qemu-img"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    row = rows(harness("doctor", "--json"))["qemu-img"]
    assert row["condition"] == "optional"
    assert "ended with 3" in row["seen"]


def test_a_cache_that_cannot_be_made_is_missing(harness, bare, monkeypatch):
    (bare / "file").touch()
    monkeypatch.setenv("FLOWER_HARNESS_CACHE", str(bare / "file" / "cache"))
    said = harness("doctor", "--json")
    assert said.code == 1
    assert rows(said)["cache"]["condition"] == "missing"
    assert rows(said)["cache"]["advice"] == "make it writable"


def test_it_changes_nothing_but_makes_its_folders(harness, bare):
    harness("doctor")
    assert sorted(path.name for path in bare.iterdir()) == ["cache", "state"]
    assert list((bare / "cache").iterdir()) == []
