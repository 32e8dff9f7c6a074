"""QEMU's machine protocol, as much of it as faults need (QEMU documentation, "QMP protocol specification")."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from harness.errors import HarnessError

_TIMEOUT = 30.0
"""Seconds for an answer; QEMU answers within milliseconds, even when its guest is busy."""


class QmpFailed(HarnessError):
    """QEMU refused a command, or does not answer; the text has its reason."""


def ask(path: Path, command: str, **arguments: object) -> Any:
    """Give QEMU one command on a connection of its own, and return its answer.

    Args:
        path: The monitor's socket.
        command: e.g. `stop`.
        arguments: Of the command; `_` stands for `-` in a name.

    Raises:
        QmpFailed: It refuses, or does not answer.
    """
    request = {"execute": command, "arguments": {name.replace("_", "-"): value for name, value in arguments.items()}}
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT)
            connection.connect(str(path))
            with connection.makefile("rw", encoding="utf-8") as stream:
                stream.readline()
                for message in ({"execute": "qmp_capabilities"}, request):
                    stream.write(json.dumps(message) + "\n")
                    stream.flush()
                    answer = _answer(stream.readline)
    except (OSError, ValueError) as error:
        raise QmpFailed(f"QEMU does not answer {command}: {error}") from error
    if "error" in answer:
        raise QmpFailed(f"QEMU refused {command}: {answer['error'].get('desc', answer['error'])}")
    return answer["return"]


def _answer(read_line: Any) -> dict[str, Any]:
    """The next message that is an answer; events come in between."""
    while line := read_line():
        message = json.loads(line)
        if "return" in message or "error" in message:
            return dict(message)
    raise OSError("the connection was closed")
