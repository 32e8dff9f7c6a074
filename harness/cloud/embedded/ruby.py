"""How Ruby reads and writes values, as far as it shows through OneFlow's and OneGate's answers.

Source: the language's reference (String#to_f, Kernel#Integer, Float#to_s, Float#round) and the recordings.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

_FLOAT_HEAD = re.compile(r"\s*([-+]?(?:\d+(?:_\d+)*)?(?:\.\d+(?:_\d+)*)?(?:[eE][-+]?\d+(?:_\d+)*)?)")
_INT_HEAD = re.compile(r"\s*([-+]?\d+(?:_\d+)*)")
_INTEGER = re.compile(r"\s*([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9]\d*(?:_\d+)*|0)\s*")
_DECIMAL = 10
_DECIMALS = 100
_SCIENTIFIC_FROM, _SCIENTIFIC_BELOW = 1e16, 1e-4


class RubyError(Exception):
    """What Ruby would raise where nobody rescues it; the servers answer 500 with its text as the reason."""


def to_f(text: str) -> float:
    """String#to_f: the number that the text starts with, else 0.0; "12abc" is 12.0, "IDLE" is 0.0, "1e400" infinite."""
    found = _FLOAT_HEAD.match(text)
    head = (found.group(1) if found else "").replace("_", "")
    while head:
        try:
            return float(head)
        except ValueError:
            # The exponent or the dot had no digits in front of it.
            head = head[:-1]
    return 0.0


def to_i(value: object) -> int:
    """to_i of what JSON can hold: nil is 0, a string its leading integer; a float is truncated.

    Raises:
        RubyError: The value has no such method (true, an array, an object).
    """
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RubyError(f"undefined method `to_i' for {inspect(value)}:{class_name(value)}")
    if isinstance(value, str):
        found = _INT_HEAD.match(value)
        return int(found.group(1).replace("_", "")) if found else 0
    return int(value)


def integer(value: object) -> int | None:
    """Kernel#Integer: strict for strings, truncating for floats; None where Ruby raises ArgumentError.

    Raises:
        RubyError: The value is of a class that cannot be converted (TypeError, which the validator does not rescue).
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        name = class_name(value) if isinstance(value, dict | list) else inspect(value)
        raise RubyError(f"can't convert {name} into Integer")
    if isinstance(value, str):
        found = _INTEGER.fullmatch(value)
        if found is None:
            return None
        digits = found.group(2).replace("_", "").lower()
        base = _DECIMAL
        for prefix, radix in (("0x", 16), ("0b", 2), ("0o", 8)):
            if digits.startswith(prefix):
                digits, base = digits[2:], radix
        if base == _DECIMAL and len(digits) > 1 and digits.startswith("0"):
            base = 8
        return int(found.group(1) + digits, base)
    return int(value)


def rounded(value: float) -> float:
    """`(value * 100).round / 100.0`: two decimals, half away from zero.

    Raises:
        RubyError: The value is infinite or not a number (FloatDomainError).
    """
    if not math.isfinite(value * _DECIMALS):
        raise RubyError("Infinity" if value > 0 else "-Infinity")
    scaled = value * _DECIMALS
    whole = math.floor(abs(scaled) + 0.5) if abs(scaled) < 2**52 else abs(scaled)
    return math.copysign(whole, scaled) / _DECIMALS if whole else 0.0


def float_text(value: float) -> str:
    """Float#to_s: like Python's, but `1.0e+16` and never `1e+16`."""
    size = abs(value)
    if size != 0 and (size >= _SCIENTIFIC_FROM or size < _SCIENTIFIC_BELOW):
        mantissa, _, exponent = f"{value!r}".partition("e")
        if not exponent:
            mantissa, _, exponent = f"{value:.17g}".partition("e")
        mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
        return f"{mantissa}e{int(exponent):+03d}"
    return repr(value)


def class_name(value: object) -> str:
    """Ruby's class of a JSON value."""
    if value is None:
        return "NilClass"
    if isinstance(value, bool):
        return "TrueClass" if value else "FalseClass"
    names = {int: "Integer", float: "Float", str: "String", list: "Array", dict: "Hash"}
    return names[type(value)]


def inspect(value: object) -> str:
    """Ruby's inspect of a JSON value."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(inspect(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inspect(key)}=>{inspect(item)}" for key, item in value.items()) + "}"
    return float_text(value) if isinstance(value, float) else str(value)


def json_dump(value: object) -> str:
    """JSON.dump: no blanks, no escapes beyond the necessary."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class JsonError(Exception):
    """JSON::ParserError; its text is Ruby's."""


def json_parse(text: str) -> Any:
    """JSON.parse of json 2.6, the one of Ruby 3.1.

    Raises:
        JsonError: With Ruby's text: what is left from the value, or from the place in an array, that it gave up at.
    """

    def refuse(name: str) -> object:
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError as error:
        raise JsonError(f"unexpected token at '{_left_at_failure(text, error)}'") from error


def _left_at_failure(text: str, error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
        return text[error.pos :]
    # An object that does not parse is given up as a whole; what is left is its enclosing value from its start.
    start = len(text) - len(text.lstrip(" \t\r\n"))
    if text[start : start + 1] == "[" and isinstance(error, json.JSONDecodeError):
        return text[error.pos :]
    return text[start:]
