"""Elasticity expressions: OneFlow's grammar, its parse errors, and their evaluation.

The grammar is a parsing expression grammar (`src/oca/ruby/opennebula/flow/grammar.treetop` of the release): ordered
choice, greedy repetition, no precedence, right-associative, `!` takes the whole rest. Error texts are those of the
generated parser: all terminals that were tried at the furthest place, in the order in which they were tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from harness.cloud.embedded import ruby

Look = Callable[[str], float | None]
"""Gives the value of an attribute (upper case) as the role's VMs have it, or None when none of them has it."""


class Outcome(NamedTuple):
    """What an expression, or a part of it, comes to.

    Attributes:
        value: Whether it holds.
        text: The expression with the values that it was evaluated with, e.g. ``CPU[69.0] > 50``.
    """

    value: bool
    text: str


@dataclass(frozen=True)
class Number:
    """A literal."""

    value: float
    text: str

    def read(self, look: Look) -> tuple[float | None, str]:
        """Its value and text, whatever the VMs say."""
        del look
        return self.value, self.text


@dataclass(frozen=True)
class Variable:
    """The name of an attribute; quotes, if it was written with any, are part of it, so that it is never found."""

    name: str

    def read(self, look: Look) -> tuple[float | None, str]:
        """The mean over the VMs that have it, and the name with that mean, or with `[--]`."""
        value = look(self.name)
        return value, f"{self.name}[{'--' if value is None else ruby.float_text(value)}]"


Operand = Number | Variable

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<>": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
}


@dataclass(frozen=True)
class Comparison:
    """Two operands compared; false when one of them is missing on every VM, `!=` included."""

    left: Operand
    operator: str
    right: Operand

    def evaluate(self, look: Look) -> Outcome:
        """Compare."""
        left, left_text = self.left.read(look)
        right, right_text = self.right.read(look)
        holds = left is not None and right is not None and _COMPARE[self.operator](left, right)
        return Outcome(holds, f"{left_text} {self.operator} {right_text}")


@dataclass(frozen=True)
class Negation:
    """`!` and the whole rest of the expression."""

    inner: Expression

    def evaluate(self, look: Look) -> Outcome:
        """Negate."""
        inner = self.inner.evaluate(look)
        return Outcome(not inner.value, f"!{inner.text}")


@dataclass(frozen=True)
class Group:
    """An expression in parentheses."""

    inner: Expression

    def evaluate(self, look: Look) -> Outcome:
        """Evaluate what is inside."""
        inner = self.inner.evaluate(look)
        return Outcome(inner.value, f"({inner.text})")


@dataclass(frozen=True)
class Junction:
    """`&&`, `&`, `||` or `|`: one condition, and the whole rest. Both sides are always evaluated."""

    left: Expression
    operator: str
    right: Expression

    def evaluate(self, look: Look) -> Outcome:
        """Evaluate both sides and join them."""
        left, right = self.left.evaluate(look), self.right.evaluate(look)
        holds = (left.value and right.value) if self.operator[0] == "&" else (left.value or right.value)
        return Outcome(holds, f"{left.text} {self.operator} {right.text}")


Expression = Comparison | Negation | Group | Junction


class ParseFailure(Exception):
    """The text is not an expression; its text is the parser's failure reason."""


class Parser:
    """One parse. Rules return their node, or None after having put the place back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._furthest = 0
        self._expected: list[str] = []
        self._known: dict[tuple[str, int], tuple[Expression | None, int]] = {}

    def parse(self) -> Expression:
        """The whole text as an expression.

        Raises:
            ParseFailure: It is none.
        """
        found = self._expression()
        if found is None or self._at != len(self._text):
            raise ParseFailure(self._reason())
        return found

    def _reason(self) -> str:
        wanted = list(dict.fromkeys(self._expected))
        expected = wanted[0] if len(self._expected) == 1 else f"one of {', '.join(wanted)}"
        before = self._text[: self._furthest]
        line, column = before.count("\n") + 1, self._furthest - (before.rfind("\n") + 1) + 1
        place = f"line {line}, column {column} (byte {self._furthest + 1})"
        after = f" after {self._text[self._at : self._furthest]}" if self._furthest > 0 else ""
        return f"Expected {expected} at {place}{after}"

    def _remembered(self, rule: str, parse: Callable[[], Expression | None]) -> Expression | None:
        key = (rule, self._at)
        if key not in self._known:
            found = parse()
            self._known[key] = (found, self._at)
        found, self._at = self._known[key]
        return found

    def _expression(self) -> Expression | None:
        return self._remembered("expression", self._parse_expression)

    def _parse_expression(self) -> Expression | None:
        start = self._at
        self._space()
        found = self._junction() or self._condition()
        if found is None:
            self._at = start
            return None
        self._space()
        return found

    def _junction(self) -> Expression | None:
        start = self._at
        for signs in (("&&", "&"), ("||", "|")):
            left = self._condition()
            if left is None:
                self._at = start
                continue
            self._space()
            sign = self._one_of(signs)
            if sign is not None:
                self._space()
                right = self._expression()
                if right is not None:
                    return Junction(left, sign, right)
            self._at = start
        return None

    def _condition(self) -> Expression | None:
        return self._remembered("condition", self._parse_condition)

    def _parse_condition(self) -> Expression | None:
        start = self._at
        found = self._comparison()
        if found is not None:
            return found
        self._at = start
        if self._one_of(("!",)) is not None:
            self._space()
            inner = self._expression()
            if inner is not None:
                return Negation(inner)
        self._at = start
        if self._one_of(("(",)) is not None:
            self._space()
            inner = self._expression()
            if inner is not None:
                self._space()
                if self._one_of((")",)) is not None:
                    return Group(inner)
        self._at = start
        return None

    def _comparison(self) -> Expression | None:
        left = self._operand()
        if left is None:
            return None
        self._space()
        operator = self._one_of(("==", "=", "!=", "<>", ">=", ">", "<=", "<"))
        if operator is None:
            return None
        self._space()
        right = self._operand()
        return None if right is None else Comparison(left, operator, right)

    def _operand(self) -> Operand | None:
        return self._number() or self._variable()

    def _number(self) -> Number | None:
        start = self._at
        self._one_of(("-",))
        if self._many("[0-9]") and self._one_of((".",)) and self._many("[0-9]"):
            value = float(self._text[start : self._at])
            return Number(value, ruby.float_text(value))
        self._at = start
        self._one_of(("-",))
        if self._many("[0-9]"):
            whole = int(self._text[start : self._at])
            return Number(whole, str(whole))
        self._at = start
        return None

    def _variable(self) -> Variable | None:
        start = self._at
        for quote in ('"', "'", ""):
            opened = not quote or self._one_of((quote,)) is not None
            if opened and self._class("[a-zA-Z]"):
                self._many("[0-9a-zA-Z_]")
                if not quote or self._one_of((quote,)) is not None:
                    return Variable(self._text[start : self._at].upper())
            self._at = start
        return None

    def _space(self) -> None:
        while self._one_of((" ",)) is not None:
            pass

    def _many(self, characters: str) -> bool:
        start = self._at
        while self._class(characters):
            pass
        return self._at > start

    def _class(self, characters: str) -> bool:
        if self._at < len(self._text) and re.match(characters, self._text[self._at]):
            self._at += 1
            return True
        self._failed(characters)
        return False

    def _one_of(self, terminals: tuple[str, ...]) -> str | None:
        for terminal in terminals:
            if self._text.startswith(terminal, self._at):
                self._at += len(terminal)
                return terminal
            self._failed("'" + terminal.replace("'", "\\'") + "'")
        return None

    def _failed(self, expected: str) -> None:
        if self._at > self._furthest:
            self._furthest, self._expected = self._at, []
        if self._at == self._furthest:
            self._expected.append(expected)


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Parse an expression.

    Raises:
        ParseFailure: With the text that OneFlow gives as the reason.
    """
    return Parser(text).parse()
