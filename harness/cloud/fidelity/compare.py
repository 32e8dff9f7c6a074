"""Comparing what was recorded with what the embedded cloud gives.

All must be equal but times, generated identifiers and measured figures; of those the form must be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TIMES = frozenset(
    {
        "registration_time",
        "start_time",
        "timestamp",
        "last_eval",
        "LAST_POLL",
        "TIMESTAMP",
        "STIME",
        "ETIME",
        "PSTIME",
        "PETIME",
        "RSTIME",
        "RETIME",
        "ESTIME",
        "EETIME",
        "REGTIME",
    }
)
"""Fields that hold times; a planned `start_time` of a policy is text, and compared like any other text."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMERAL = re.compile(r"\d+(\.\d+)?")
_LONG = 160


def difference(recorded: Any, embedded: Any, path: str = "") -> str | None:
    """Where and how two values differ first; None when they are equal."""
    if isinstance(recorded, Mapping) and isinstance(embedded, Mapping):
        return _of_objects(recorded, embedded, path)
    if isinstance(recorded, list) and isinstance(embedded, list):
        if len(recorded) != len(embedded):
            return _told(path, recorded, embedded)
        pairs = enumerate(zip(recorded, embedded, strict=True))
        return next((found for at, (a, b) in pairs if (found := difference(a, b, f"{path}[{at}]"))), None)
    return None if type(recorded) is type(embedded) and recorded == embedded else _told(path, recorded, embedded)


def _of_objects(recorded: Mapping[str, Any], embedded: Mapping[str, Any], path: str) -> str | None:
    for key, value in recorded.items():
        place = f"{path}.{key}" if path else key
        if key not in embedded:
            return f"{place}: recorded {_short(value)}, missing in the embedded one"
        if _equal_in_form(key, value, embedded[key], path):
            continue
        if found := difference(value, embedded[key], place):
            return found
    extra = next((key for key in embedded if key not in recorded), None)
    if extra is not None:
        return f"{path}.{extra}: not recorded, {_short(embedded[extra])} in the embedded one".lstrip(".")
    return None


def _equal_in_form(key: str, recorded: Any, embedded: Any, path: str) -> bool:
    if key in TIMES and isinstance(recorded, int) and isinstance(embedded, int):
        return (recorded == 0) == (embedded == 0)
    if not isinstance(recorded, str) or not isinstance(embedded, str):
        return False
    if key in TIMES and "policies" not in path:
        both = _NUMERAL.fullmatch(recorded) and _NUMERAL.fullmatch(embedded)
        return bool(both) and (recorded == "0") == (embedded == "0")
    if key == "UUID":
        return bool(_UUID.fullmatch(recorded) and _UUID.fullmatch(embedded))
    if path.endswith("MONITORING") and key != "ID":
        return bool(_NUMERAL.fullmatch(recorded) and _NUMERAL.fullmatch(embedded))
    return False


def _told(path: str, recorded: Any, embedded: Any) -> str:
    return f"{path or 'value'}: recorded {_short(recorded)}, embedded {_short(embedded)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
