"""The Flower environment of the specification's version, made when it is not cached."""

import pytest

from harness.flower.versions import SPECIFIED, environment


@pytest.fixture(scope="session")
def flower():
    return environment(SPECIFIED, print)
