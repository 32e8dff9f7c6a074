"""How steps are read: claims in brackets at the end of a Then-step are for the plugin, not for the step's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_bdd import parsers

from harness.claims.gherkin import claims_of_step
from harness.errors import InputError


class Words(parsers.StepParser):
    """A step's words with `{name}` or `{name:d}` for its arguments, and any claims in brackets behind them."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._inner = parsers.parse(name)

    def is_matching(self, name: str) -> bool:
        """Whether the words are these."""
        return self._inner.is_matching(claims_of_step(name)[0])

    def parse_arguments(self, name: str) -> dict[str, Any]:
        """The arguments."""
        return self._inner.parse_arguments(claims_of_step(name)[0])


def numbers(text: str) -> list[int]:
    """The numbers of a list in words.

    >>> numbers("1, 2 and 3")
    [1, 2, 3]
    """
    parts = text.replace(" and ", ",").split(",")
    try:
        return [int(part) for part in parts]
    except ValueError as error:
        raise InputError(f"{text!r} is not a list of node numbers such as `1, 2 and 3`") from error


def settings(table: Sequence[Sequence[object]] | None) -> dict[str, str]:
    """A table of two columns as names and values.

    Raises:
        InputError: A row has not exactly two cells.
    """
    found = {}
    for row in table or ():
        if len(row) != 2:  # noqa: PLR2004 - a name and its value
            raise InputError(f"a row of settings has a name and a value, not {list(row)!r}")
        found[str(row[0]).strip()] = str(row[1]).strip()
    return found
