"""Looking before doing: what observes and times a scenario is not starved by what it observes.

Linux shares the machine between kernel sessions first (sched(7), "The autogroup feature"). Each program under test has
a session of its own; the workers that run the scenarios, all in the session that started pytest, had together as much
of the machine as one SuperNode: a request took 9 s while ten federations started on 2 cores (measured), longer than the
round in whose middle it had to be.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_NICE = -10
"""Of a session: some nine times the share of one that nothing was said of (sched(7): the table of weights)."""


def lead_session() -> None:
    """Give this process a session of its own, with precedence; harmless when it has one."""
    with contextlib.suppress(PermissionError):
        os.setsid()
    give_precedence(os.getpid())


def give_precedence(leader: int) -> bool:
    """Give the session of a process precedence over others, where the kernel knows that and this user may.

    Args:
        leader: The process.

    Returns:
        Whether it has it. Without, everything works; on a busy machine more scenarios are *unknown*.
    """
    try:
        Path(f"/proc/{leader}/autogroup").write_text(str(_NICE), encoding="ascii")
    except OSError:
        return False
    return True
