"""What a check must say of a story: cases are kept by check, so that it can be seen that each has all three answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builder import Story

CONFORMS, DEVIATES, INCONCLUSIVE = "conforms", "deviates", "inconclusive"


@dataclass(frozen=True)
class Case:
    """A story and what a check must say of it.

    Attributes:
        check: Name of the check.
        says: One of the three answers.
        tell: Tells the story.
        parameters: Of the check.
        words: What its sentence must contain.
    """

    check: str
    says: str
    tell: Callable[[], Story]
    parameters: dict[str, Any]
    words: str

    @property
    def name(self) -> str:
        return f"{self.check}: {self.tell.__name__.replace('_', ' ')}"


CASES: list[Case] = []


def case(check: str, says: str, words: str = "", **parameters: Any) -> Callable[..., Callable[[], Story]]:
    """The story that is told by the function below is one that `check` must answer so."""

    def keep(tell: Callable[[], Story]) -> Callable[[], Story]:
        CASES.append(Case(check, says, tell, parameters, words))
        return tell

    return keep
