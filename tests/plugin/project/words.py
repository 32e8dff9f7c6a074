"""Steps without Flower: what is seen is made up by the scenario, and judged by one of the harness's own checks."""

import os

import pytest
from pytest_bdd import given, then, when

from harness.errors import Inconclusive, Unavailable
from harness.waiting import let_pass
from steps.vocabulary import Words

attempts_key = pytest.StashKey()


@given(Words("something that cannot be ended"), target_fixture="endless")
def endless(scene, cannot_be_ended):
    return None


@pytest.fixture
def cannot_be_ended():
    yield
    raise RuntimeError("it cannot be ended")


@when(Words("flower-supernode offers {option}"))
def offers(scene, option):
    scene.recorder.record("flower", "options.read", options={option: ""})


@when(Words("its only Strategy accepts failures"))
def strategy(scene):
    strategies = [{"name": "FedAvg", "api": "legacy", "has": True, "default": True}]
    scene.recorder.record("flower", "signatures.read", strategies=strategies)


@when(Words("Flower loses a message in {times:d} attempts"))
def loses(scene, times, request):
    count = request.config.stash.setdefault(attempts_key, 0) + 1
    request.config.stash[attempts_key] = count
    if count <= times:
        scene.recorder.record("supernode-1", "supernode.lost-message", node=1)


@when(Words("the harness breaks"))
def breaks(scene):
    raise RuntimeError("a tool\nis missing")


@when(Words("the fault does not bite"))
def does_not_bite(scene):
    raise Inconclusive("the fault did not bite")


@when(Words("its tool is missing"))
def tool_is_missing(scene):
    raise Unavailable("no mmdebstrap: apt-get install mmdebstrap")


@when(Words("the worker crashes"))
def crashes(scene):
    os._exit(3)


@when(Words("{seconds:g} s go by"))
def go_by(scene, seconds):
    let_pass(seconds, "time to go by")


@when("something happens sometime")
async def sometime(scene):
    raise AssertionError("never awaited")


@then(Words("its back-off can be set"))
def can_be_set(scene):
    scene.judge("backoff-is-configurable")


@then(Words("its Strategies accept failures"))
def accept(scene):
    scene.judge("every-strategy-accepts-failures")
