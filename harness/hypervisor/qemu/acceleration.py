"""Whether this machine's KVM runs a stock kernel: found out by booting one.

`/dev/kvm` may be there and of no use: behind some clouds firmware starts and Linux never prints a line (measured).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from harness.errors import WaitAborted, WaitTimeout
from harness.processes import Process
from harness.waiting import wait_until

_DEVICE = Path("/dev/kvm")
_PATIENCE = 15.0
"""Seconds; with KVM that works the first line comes within two."""

KVM = ("-accel", "kvm", "-cpu", "host")
TCG = ("-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max")


def acceleration(qemu: str, kernel: Path) -> tuple[str, ...]:
    """QEMU's options: KVM's when a kernel was seen to boot with it, else those of emulation.

    Args:
        qemu: The executable.
        kernel: A Linux kernel.
    """
    return KVM if os.access(_DEVICE, os.R_OK | os.W_OK) and _boots(qemu, kernel) else TCG


def _boots(qemu: str, kernel: Path) -> bool:
    with tempfile.TemporaryDirectory(prefix="kvm-probe-") as folder:
        serial = Path(folder) / "serial"
        serial.touch()
        argv: list[str | Path] = [
            *(qemu, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-m", "256"),
            *KVM,
            *("-serial", f"file:{serial}", "-kernel", kernel, "-append", "console=ttyS0 earlyprintk=ttyS0 panic=-1"),
        ]
        with Process("KVM probe", argv, log=Path(folder) / "log") as probe:
            try:
                wait_until(
                    lambda: "Linux version" in serial.read_text(encoding="utf-8", errors="replace"),
                    what="a kernel to boot with KVM",
                    timeout=_PATIENCE,
                    abort=probe.ended,
                )
            except (WaitTimeout, WaitAborted):
                return False
    return True
