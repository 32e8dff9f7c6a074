"""A project of its own with small features, and `pytest features/` in it: a process, as a user runs it."""

import json
import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.processes import run
from harness.sessions import cache_root

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


APART = """\
Feature: Not run

  @CONN-RECONNECT-RESET
  Scenario: It is there
    When flower-supernode offers --backoff
    Then its back-off can be set
"""
"""Only a run of all there is answers for the claims that have no scenario, and here those are nearly all."""


class Project:
    """A project with features; its state folder is its own, so that its runs meet no other run of the machine."""

    def __init__(self, folder, **features):
        self.folder = folder
        self.state = folder / "state"
        self.write("conftest.py", 'pytest_plugins = ["harness.claims.plugin", "words"]\n')
        self.write("pytest.ini", "[pytest]\naddopts = --strict-markers -p no:cacheprovider\n")
        self.write("features/apart.feature", APART)
        self.files = [str(self.write(f"features/{name}.feature", text)) for name, text in features.items()]

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *options, all_of_it=False):
        env = {
            "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE / 'project'}",
            "FLOWER_HARNESS_STATE": str(self.state),
            "FLOWER_HARNESS_CACHE": str(cache_root()),
        }
        argv = [sys.executable, "-m", "pytest", *(["features"] if all_of_it else self.files), *options]
        done = run(argv, timeout=300, env=env, cwd=self.folder, check=False)
        return Ran(done.code, done.output + done.errors, self.folder / "reports")


class Ran:
    """A run that has ended: its exit code, what it printed, and its newest report, if it left one."""

    def __init__(self, code, text, reports):
        self.code = code
        self.text = text
        self.reports = reports
        self.folder = (reports / "latest").resolve()

    @property
    def claims(self):
        """The claims that a scenario judged."""
        entries = json.loads((self.folder / "conformance.json").read_text(encoding="utf-8"))
        return {entry["claim"]: entry for entry in entries if entry["scenarios"]}

    @property
    def verdicts(self):
        return {claim: entry["verdict"] for claim, entry in self.claims.items()}

    @property
    def counts(self):
        """What pytest's last line counts."""
        last = [line for line in self.text.splitlines() if re.search(r"\d+ \w+.* in [\d.]+s", line)][-1]
        return {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}

    @property
    def page(self):
        return (self.folder / "conformance.md").read_text(encoding="utf-8")

    def junit(self):
        return list(ET.parse(self.folder / "junit.xml").iter("testcase"))

    def allure(self):
        results = [json.loads(path.read_text()) for path in (self.folder / "allure-results").glob("*-result.json")]
        return {result["name"]: result for result in results}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Makes projects."""

    def make(**features):
        return Project(tmp_path_factory.mktemp("project"), **features)

    return make
