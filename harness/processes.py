"""The one way to run a process.

Each gets a session (in the kernel's sense) of its own, its output in a log file, and the harness session's label in its
environment; ending it ends its whole tree.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from harness.errors import HarnessError, WaitTimeout
from harness.waiting import wait_until

_TAIL = 2000
_DRAIN = 5.0
"""Seconds to read what is left of the output of a tree that was ended; a process that escaped it may hold it open."""


class ProcessFailed(HarnessError):
    """A command ended with a code other than 0, or did not end in time; the text has the end of its output."""


@dataclass(frozen=True)
class Completed:
    """A command that has ended.

    Attributes:
        argv: The command.
        code: Its exit code; negative for a signal.
        output: Its standard output.
        errors: Its standard error.
        seconds: How long it ran.
    """

    argv: tuple[str, ...]
    code: int
    output: str
    errors: str
    seconds: float


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
    stdin: str | None = None,
) -> Completed:
    """Run a command to its end, or end its whole tree when `timeout` seconds are over.

    Raises:
        ProcessFailed: It is not there, did not end in time, or (with `check`) ended with a code other than 0.
    """
    words = tuple(str(word) for word in argv)
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessFailed(f"{words[0]} cannot be run: {error.strerror or error}") from error
    try:
        output, errors = process.communicate(input=stdin, timeout=timeout)
    except BaseException as error:
        # It may have ended and left a child that holds its output: the tree is ended in any case.
        end_tree(process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_DRAIN)
        if isinstance(error, subprocess.TimeoutExpired):
            raise ProcessFailed(f"{' '.join(words)} did not end in {timeout:.0f} s") from error
        raise
    done = Completed(words, process.returncode, output, errors, time.monotonic() - started)
    if check and done.code != 0:
        tail = (errors or output).strip()[-_TAIL:]
        raise ProcessFailed(f"{' '.join(words)} ended with {done.code}: {tail}")
    return done


def end_tree(pid: int, *, grace: float = 0.0) -> None:
    """End a process and all its descendants; see `end_trees`."""
    end_trees([pid], grace=grace)


def end_trees(pids: Iterable[int], *, grace: float = 0.0) -> None:
    """End processes and all their descendants: SIGTERM and `grace` seconds first, if any, then SIGKILL.

    Descendants that were orphaned are found by the kernel session that `Process` and `run` open for each process.
    Several trees at once cost as much as one: looking at every process of the machine is what takes time.
    """
    roots = list(pids)
    if grace > 0:
        members = _trees(roots)
        for member in members:
            with contextlib.suppress(psutil.Error):
                member.terminate()
        _await_end(members, grace)
    # Twice: a process may have forked between the look and the signal.
    for _ in range(2):
        members = _trees(roots)
        if not members:
            return
        for member in members:
            with contextlib.suppress(psutil.Error):
                # A stopped process takes SIGKILL as well; no SIGCONT is needed.
                member.kill()
        _await_end(members, 5)


def _await_end(members: Sequence[psutil.Process], timeout: float) -> None:
    """Wait up to `timeout` seconds until none of them runs any more.

    A zombie does not: orphans become zombies of the machine's first process, which in containers may take seconds to
    ask for them (measured: 1 to 2 s).
    """

    def living() -> list[int]:
        return [member.pid for member in members if _runs(member)]

    with contextlib.suppress(WaitTimeout):
        wait_until(living, lambda left: not left, what="processes to end", timeout=timeout, poll=0.02)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def sessions_of(leaders: Iterable[int]) -> dict[int, list[int]]:
    """Process ids by the kernel session that they belong to: one look for all sessions, a system call for each process.

    Looking for the descendants of one process costs twenty times as much (0.4 and 9 ms of CPU with 220 processes,
    measured), because psutil reads files of every process.
    """
    members: dict[int, list[int]] = {leader: [] for leader in leaders}
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            if (session := os.getsid(pid)) in members:
                members[session].append(pid)
    return members


def _tree(pid: int) -> list[psutil.Process]:
    return _trees([pid])


def _trees(pids: Iterable[int]) -> list[psutil.Process]:
    roots, found = set(pids), set[int]()
    for root in roots:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(root)
            found |= {root, *(child.pid for child in process.children(recursive=True))}
    found.update(*sessions_of(roots).values())
    members = []
    for pid in found - {os.getpid()}:
        with contextlib.suppress(psutil.Error):
            member = psutil.Process(pid)
            if _runs(member):
                members.append(member)
    return members


class Ending(ABC):
    """What has a name, a log and, once it has ended, an exit code: a process, a container.

    Attributes:
        name: What people call it.
        log: File that receives what it writes.
    """

    name: str
    log: Path

    @property
    @abstractmethod
    def code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.code is None

    def ended(self) -> str | None:
        """A sentence about its end, with the end of its log; None while it runs. Made for `wait_until(abort=…)`."""
        if self.running:
            return None
        return f"{self.name} has ended with code {self.code}: {self.tail()}"

    def tail(self, characters: int = 400) -> str:
        """The end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return text.strip()[-characters:]

    def wait(self, timeout: float) -> int:
        """Wait for its end and return its exit code.

        Raises:
            WaitTimeout: It still runs after `timeout` seconds.
        """
        wait_until(lambda: self.code, lambda code: code is not None, what=f"the end of {self.name}", timeout=timeout)
        assert self.code is not None
        return self.code


class Process(Ending):
    """A long-lived process of the harness; a context manager that ends the whole tree.

    Args:
        name: What people call it, e.g. `supernode-1`; names its log too.
        argv: The command.
        log: File that receives standard output and standard error; appended to.
        env: Added to this process's environment.
        cwd: Working folder.
        grace: Seconds between SIGTERM and SIGKILL when it is ended.
        pipe: Read its standard output in the harness; then only standard error goes to the log.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace: float = 0.0,
        pipe: bool = False,
    ) -> None:
        self.name = name
        self.argv = tuple(str(word) for word in argv)
        self.log = log
        self._grace = grace
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            try:
                self._popen = subprocess.Popen(
                    self.argv,
                    stdin=subprocess.PIPE if pipe else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if pipe else sink,
                    stderr=sink if pipe else subprocess.STDOUT,
                    env={**os.environ, **(env or {})},
                    cwd=cwd,
                    start_new_session=True,
                    text=pipe or None,
                )
            except OSError as error:
                raise ProcessFailed(f"{name}: {self.argv[0]} cannot be run: {error.strerror or error}") from error

    @property
    def pid(self) -> int:
        """Process id, also the id of its kernel session."""
        return self._popen.pid

    @property
    def code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._popen.poll()

    @property
    def output(self) -> IO[str]:
        """Its standard output; only with `pipe`."""
        assert self._popen.stdout is not None, f"{self.name} was started without a pipe"
        return self._popen.stdout

    @property
    def input(self) -> IO[str]:
        """Its standard input; only with `pipe`."""
        assert self._popen.stdin is not None, f"{self.name} was started without a pipe"
        return self._popen.stdin

    def signal(self, number: signal.Signals, *, tree: bool = False) -> list[int]:
        """Send a signal to it, or to its whole tree; returns the process ids that got it."""
        if not tree:
            # Popen sends nothing to a process that has ended, whose id may be another's by now.
            self._popen.send_signal(number)
            return [self.pid] if self._popen.returncode is None else []
        reached = []
        for target in self.tree():
            with contextlib.suppress(psutil.NoSuchProcess):
                target.send_signal(number)
                reached.append(target.pid)
        return reached

    def tree(self) -> list[psutil.Process]:
        """It and its descendants that live."""
        return [] if self._recycled() else _tree(self.pid)

    def _recycled(self) -> bool:
        """Whether its process id belongs to another process by now.

        The kernel gives a process id away only when neither a process nor a session has it any more: then nothing of
        this one's tree is left.
        """
        return not self.running and psutil.pid_exists(self.pid)

    def end(self) -> None:
        """End it and its whole tree; harmless when it has ended."""
        if not self._recycled():
            end_tree(self.pid, grace=self._grace if self.running else 0.0)
        self._popen.wait()
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()


def end_all(processes: Iterable[Process]) -> None:
    """End processes and their trees together, without grace."""
    ours = [process for process in processes if not process._recycled()]  # noqa: SLF001 - the same module
    end_trees(process.pid for process in ours)
    for process in ours:
        process.end()
