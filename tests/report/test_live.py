"""What a person sees while scenarios run: which step of which scenario waits for what, for how long."""

import json
import threading

from harness.report.live import LiveNote, LiveView
from harness.waiting import Waiting, listening, wait_until


def view(folder, lines=None):
    return LiveView(folder, 0.05, (lines if lines is not None else []).append)


def test_a_scenario_is_shown_with_its_step_and_its_wait(tmp_path):
    note = LiveNote(tmp_path / "a.json", "A cut")
    note.step("When round 1 is in fit")
    note._written -= 1  # a wait is written once a second
    note.waiting(Waiting("round 1 to be in fit", note._since, 180, {1: "not yet"}))
    head, line = view(tmp_path).lines()
    assert head == "-- 0 s: 1 scenarios run"
    assert line.strip().startswith("0 s  A cut: When round 1 is in fit — waits 0 of 180 s for round 1 to be in fit")
    assert line.endswith("(sees {1: 'not yet'})")


def test_a_step_ends_the_wait_and_long_values_are_cut(tmp_path):
    note = LiveNote(tmp_path / "a.json", "A cut")
    note._written -= 1
    note.waiting(Waiting("it", note._since, 5, "x" * 500))
    (line,) = view(tmp_path).lines()[1:]
    assert len(line) < 200
    assert line.endswith("…)")
    note.step("Then it is over")
    assert "waits" not in view(tmp_path).lines()[1]


def test_the_one_that_lasts_longest_comes_first_and_one_that_ended_is_gone(tmp_path):
    first, second = LiveNote(tmp_path / "z.json", "First"), LiveNote(tmp_path / "a.json", "Second")
    for note in (second, first):
        note.step("When it runs")
    assert [line.split("  ")[-1] for line in view(tmp_path).lines()[1:]] == [
        "First: When it runs",
        "Second: When it runs",
    ]
    first.close()
    assert len(view(tmp_path).lines()) == 2
    second.close()
    assert view(tmp_path).lines() == []


def test_a_note_that_cannot_be_read_is_passed_over(tmp_path):
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    assert view(tmp_path).lines() == []


def test_real_waits_are_noted(tmp_path):
    note = LiveNote(tmp_path / "a.json", "A cut")
    note.step("When it waits")
    note._written -= 2
    seen = []

    def probe():
        seen.append(json.loads((tmp_path / "a.json").read_text()))
        return len(seen)

    with listening(note.waiting):
        wait_until(probe, lambda count: count == 2, what="two looks", timeout=5, poll=0.01)
    assert "what" not in seen[0]
    assert (seen[1]["what"], seen[1]["seen"]) == ("two looks", "1")


def test_the_view_prints_until_it_is_stopped_and_never_when_off(tmp_path):
    LiveNote(tmp_path / "a.json", "A cut").step("When it runs")
    lines = []
    running = view(tmp_path, lines)
    running.start()
    wait_until(lambda: len(lines), lambda count: count >= 4, what="two prints", timeout=10, poll=0.02)
    running.stop()
    count = len(lines)
    assert not running._thread.is_alive()
    assert len(lines) == count

    silent = LiveView(tmp_path, 0, lines.append)
    silent.start()
    assert not silent._thread.is_alive()
    silent.stop()


def test_several_threads_can_wait_in_a_scenario(tmp_path):
    note = LiveNote(tmp_path / "a.json", "A scale-down")
    failed = []

    def wait(number):
        for _ in range(200):
            try:
                note.step(f"VM {number} to shut down")
            except OSError as error:
                failed.append(error)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    note.close()
    note.step("too late")
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_that_ends_after_its_run_writes_no_note(tmp_path):
    folder = tmp_path / "live"
    folder.mkdir()
    note = LiveNote(folder / "a.json", "A scenario")
    note.step("Given a federation")
    (folder / "a.json").unlink()
    folder.rmdir()
    note.step("When it is interrupted")
    note.close()
    assert not folder.exists()
