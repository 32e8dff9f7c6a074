"""The recorder: what was seen is on disk at once, and survives whatever happens to the process that saw it."""

import json
import signal
import sys
import threading
import time

import pytest

from harness.history.events import Event
from harness.history.history import read_events
from harness.history.recorder import Recorder
from harness.processes import Process
from harness.waiting import wait_until


@pytest.fixture
def path(tmp_path):
    return tmp_path / "histories" / "h.jsonl"


def kinds(path):
    return [event.kind for event in read_events(path)]


def line(kind, t=1.0):
    return json.dumps({"t": t, "source": "app", "kind": kind}) + "\n"


def test_an_event_is_on_disk_at_once(path):
    with Recorder(path, scenario="s") as recorder:
        assert kinds(path) == ["history.begins"]
        recorder.record("scenario", "step", text="Given")
        assert kinds(path) == ["history.begins", "step"]
    assert kinds(path) == ["history.begins", "step", "history.ends"]
    assert read_events(path)[0]["scenario"] == "s"


def test_what_is_recorded_is_what_the_file_says(path):
    with Recorder(path) as recorder:
        recorder.record("a", "first", t=1.00004, pair=(1, 2), by_number={3: "x"})
        recorder.record("a", "second", t=1.00003)
        assert list(recorder.history())[:2] == sorted(read_events(path), key=lambda event: event.t)[:2]
        first = recorder.history().first("first")
        assert first is not None
        assert (first.t, first["pair"], first["by_number"]) == (1.0, [1, 2], {"3": "x"})


def test_events_survive_a_sigkill_of_the_process_that_wrote_them(path, tmp_path):
    program = f"""
from pathlib import Path
from harness.history.recorder import Recorder
recorder = Recorder(Path({str(path)!r}))
for number in range(50):
    recorder.record("scenario", "step", number=number)
print("written", flush=True)
import threading; threading.Event().wait()
"""
    with Process("writer", [sys.executable, "-c", program], log=tmp_path / "log") as writer:
        wait_until(lambda: "written" in writer.tail(), what="the writer", timeout=30, poll=0.02, abort=writer.ended)
        writer.signal(signal.SIGKILL)
        writer.wait(10)
    assert [event["number"] for event in read_events(path) if event.kind == "step"] == list(range(50))


def test_files_are_gathered_as_they_grow(path, tmp_path):
    with Recorder(path) as recorder:
        recorder.gather(tmp_path)
        (tmp_path / "app.jsonl").write_text(line("one"))
        wait_until(lambda: "one" in kinds(path), what="the gathered event", timeout=10, poll=0.02)
        with (tmp_path / "app.jsonl").open("a") as file:
            file.write(line("two"))
        assert recorder.history().first("two") is not None
        (tmp_path / "later.jsonl").write_text(line("three"))
        assert recorder.history().first("three") is not None
    assert sorted(kinds(path)) == ["history.begins", "history.ends", "one", "three", "two"]


def test_a_line_that_is_not_complete_waits_for_its_rest(path, tmp_path):
    whole = line("one").replace("one", "ünicode").encode()
    cut = whole.index("ü".encode()) + 1
    with Recorder(path) as recorder:
        recorder.gather(tmp_path)
        app = tmp_path / "app.jsonl"
        app.write_bytes(whole[:cut])
        recorder.take_in()
        assert len(recorder.history()) == 1
        with app.open("ab") as file:
            file.write(whole[cut:])
        assert next(event.kind for event in recorder.history()) == "ünicode"


def test_a_line_that_is_no_event_becomes_an_event_that_says_so(path, tmp_path):
    with Recorder(path) as recorder:
        recorder.gather(tmp_path)
        (tmp_path / "app.jsonl").write_text("Traceback\n" + line("after"))
        unreadable = recorder.history().first("history.unreadable")
        assert unreadable is not None
        assert unreadable["line"] == "Traceback"
        assert recorder.history().first("after") is not None


def test_only_matching_files_are_read_and_by_their_reader(path, tmp_path):
    def reader(text):
        return Event(5.0, "log", "ready") if "ready" in text else None

    with Recorder(path) as recorder:
        recorder.gather(tmp_path, "node.log", reader)
        (tmp_path / "node.log").write_text("starting\nnow ready\n")
        (tmp_path / "other.log").write_text("ready\n")
        assert len(recorder.history().of("ready")) == 1


def test_settle_takes_in_what_is_there_and_looks_no_more(path, tmp_path):
    with Recorder(path) as recorder:
        recorder.gather(tmp_path)
        app = tmp_path / "app.jsonl"
        app.write_text(line("one"))
        recorder.settle()
        with app.open("a") as file:
            file.write(line("two"))
        recorder.take_in()
        assert "one" in kinds(path)
        assert "two" not in kinds(path)
        app.unlink()


def test_threads_record_at_once_and_no_line_is_torn(path, tmp_path):
    def work(name):
        for number in range(100):
            recorder.record(name, "step", number=number, text="x" * 500)

    with Recorder(path) as recorder:
        recorder.gather(tmp_path)
        threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        (tmp_path / "app.jsonl").write_text("".join(line(f"g{n}") for n in range(100)))
        for thread in threads:
            thread.join()
    events = read_events(path)
    for n in range(4):
        assert [event["number"] for event in events if event.source == f"t{n}"] == list(range(100))
    assert len([event for event in events if event.kind.startswith("g")]) == 100


def test_what_comes_after_the_end_is_not_written(path):
    recorder = Recorder(path)
    recorder.close()
    recorder.record("scenario", "late")
    recorder.close()
    assert kinds(path) == ["history.begins", "history.ends"]


def test_an_event_is_timed_by_the_monotonic_clock_unless_it_says_otherwise(path):
    with Recorder(path) as recorder:
        before = time.monotonic()
        assert before <= recorder.record("a", "now").t <= time.monotonic()
        assert recorder.record("a", "then", t=4.5).t == 4.5
