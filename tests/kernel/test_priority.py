"""What observes is not starved by what it observes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.priority import give_precedence
from harness.processes import Process, run

_AUTOGROUP = Path("/proc/self/autogroup")

needs_autogroups = pytest.mark.skipif(
    not _AUTOGROUP.exists() or os.geteuid() != 0, reason="needs a kernel with autogroups, and root"
)


@needs_autogroups
def test_a_session_gets_precedence(tmp_path):
    with Process("sleeper", ["sleep", "60"], log=tmp_path / "log") as process:
        assert give_precedence(process.pid)
        assert Path(f"/proc/{process.pid}/autogroup").read_text(encoding="ascii").split()[-1] == "-10"


@needs_autogroups
def test_what_a_preferred_session_starts_has_none(tmp_path):
    lines = [
        "import subprocess",
        "from harness.priority import lead_session",
        "lead_session()",
        "print(open('/proc/self/autogroup').read().split()[-1])",
        "show = ['cat', '/proc/self/autogroup']",
        "print(subprocess.run(show, start_new_session=True, capture_output=True, text=True).stdout.split()[-1])",
    ]
    own, started = run([sys.executable, "-c", "\n".join(lines)], timeout=30, cwd=tmp_path).output.split()
    assert (own, started) == ("-10", "0")


def test_without_autogroups_nothing_happens():
    assert not give_precedence(2**22 + 1)
