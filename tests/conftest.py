"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# Machines that run these tests are shared: how fast one makes up inputs, or gets through one, says nothing of the code.
settings.register_profile("shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared-machine")
