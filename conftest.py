"""Makes `pytest features/` work from anywhere: the plugin that joins scenarios to claims, and the steps."""

pytest_plugins = ["harness.claims.plugin", "steps"]
