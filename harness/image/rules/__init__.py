"""Rules: each a function of the facts of an image, giving a verdict with one line of evidence."""

from __future__ import annotations

from harness.image.rules.finding import Expectations, Finding, Rule
from harness.image.rules.judge import RULES, judge

__all__ = ["RULES", "Expectations", "Finding", "Rule", "judge"]
