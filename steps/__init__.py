"""Step definitions: what the words of the features mean. Each is a line or two; the work is in `harness/`."""

pytest_plugins = (
    "steps.federations",
    "steps.moments",
    "steps.faults",
    "steps.connectivity",
    "steps.discovery",
    "steps.appliance",
    "steps.rounds",
    "steps.readings",
    "steps.services",
    "steps.scaling",
    "steps.image",
)
