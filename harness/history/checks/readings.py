"""Checks of what was read of Flower: its options, the signatures of its Strategies."""

from __future__ import annotations

import re

from harness.errors import Inconclusive
from harness.history.checks.registry import Finding, check
from harness.history.history import History

_BACKOFF = re.compile(r"back-?off|\bdelay|\binterval|\bjitter", re.IGNORECASE)


@check
def backoff_is_configurable(history: History) -> Finding:
    """An option of flower-supernode sets the kind or the maximum of the wait between attempts."""
    options = history.needed("options.read")["options"]
    if not options:
        raise Inconclusive("no option was read")
    found = [name for name, words in options.items() if _BACKOFF.search(f"{name} {words}")]
    about = [name for name in options if "retries" in name or "wait" in name]
    summary = f"of {len(options)} options of flower-supernode, {len(found)} set a back-off; about retries: {about}"
    return Finding(bool(found), summary, {"backoff": found, "retries": about})


@check
def every_strategy_accepts_failures(history: History) -> Finding:
    """Every Strategy has accept_failures, true by default."""
    strategies = history.needed("signatures.read")["strategies"]
    if not strategies:
        raise Inconclusive("no Strategy was read")
    have = [it["name"] for it in strategies if it["has"] and it["default"] is True]
    lack = [f"{it['name']} ({it['api']})" for it in strategies if not (it["has"] and it["default"] is True)]
    summary = f"{len(have)} of {len(strategies)} Strategies have accept_failures, true by default"
    if lack:
        summary += f"; not: {', '.join(lack)}"
    return Finding(not lack, summary, {"have": have, "lack": lack})
