"""Gherkin in Allure's results: feature, rule and steps.

allure-pytest knows nothing of Gherkin, and allure-pytest-bdd drops scenarios that are skipped by a tag or fail in
set-up; the two cannot be installed together (measured). So it is allure-pytest and this.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import allure
import pytest
from pytest_bdd.parser import Feature, Scenario, Step

_open_key = pytest.StashKey[AbstractContextManager[Any]]()


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> None:
    """Name the test as the scenario is named."""
    allure.dynamic.feature(feature.name)  # type: ignore[no-untyped-call]
    if scenario.rule is not None:
        allure.dynamic.story(scenario.rule.name)  # type: ignore[no-untyped-call]
    allure.dynamic.title(request.node.name)  # type: ignore[no-untyped-call]


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Open a step."""
    opened: AbstractContextManager[Any] = allure.step(f"{step.keyword} {step.name}")
    opened.__enter__()
    request.node.stash[_open_key] = opened


def pytest_bdd_after_step(request: pytest.FixtureRequest) -> None:
    """Close it, passed."""
    _close(request, None)


def pytest_bdd_step_error(request: pytest.FixtureRequest, exception: Exception) -> None:
    """Close it, failed or broken."""
    _close(request, exception)


def _close(request: pytest.FixtureRequest, error: Exception | None) -> None:
    opened = request.node.stash.get(_open_key, None)
    if opened is not None:
        del request.node.stash[_open_key]
        opened.__exit__(None if error is None else type(error), error, None if error is None else error.__traceback__)
