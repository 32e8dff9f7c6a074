"""Sessions: who started what, so that nothing outlives a run and nothing else is ended.

A session is one run of pytest (its xdist workers included) or of a command. Every process that it starts carries the
session's id in its environment, and every descendant inherits it. The session's folder, below the user's state
folder, names the owner; once that owner is dead, the next run's reaper ends what still carries the id, and removes the
folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import psutil

APP = "flower-opennebula-harness"
LABEL = "FLOWER_HARNESS_SESSION"
"""Name of the environment variable (and of the container label) that carries the session's id."""

_START_TOLERANCE = 1.0
"""Seconds by which two readings of a process's start may differ: psutil derives it from the boot time."""


Ender = Callable[[Path, str], list[str]]
"""Given a session's folder and its id: ends what is no process of this machine; returns a line for each."""

_enders: list[Ender] = []


def also_end(ender: Ender) -> None:
    """Have something else ended with each session than processes: containers, say."""
    if ender not in _enders:
        _enders.append(ender)


def state_root() -> Path:
    """Folder of all sessions of this user; `FLOWER_HARNESS_STATE` overrides the platform's state folder."""
    given = os.environ.get("FLOWER_HARNESS_STATE")
    return Path(given) if given else Path(platformdirs.user_state_dir(APP))


def cache_root() -> Path:
    """Folder of what is made once and kept (Flower's environments, Toxiproxy); `FLOWER_HARNESS_CACHE` overrides."""
    given = os.environ.get("FLOWER_HARNESS_CACHE")
    return Path(given) if given else Path(platformdirs.user_cache_dir(APP))


@dataclass(frozen=True)
class Session:
    """One run and where it keeps its things.

    Attributes:
        id: Short random name, unique on this machine.
        folder: Holds `session.json` and `work/`; removed when the session ends.
    """

    id: str
    folder: Path

    @property
    def work(self) -> Path:
        """Folder for the scenarios' state: databases, keys, Flower homes."""
        return self.folder / "work"

    def environment(self) -> dict[str, str]:
        """What to add to the environment of everything that the session starts."""
        return {LABEL: self.id}


def open_session(root: Path | None = None) -> Session:
    """Start a session owned by this process and label this process's own environment with it.

    Descendants inherit the label from the environment, even those that are started by libraries.
    """
    root = root or state_root()
    session_id = secrets.token_hex(4)
    session = Session(session_id, root / "sessions" / session_id)
    # Complete before it can be seen: to a run that reaps in this moment, a session without an owner is a dead one.
    opening = root / "opening" / session_id
    (opening / session.work.name).mkdir(parents=True)
    me = psutil.Process()
    owner = {"id": session_id, "pid": me.pid, "started": me.create_time()}
    (opening / "session.json").write_text(json.dumps(owner), encoding="utf-8")
    session.folder.parent.mkdir(parents=True, exist_ok=True)
    opening.rename(session.folder)
    os.environ[LABEL] = session_id
    return session


def join_session(session_id: str, root: Path | None = None) -> Session:
    """The session of that id, as one of its worker processes joins it."""
    return Session(session_id, (root or state_root()) / "sessions" / session_id)


def close_session(session: Session) -> list[str]:
    """End what still carries the session's id, except this process and its ancestors, and remove its folder.

    Returns:
        What had to be ended, one line each; empty when the scenarios cleaned up after themselves.
    """
    ended = _end_all(session.folder, session.id)
    shutil.rmtree(session.folder, ignore_errors=True)
    if os.environ.get(LABEL) == session.id:
        del os.environ[LABEL]
    return ended


def reap(root: Path | None = None) -> list[str]:
    """End what sessions have left whose owner is dead (killed, crashed), and only that; remove their folders.

    Returns:
        One line for each process, or other thing, that was ended.
    """
    ended: list[str] = []
    sessions = (root or state_root()) / "sessions"
    if not sessions.is_dir():
        return ended
    for folder in sorted(sessions.iterdir()):
        if not _owner_lives(folder):
            ended += _end_all(folder, folder.name)
            shutil.rmtree(folder, ignore_errors=True)
    return ended


def _owner_lives(folder: Path) -> bool:
    try:
        owner = json.loads((folder / "session.json").read_text(encoding="utf-8"))
        process = psutil.Process(owner["pid"])
        difference = process.create_time() - float(owner["started"])
        # Killed, and its parent has not asked for it yet.
        ended = process.status() == psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return False
    return abs(difference) < _START_TOLERANCE and not ended


def labelled(session_id: str) -> list[psutil.Process]:
    """Every process of this machine, readable to this user, that carries the session's id; not this one's ancestors."""
    me = psutil.Process()
    spared = {me.pid, *(parent.pid for parent in me.parents())}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in spared and process.environ().get(LABEL) == session_id:
                found.append(process)
    return found


def _end_all(folder: Path, session_id: str) -> list[str]:
    ended = _end_labelled(session_id)
    for ender in _enders:
        ended += ender(folder, session_id)
    return ended


def _end_labelled(session_id: str) -> list[str]:
    ended: list[str] = []
    # Twice: a process may have forked between the look and the signal.
    for _ in range(2):
        processes = labelled(session_id)
        for process in processes:
            with contextlib.suppress(psutil.Error):
                ended.append(f"{process.pid} {process.name()}")
                process.kill()
        psutil.wait_procs(processes, timeout=5)
    return ended
