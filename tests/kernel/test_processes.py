"""Processes end with everything that they started."""

import signal
import sys
import time

import psutil
import pytest

from harness.errors import WaitTimeout
from harness.processes import Process, ProcessFailed, end_all, end_tree, run
from harness.waiting import wait_until

WAITS = "import threading; threading.Event().wait()"
CHILD = """
import subprocess, sys
{before}
child = subprocess.Popen([sys.executable, '-c', {child!r}]{options})
print('pid', child.pid, flush=True)
{after}
"""
GRANDCHILD = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', {WAITS!r}])
print('pid', child.pid, flush=True)
{WAITS}
"""


def program(child=WAITS, *, before="", after=WAITS, options=""):
    return CHILD.format(child=child, before=before, after=after, options=options)


@pytest.fixture
def start(tmp_path):
    """Starts a Python program and waits until it has told the ids of as many processes as it says that it starts."""
    started = []

    def make(text, pids=1, **options):
        log = tmp_path / f"{len(started)}.log"
        process = Process(f"process-{len(started)}", [sys.executable, "-c", text], log=log, **options)
        started.append(process)
        wait_until(lambda: process.tail().count("pid ") >= pids, what="its children", timeout=30, poll=0.02)
        told = [int(line.split()[1]) for line in process.tail().splitlines() if line.startswith("pid ")]
        return process, told

    yield make
    for process in started:
        process.end()


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# -- trees


def test_children_and_grandchildren_end_with_it(start):
    process, pids = start(program(GRANDCHILD), 2)
    assert {process.pid, *pids} <= {member.pid for member in process.tree()}
    process.end()
    assert process.code == -signal.SIGKILL
    assert not any(map(runs, pids))
    assert process.tree() == []


def test_a_child_that_ignores_sigterm_ends_too(start):
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('pid', 0, flush=True); {WAITS}"
    process, pids = start(program(deaf), 2, grace=0.3)
    child = max(pids)
    since = time.monotonic()
    process.end()
    assert not runs(child)
    assert time.monotonic() - since >= 0.3


def test_with_grace_it_may_end_by_itself(start):
    polite = f"""
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print('pid', 0, flush=True)
{WAITS}
"""
    process, _ = start(polite, grace=20)
    process.end()
    assert process.code == 7


def test_an_orphan_that_went_into_the_background_ends_too(start):
    process, (orphan,) = start(program(after="sys.exit(0)"))
    assert process.wait(20) == 0
    assert runs(orphan)
    assert [member.pid for member in process.tree()] == [orphan]
    process.end()
    assert not runs(orphan)


def test_a_stopped_process_ends_too(start):
    process, pids = start(program())
    process.signal(signal.SIGSTOP, tree=True)
    wait_until(
        lambda: psutil.Process(pids[0]).status(), lambda s: s == psutil.STATUS_STOPPED, what="a stop", timeout=10
    )
    process.end()
    assert process.code == -signal.SIGKILL
    assert not runs(pids[0])


def test_nothing_else_is_ended(start):
    process, _ = start(program())
    other, others = start(program())
    process.end()
    assert other.running
    assert runs(others[0])


def test_several_end_together(start):
    made = [start(program()) for _ in range(3)]
    end_all(process for process, _ in made)
    assert not any(process.running or runs(pids[0]) for process, pids in made)


def test_to_end_what_has_ended_is_harmless(start):
    process, _ = start(program())
    process.end()
    process.end()
    end_tree(process.pid)
    assert process.signal(signal.SIGTERM) == []
    assert process.signal(signal.SIGTERM, tree=True) == []


def test_a_process_id_that_was_given_away_is_left_alone(start, monkeypatch):
    process, _ = start(program(after="sys.exit(0)", child="print()"))
    other, _ = start(program())
    process.wait(20)
    # The kernel gives the id to another process: to what it names now.
    monkeypatch.setattr(process._popen, "pid", other.pid)
    assert process.signal(signal.SIGKILL) == []
    assert process.signal(signal.SIGKILL, tree=True) == []
    process.end()
    assert other.running


# -- a process


def test_a_signal_reaches_the_process_or_its_tree(start):
    process, pids = start(program())
    assert process.signal(signal.SIGCONT) == [process.pid]
    assert set(process.signal(signal.SIGCONT, tree=True)) == {process.pid, *pids}
    assert process.signal(signal.SIGTERM) == [process.pid]
    assert process.wait(20) == -signal.SIGTERM
    assert runs(pids[0])


def test_its_output_is_in_its_log_and_its_end_is_told(start):
    process, _ = start("print('pid 0', flush=True); print('it broke'); raise SystemExit(3)")
    process.wait(20)
    assert not process.running
    told = process.ended()
    assert told is not None
    assert "process-0 has ended with code 3: " in told
    assert told.endswith("it broke")


def test_while_it_runs_there_is_no_end_to_tell(start):
    process, _ = start(program())
    assert process.code is None
    assert process.ended() is None
    with pytest.raises(WaitTimeout, match="the end of process-0"):
        process.wait(0.05)


def test_the_tail_is_the_end_of_the_log_whatever_its_bytes(start):
    process, _ = start("import sys; sys.stdout.buffer.write(b'x' * 1000 + b'\\npid 0\\n\\xff end\\n')")
    process.wait(20)
    assert process.tail(5).endswith("end")
    assert len(process.tail(5)) == 5


def test_a_log_is_appended_to(tmp_path):
    for word in ("first", "second"):
        with Process("p", [sys.executable, "-c", f"print({word!r})"], log=tmp_path / "sub" / "p.log") as process:
            process.wait(20)
    assert process.tail().split() == ["first", "second"]


def test_a_piped_process_is_spoken_with_and_its_errors_are_in_the_log(tmp_path):
    text = "import sys; print('warned', file=sys.stderr, flush=True); print(input()[::-1], flush=True); input()"
    with Process("p", [sys.executable, "-c", text], log=tmp_path / "p.log", pipe=True) as process:
        process.input.write("abc\n")
        process.input.flush()
        assert process.output.readline() == "cba\n"
        assert process.tail() == "warned"
    assert process.code is not None


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(ProcessFailed, match="node-1: /no/such/thing cannot be run: No such file"):
        Process("node-1", ["/no/such/thing"], log=tmp_path / "log")


# -- commands


def python(text):
    return [sys.executable, "-c", text]


def test_a_command_that_ended():
    done = run(
        python("import sys; print('out'); print('err', file=sys.stderr); print(input())"), timeout=20, stdin="in\n"
    )
    assert (done.code, done.output, done.errors) == (0, "out\nin\n", "err\n")
    assert done.argv[0] == sys.executable
    assert 0 < done.seconds < 20


def test_a_command_has_no_standard_input_unless_it_is_given_one():
    assert run(python("import sys; print(repr(sys.stdin.read()))"), timeout=20).output == "''\n"


def test_its_environment_and_folder(tmp_path):
    text = "import os; print(os.environ['MINE'], os.environ['PATH'] != '', os.getcwd())"
    done = run(python(text), timeout=20, env={"MINE": "yes"}, cwd=tmp_path)
    assert done.output.split() == ["yes", "True", str(tmp_path)]


def test_a_command_that_fails_says_the_end_of_what_it_said():
    text = "import sys; print('x' * 5000, file=sys.stderr); sys.exit('what went wrong')"
    with pytest.raises(ProcessFailed) as raised:
        run(python(text), timeout=20)
    assert "ended with 1: " in str(raised.value)
    assert str(raised.value).endswith("what went wrong")
    assert len(str(raised.value)) < 2500


def test_the_output_is_told_when_there_are_no_errors():
    with pytest.raises(ProcessFailed, match="ended with 3: only output"):
        run(python("import sys; print('only output'); sys.exit(3)"), timeout=20)


def test_a_failure_may_be_what_is_asked_about():
    assert run(python("raise SystemExit(3)"), timeout=20, check=False).code == 3
    assert run(python("import os; os.abort()"), timeout=20, check=False).code == -signal.SIGABRT


def test_a_command_that_is_not_there():
    with pytest.raises(ProcessFailed, match=r"^no-such-command cannot be run: No such file or directory$"):
        run(["no-such-command"], timeout=20)


def forks(marker, *, after):
    """A command whose child, which holds its output too, writes its id and waits."""
    child = f"open({str(marker)!r}, 'w').write(str(os.getpid())); import threading; threading.Event().wait()"
    return python(f"import os\nif os.fork() == 0:\n    {child}\nelse:\n    {after}")


@pytest.mark.parametrize("after", ["import threading; threading.Event().wait()", "pass"], ids=["runs", "has ended"])
def test_a_command_that_does_not_end_in_time_is_ended_with_its_tree(tmp_path, after):
    """Nor has it ended as long as a child of it keeps its output open."""
    marker, since = tmp_path / "pid", time.monotonic()
    with pytest.raises(ProcessFailed, match="did not end in 2 s"):
        run(forks(marker, after=after), timeout=2)
    assert time.monotonic() - since < 15
    assert not runs(int(marker.read_text()))


def test_output_that_is_not_text_is_read():
    assert run(python("import sys; sys.stdout.buffer.write(b'a\\xffb')"), timeout=20).output == "a\ufffdb"
