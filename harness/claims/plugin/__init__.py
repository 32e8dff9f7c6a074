"""The pytest plugin that joins scenarios to claims.

It collects `.feature` files, refuses what pytest-bdd would let pass without a word, runs scenarios side by side, turns
what Then-steps see into verdicts, and writes the reports. It does nothing in a run that has no feature file.
"""

pytest_plugins = (
    "harness.claims.plugin.options",
    "harness.claims.plugin.collector",
    "harness.claims.plugin.workers",
    "harness.claims.plugin.selection",
    "harness.claims.plugin.run",
    "harness.claims.plugin.scenarios",
    "harness.claims.plugin.disturbed",
    "harness.claims.plugin.allure_steps",
)
