"""Which image a run judges: the options, the reference image, one reading for all scenarios."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from appliance_images import Appliance

from harness.claims.plugin.options import pytest_addoption, read_options
from harness.errors import InputError, SetupFailed, Unavailable
from harness.history.recorder import Recorder
from harness.image import reference
from harness.image.build import tools
from harness.image.build.builder import IMAGE
from harness.image.build.plan import Plan
from harness.image.header import NotQcow2, read_header
from harness.image.reading import read_image
from harness.image.record import facts_from_json, facts_to_json
from harness.image.rules import judge
from harness.image.rules.breakdown import break_down
from harness.image.under_test import ImageUnderTest, measured
from harness.image.unread import Unread


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


def test_without_options_the_reference_image_is_judged_and_may_be_missing(given):
    target = given()
    assert (target.image, target.image_required, target.image_limit) == (None, False, 2_000_000_000)


def test_an_image_is_a_file_that_was_asked_for(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("reference").touch()
    target = given("--image", "./reference", "--image-limit", "1500000000")
    assert (target.image, target.image_required, target.image_limit) == (tmp_path / "reference", True, 1_500_000_000)


def test_the_reference_image_can_be_asked_for(given):
    target = given("--image", "reference")
    assert (target.image, target.image_required) == (None, True)


@pytest.mark.parametrize("limit", ["0", "-1", "2GB", "2_000", "1.5", "", "٢"])
def test_a_limit_is_a_number_of_bytes(given, limit):
    with pytest.raises(InputError) as error:
        given(f"--image-limit={limit}")
    assert str(error.value).startswith(f"--image-limit {limit}: write a number of bytes above 0, in digits only")
    assert "\n" not in str(error.value)


def test_an_image_that_is_not_there_is_refused(given):
    with pytest.raises(InputError, match=r"^--image none\.qcow2: there is no such file$"):
        given("--image", "none.qcow2")


# -- the reference image


@pytest.fixture
def plan(tmp_path, monkeypatch) -> Plan:
    """The plan of a reference image, and a cache that has nothing."""
    script = tmp_path / "boot.sh"
    script.write_text("#!/bin/sh\n")
    monkeypatch.setattr(reference, "BOOT_SCRIPT", script)
    monkeypatch.setenv("FLOWER_HARNESS_CACHE", str(tmp_path / "cache"))
    return reference.reference_plan("1.25.0")


@pytest.fixture
def no_tools(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(tools, "_SYSTEM_FOLDERS", ("/nonexistent",))


def in_cache(plan: Plan, tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "images" / plan.key
    folder.mkdir(parents=True)
    (folder / IMAGE).write_bytes(b"image")
    (folder / "build.json").write_text("{}")
    return folder / IMAGE


def test_the_cached_image_needs_no_tools(plan, tmp_path, no_tools):
    image = in_cache(plan, tmp_path)
    assert reference.reference_image("1.25.0", log=tmp_path / "log") == image


def test_another_boot_script_is_another_image(plan, tmp_path, no_tools):
    in_cache(plan, tmp_path)
    reference.BOOT_SCRIPT.write_text("#!/bin/sh\ntrue\n")
    with pytest.raises(Unavailable):
        reference.reference_image("1.25.0", log=tmp_path / "log")


def test_what_a_build_lacks_is_one_line_that_says_what_to_install(plan, tmp_path, no_tools):
    with pytest.raises(Unavailable) as error:
        reference.reference_image("1.25.0", log=tmp_path / "log")
    assert "mmdebstrap is not installed (Debian and Ubuntu: apt-get install mmdebstrap)" in str(error.value)
    assert "or give one with --image" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_build_that_fails_says_where_it_is_all_told(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "missing", list)
    monkeypatch.setattr(reference.sys, "executable", "/bin/false")
    with pytest.raises(SetupFailed) as error:
        reference.reference_image("1.25.0", log=tmp_path / "build.log")
    assert "could not be built" in str(error.value)
    assert str(tmp_path / "build.log") in str(error.value)


# -- one reading


def under_test(folder: Path, image: Path | None, *, required: bool = True) -> ImageUnderTest:
    return ImageUnderTest(image, required, 2_000_000_000, "1.25.0", folder / "session", folder / "log")


def told(which: ImageUnderTest, folder: Path, name: str = "history") -> list[str]:
    with Recorder(folder / f"{name}.jsonl") as recorder:
        which.tell(recorder)
        return [event.kind for event in recorder.history() if event.source == "image"]


def test_what_was_read_is_in_the_history(sound, tmp_path):
    assert told(under_test(tmp_path, sound), tmp_path) == ["image.given", "image.read", "image.measured"]


def test_the_second_scenario_takes_what_the_first_one_read(tmp_path, appliance):
    image = appliance.qcow2(tmp_path)
    which = under_test(tmp_path, image)
    first = told(which, tmp_path, "first")
    image.unlink()
    assert told(which, tmp_path, "second") == first


def _tell(which: ImageUnderTest, folder: Path, name: str) -> None:
    told(which, folder, name)


def test_processes_that_come_at_once_read_it_once(sound, tmp_path):
    which = under_test(tmp_path, sound)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_tell, args=(which, tmp_path, f"worker-{number}")) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    reads = {
        line
        for path in tmp_path.glob("worker-*.jsonl")
        for line in path.read_text().splitlines()
        if "image.read" in line
    }
    seconds = {line.partition('"seconds": ')[2] for line in reads}
    assert len(reads) == 3
    assert len(seconds) == 1, "each read it for itself"


def test_no_image_is_unavailable_unless_it_was_asked_for(plan, tmp_path, no_tools):
    with pytest.raises(Unavailable, match="mmdebstrap is not installed"):
        told(under_test(tmp_path, None, required=False), tmp_path)
    with pytest.raises(SetupFailed, match="mmdebstrap is not installed"):
        told(under_test(tmp_path, None), tmp_path)


def test_a_failed_build_is_not_tried_again_by_the_next_scenario(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "missing", list)
    monkeypatch.setattr(reference.sys, "executable", "/bin/false")
    which = under_test(tmp_path, None, required=False)
    with pytest.raises(SetupFailed):
        told(which, tmp_path)
    monkeypatch.setattr(reference.sys, "executable", "/nonexistent")
    with pytest.raises(SetupFailed, match="could not be built"):
        told(which, tmp_path)


def test_what_is_no_qcow2_is_told_with_what_it_is(tmp_path):
    page = tmp_path / "page.qcow2"
    page.write_text("<html>")
    assert told(under_test(tmp_path, page), tmp_path) == ["image.given", "image.refused"]
    with pytest.raises(NotQcow2):
        read_header(page)


# -- facts in a history


def test_facts_come_back_as_they_were(sound):
    facts = read_image(sound)
    again = facts_from_json(facts_to_json(facts))
    assert judge(again) == judge(facts)
    assert again == facts


def test_facts_of_another_version_are_refused(sound):
    data = facts_to_json(read_image(sound))
    del data["header"]
    with pytest.raises(InputError, match="not the facts of an image as this version reads them: header"):
        facts_from_json(data)


def test_the_file_is_measured_even_where_its_parts_are_not(sound):
    facts = replace(read_image(sound), root=Unread("LVM"))
    assert measured(facts) == {"parts": {"size-total": facts.size}, "unread": "LVM"}


def test_what_the_scenarios_estimate_is_what_inspect_estimates():
    """The numbers of `features/image/breakdown.feature` and of the breakdown are the specification's."""
    text = (Path(__file__).parents[2] / "features/image/breakdown.feature").read_text(encoding="utf-8")
    wanted = {
        "base system": "300 to 400 MB",
        "Docker engine": "about 400 MB",
        "Flower image": "about 190 MB",
        "framework": "0 MB at most",
        "utilities": "5 MB at most",
        "rest": "50 MB at most",
        "file": "1000 to 1500 MB",
    }
    for part, words in wanted.items():
        assert f"the {part} takes {words}, give or take a quarter" in text


def test_estimates_of_inspect(sound):
    parts = break_down(read_image(sound))
    assert not isinstance(parts, Unread)
    megabyte = 1_000_000
    assert {part.name: part.estimate for part in parts if part.estimate} == {
        "size-base-os": (300 * megabyte, 400 * megabyte),
        "size-docker": (400 * megabyte, 400 * megabyte),
        "size-flower": (190 * megabyte, 190 * megabyte),
        "size-framework": (0, 0),
        "size-utilities": (5 * megabyte, 5 * megabyte),
        "size-context": (0, 50 * megabyte),
        "size-used": (1000 * megabyte, 1500 * megabyte),
        "size-total": (1000 * megabyte, 1500 * megabyte),
    }


def test_an_image_of_the_appliance_is_measured_by_part(appliance: Appliance, tmp_path):
    found = measured(read_image(appliance.qcow2(tmp_path)))
    assert found["parts"]["size-docker"] == 270_000 * 1024
    assert found["parts"]["size-utilities"] == 750 * 1024
