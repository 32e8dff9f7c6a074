"""`inspect` as a person calls it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from appliance_images import tool

from harness.processes import Completed, run


def inspect(*arguments: str | Path) -> Completed:
    return run([sys.executable, "-m", "harness.cli.inspect", *arguments], timeout=60, check=False)


def test_0_when_everything_conforms(sound):
    done = inspect(sound)
    assert done.code == 0, done.output + done.errors
    assert "size-limit" in done.output
    assert "21 rules: 21 conforms, 0 deviates, 0 unknown" in done.output
    assert "jq, curl, nc" in done.output


def test_1_when_something_deviates_and_json_says_what(sound):
    size = sound.stat().st_size
    done = inspect(sound, "--limit", str(size), "--json")
    assert done.code == 1
    report = json.loads(done.output)
    assert report["size"] == size
    assert report["layout"] == "GPT: 1 BIOS boot, 2 ext4"
    verdicts = {rule["rule"]: rule for rule in report["rules"]}
    assert verdicts["size-limit"]["verdict"] == "deviates"
    assert verdicts["size-limit"]["claim"] == "IMAGE-SIZE"
    assert [it["rule"] for it in report["rules"] if it["verdict"] != "conforms" and not it["advisory"]] == [
        "size-limit"
    ]
    assert {part["part"] for part in report["breakdown"]} >= {"QCOW2 file", "Docker engine"}


def test_1_when_something_could_not_be_judged(tmp_path):
    image = tmp_path / "empty.qcow2"
    tool("qemu-img", "create", "-q", "-f", "qcow2", image, "8M")
    assert inspect(image).code == 1


def test_a_quick_look_says_what_it_left_out(sound):
    done = inspect(sound, "--quick", "--json")
    rules = {rule["rule"]: rule for rule in json.loads(done.output)["rules"]}
    assert rules["qcow2-data"]["verdict"] == "unknown"
    assert "--quick" in rules["qcow2-data"]["evidence"]
    assert done.code == 1


def refused(done: Completed, words: str) -> None:
    assert done.code == 2
    assert done.output == ""
    assert words in done.errors
    assert len(done.errors.strip().splitlines()) == 1


def test_2_for_what_is_not_a_qcow2(tmp_path):
    page = tmp_path / "page.qcow2"
    page.write_text("<!doctype html><title>Not found</title>")
    refused(inspect(page), f"{page}: not a QCOW2 but an HTML or XML page")
    empty = tmp_path / "empty.qcow2"
    empty.touch()
    refused(inspect(empty), "an empty file")
    refused(inspect(tmp_path / "none.qcow2"), "No such file")


def test_2_for_bad_options(sound):
    refused(inspect(sound, "--limit", "0"), "--limit 0")
    refused(inspect(sound, "--flower", "latest"), "--flower latest")
    refused(inspect(sound, "--boot-script", "boot.sh"), "--boot-script boot.sh")
