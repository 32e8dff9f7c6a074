"""Collects `.feature` files: node ids name the feature file and the scenario."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from pytest_bdd import scenario
from pytest_bdd.feature import get_feature
from pytest_bdd.scenario import find_fixturedefs_for_step, scenario_wrapper_template_registry
from pytest_bdd.steps import step_function_context_registry

from harness.claims.catalogue import Catalogue, load_catalogue
from harness.claims.gherkin import NIGHTLY, TAKES, check_feature
from harness.errors import InputError

catalogue_key = pytest.StashKey[Catalogue]()


def catalogue_of(config: pytest.Config) -> Catalogue:
    """The catalogue, read once a process."""
    if catalogue_key not in config.stash:
        config.stash[catalogue_key] = load_catalogue()
    return config.stash[catalogue_key]


def pytest_configure(config: pytest.Config) -> None:
    """Register every tag that means something; any other stays an error."""
    config.addinivalue_line("markers", f"{NIGHTLY}: takes minutes; runs with --nightly only")
    for claim in catalogue_of(config).values():
        config.addinivalue_line("markers", f"{claim.id}: {claim.text}")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a feature file."""
    if file_path.suffix != ".feature":
        return None
    return FeatureFile.from_parent(parent, path=file_path)


class FeatureFile(pytest.Module):
    """The scenarios of a feature file as tests."""

    def _getobj(self) -> types.ModuleType:
        return types.ModuleType(self.path.stem)

    def _register_setup_module_fixture(self) -> None:
        """There is no module: nothing to set up."""

    _register_setup_function_fixture = _register_setup_module_fixture

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """A test for each scenario, and for each row of an outline's examples.

        Raises:
            CollectError: The file is refused; one line says where and why.
        """
        try:
            check_feature(self.path, catalogue_of(self.config))
            return list(self._scenarios())
        except InputError as error:
            raise self.CollectError(str(error)) from error

    def _scenarios(self) -> Iterable[pytest.Item | pytest.Collector]:
        feature = get_feature(str(self.path.parent), self.path.name)
        for name, template in feature.scenarios.items():
            for tag in feature.tags | template.tags | (template.rule.tags if template.rule else set()):
                if TAKES.fullmatch(tag):
                    self.config.addinivalue_line("markers", f"{tag}: how long the scenario lasts")
            test = scenario(str(self.path), name)(_nothing_more)
            label = name.replace("::", ":")
            setattr(self.obj, label, test)
            for item in self._genfunctions(label, test):
                self._check_steps(item)
                yield item

    def _check_steps(self, item: pytest.Function) -> None:
        template = scenario_wrapper_template_registry[item.function]
        for step in template.render(example_of(item)).steps:
            where = f"{self.path}:{step.line_number}"
            # pytest has no public way to its fixtures; pytest-bdd's own look-up wants the manager.
            manager = self.session._fixturemanager  # noqa: SLF001
            definitions = list(find_fixturedefs_for_step(step, manager, item))
            if not definitions:
                raise InputError(f"{where}: no step definition for `{step.keyword} {step.name}`; see steps/")
            for definition in definitions:
                context = step_function_context_registry[definition.func]
                if inspect.iscoroutinefunction(context.step_func) or inspect.isasyncgenfunction(context.step_func):
                    raise InputError(
                        f"{where}: `{step.name}` has an async step definition, which would pass without running"
                    )


def example_of(item: pytest.Item) -> Mapping[str, object]:
    """The row of an outline's examples that an item runs; empty for a plain scenario."""
    callspec = getattr(item, "callspec", None)
    row: Mapping[str, object] = callspec.params.get("_pytest_bdd_example", {}) if callspec is not None else {}
    return row


def _nothing_more() -> None:
    """What a scenario does is in its steps."""
