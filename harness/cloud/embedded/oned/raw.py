"""OpenNebula's template syntax: `NAME = "value"` lines and vectors, read as oned's scanner and grammar read it.

Source: `src/parsers/template_parser.l` and `template_syntax.y` of the release. Characters that no rule of the scanner
takes are dropped without a word, as the scanner generator's default does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from xml.etree import ElementTree as ET

Value: TypeAlias = str | dict[str, str]
Attributes: TypeAlias = dict[str, list[Value]]
"""Attributes by name, each with all its occurrences in order."""

_INITIAL: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("skip", re.compile(r"[ \t]*#[^\n]*\n")),
    ("skip", re.compile(r"[ \t\n]+")),
    ("variable", re.compile(r"[0-9A-Za-z_]+")),
    ("equal", re.compile(r"[ \t]*=[ \t]*")),
    ("empty", re.compile(r"[ \t]*=[ \t]*\n")),
    ("comma", re.compile(r"[ \t\n]*,[ \t\n]*")),
    ("close", re.compile(r"[ \t\n]*\][ \t\n]*")),
)
_VALUE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("open", re.compile(r"[ \t]*\[[ \t\n]*")),
    ("cdata", re.compile(r"[^\n]*\]\]>[^\n]*")),
    ("quoted", re.compile(r'"(?:\\"|[^"])*"')),
    ("string", re.compile(r"[^=#\s,\[\]]+")),
)

Token: TypeAlias = tuple[str, str]


class TemplateError(Exception):
    """The text is no template."""


def _longest(rules: tuple[tuple[str, re.Pattern[str]], ...], text: str, at: int) -> tuple[str, int] | None:
    best: tuple[str, int] | None = None
    for name, pattern in rules:
        found = pattern.match(text, at)
        if found and found.end() > at and (best is None or found.end() > best[1]):
            best = (name, found.end())
    return best


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at, in_value = 0, False
    while at < len(text):
        found = _longest(_VALUE if in_value else _INITIAL, text, at)
        if found is None:
            at += 1
            continue
        name, end = found
        if name == "quoted":
            tokens.append(("string", text[at + 1 : end - 1]))
        elif name != "skip":
            tokens.append((name, text[at:end]))
        in_value = name == "equal"
        at = end
    return tokens


def _unescaped(value: str) -> str:
    return value.replace('\\"', '"')


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def more(self) -> bool:
        return self._at < len(self._tokens)

    def take(self, *kinds: str) -> Token:
        if not self.more():
            raise TemplateError(f"syntax error, unexpected end of file, expecting {' or '.join(kinds)}")
        token = self._tokens[self._at]
        if token[0] not in kinds:
            raise TemplateError(f"syntax error, unexpected {token[0]}, expecting {' or '.join(kinds)}")
        self._at += 1
        return token

    def vector(self) -> dict[str, str]:
        inner: dict[str, str] = {}
        kind, text = self.take("variable", "close")
        while kind == "variable":
            self.take("equal")
            # The first of two equal names stays: the map is inserted into, not assigned.
            inner.setdefault(text.upper(), _unescaped(self.take("string")[1]))
            if self.take("comma", "close")[0] == "close":
                break
            kind, text = self.take("variable")
        return inner


def parse(text: str) -> Attributes:
    """Read a template; oned takes XML for one as well.

    Raises:
        TemplateError: The text is none.
    """
    if text.lstrip().startswith("<"):
        return _of_xml(text)
    reader = _Reader(text)
    found: Attributes = {}
    while reader.more():
        name = reader.take("variable")[1].upper()
        value: Value = ""
        if reader.take("equal", "empty")[0] == "equal":
            kind, read = reader.take("string", "open")
            value = _unescaped(read) if kind == "string" else reader.vector()
        # Names become XML elements, which cannot start with a digit.
        found.setdefault(f"ONE_{name}" if name[0].isdigit() else name, []).append(value)
    return found


def _of_xml(text: str) -> Attributes:
    try:
        root = ET.fromstring(text)  # noqa: S314 - what a client sends to a server on loopback
    except ET.ParseError as error:
        raise TemplateError(f"not XML: {error}") from error
    found: Attributes = {}
    for element in root:
        value: Value = {item.tag.upper(): item.text or "" for item in element} if len(element) else element.text or ""
        found.setdefault(element.tag.upper(), []).append(value)
    return found


def write(attributes: Mapping[str, list[Value]]) -> str:
    """The text of a template."""
    lines = []
    for name in sorted(attributes):
        for value in attributes[name]:
            if isinstance(value, dict):
                inner = ",\n".join(f"  {key}={_quoted(item)}" for key, item in sorted(value.items()))
                lines.append(f"{name}=[\n{inner} ]")
            else:
                lines.append(f"{name}={_quoted(value)}")
    return "\n".join(lines)


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '\\"') + '"'


def merged(base: Attributes, change: Attributes) -> Attributes:
    """`base` with every attribute of `change` in the place of all of the same name."""
    return {**base, **change}


def as_hash(attributes: Mapping[str, list[Value]]) -> dict[str, Value | list[Value]]:
    """As the servers see it after oned's XML: sorted by name, a list only where a name occurs more than once."""
    return {
        name: _read(attributes[name][0]) if len(attributes[name]) == 1 else [_read(item) for item in attributes[name]]
        for name in sorted(attributes)
    }


def _read(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _lines(value[key]) for key in sorted(value)}
    return _lines(value)


def _lines(text: str) -> str:
    # XML readers give every kind of line end as one newline.
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
