"""Every check, on good stories, on bad ones, and on stories that are not complete."""

import random

import appliance_cases
import backoff_cases
import discovery_cases
import elasticity_cases
import image_cases
import nodes_cases
import pytest
import readings_cases
import retries_cases
import rounds_cases
import scaled_cases
import superlinks_cases
from cases import CASES, CONFORMS, DEVIATES, INCONCLUSIVE, Case

from harness.errors import Inconclusive
from harness.history.checks import registry
from harness.history.history import History

_ALL = (
    appliance_cases,
    backoff_cases,
    discovery_cases,
    elasticity_cases,
    image_cases,
    nodes_cases,
    readings_cases,
    retries_cases,
    rounds_cases,
    scaled_cases,
    superlinks_cases,
)


def answer(check, history, parameters):
    try:
        finding = registry.apply(check, history, parameters)
    except Inconclusive as error:
        return INCONCLUSIVE, str(error)
    return (CONFORMS if finding.conforms else DEVIATES), finding.summary


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_check_says(case: Case):
    says, words = answer(case.check, case.tell().history, case.parameters)
    assert says == case.says, words
    assert case.words in words


@pytest.mark.parametrize("check", registry.checks())
def test_every_check_is_seen_to_conform_to_deviate_and_to_be_inconclusive(check):
    assert {case.says for case in CASES if case.check == check} == {CONFORMS, DEVIATES, INCONCLUSIVE}


@pytest.mark.parametrize("check", registry.checks())
def test_nothing_conforms_or_deviates_from_an_empty_history(check):
    case = next(case for case in CASES if case.check == check)
    assert answer(check, History([]), case.parameters)[0] == INCONCLUSIVE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_of_recording_does_not_matter(case: Case):
    events = case.tell().events
    for seed in range(3):
        shuffled = random.Random(seed).sample(events, len(events))
        assert answer(case.check, History(shuffled), case.parameters)[0] == case.says


@pytest.mark.parametrize("case", [case for case in CASES if case.says == CONFORMS], ids=lambda case: case.name)
def test_what_conforms_does_not_rest_on_nothing(case: Case):
    """From the first event on, what conforms at the end has not conformed all the time."""
    events = case.tell().events
    first = next(
        (cut for cut in range(len(events) + 1) if _conforms(case, History(events[:cut]))),
        None,
    )
    assert first is not None
    assert first > 0


def _conforms(case, history):
    return answer(case.check, history, case.parameters)[0] == CONFORMS
