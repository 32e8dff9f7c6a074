"""Reading tables that people write, and saying in one line what is wrong with one."""

from __future__ import annotations

import reprlib
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import InputError


def _flowed(text: str) -> str:
    """The text as one line: a paragraph may be wrapped in its file."""
    flowed = " ".join(text.split())
    if not flowed:
        raise ValueError("is empty")
    return flowed


Paragraph = Annotated[str, AfterValidator(_flowed)]
"""Text that is not empty, with every run of white space made one blank."""

FlowerVersion = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
"""A release of Flower in full, e.g. ``1.25.0``."""


class Table(BaseModel):
    """Base of the tables: nothing may be in them that has no meaning, and none changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start})") from error


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        InputError: It cannot be read or is not TOML; the text has the line.
    """
    try:
        return tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: is not TOML: {error}") from error


def in_one_line(name: str) -> str:
    """A name from a file, for an error: quoted if it has characters that would break the line."""
    return name if name.isprintable() else repr(name)


def problem(error: ValidationError) -> str:
    """The first thing that is wrong with a table, as ``field 'reason': is missing``."""
    first = error.errors(include_url=False)[0]
    place = ".".join(in_one_line(str(part)) for part in first["loc"] if part != "[key]")
    what = _in_words(first)
    return f"field '{place}': {what}" if place else what


def _in_words(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "has no meaning here"
        case "value_error":
            return str(detail["ctx"]["error"]) if "ctx" in detail else detail["msg"]
        case "enum":
            return f"{reprlib.repr(detail['input'])} is not one of {detail['ctx']['expected']}"
        case "string_pattern_mismatch":
            return f"{reprlib.repr(detail['input'])} is not a version such as 1.25.0"
        case _:
            return f"{detail['msg']} (it is {reprlib.repr(detail['input'])})"
