"""`-k` and `-m` are checked before the first worker starts.

Pytest checks them when it has collected. With xdist only the workers collect, and the controller answers their refusal
with a traceback of its own.
"""

from __future__ import annotations

import re

import pytest
from _pytest.mark.expression import Expression

from harness.claims.plugin.run import has_features, is_worker, text_of

_TAG = re.compile(r"@(\S+)")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse a selection that is no expression, or names a tag that neither a scenario nor a claim has.

    Raises:
        pytest.UsageError: It does.
    """
    if is_worker(config) or config.option.help or not has_features(config):
        return
    _parsed("-k", config.option.keyword.lstrip())
    known = {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    known.update(tag for argument in config.args for tag in _TAG.findall(text_of(argument, config)))
    if unknown := sorted(_parsed("-m", config.option.markexpr) - known):
        raise pytest.UsageError(
            f"-m {config.option.markexpr}: there is no tag {', '.join(unknown)}; a scenario's tags stand above it, a "
            "claim's id is one: `harness claims` lists them"
        )


def _parsed(option: str, expression: str) -> frozenset[str]:
    if not expression:
        return frozenset()
    try:
        return Expression.compile(expression).idents()
    except SyntaxError as error:
        found = f"{error.text}: at column {error.offset}: {error.msg}"
        raise pytest.UsageError(f"Wrong expression passed to '{option}': {found}") from None
