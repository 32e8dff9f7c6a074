"""The project's own reading of cron expressions, against the library that the embedded OpenNebula uses."""

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.history.cron import Cron

MONDAY = 1_795_392_000
WEEK = 7 * 86_400


def _field(low, high):
    numbers = st.lists(st.integers(low, high), min_size=1, max_size=3).map(lambda them: ",".join(map(str, them)))
    # Two different ends: the library takes the span `0-0` of weekdays for every day.
    ends = st.tuples(st.integers(low, high), st.integers(low, high)).filter(lambda two: two[0] < two[1])
    spans = ends.map(lambda two: f"{two[0]}-{two[1]}")
    return st.one_of(st.just("*"), numbers, spans, st.integers(2, 9).map(lambda step: f"*/{step}"))


@settings(deadline=None)
@given(st.tuples(_field(0, 59), _field(8, 9), _field(1, 28), _field(1, 12), _field(0, 6)).map(" ".join))
def test_the_times_are_those_of_the_library(text):
    library = croniter(text, MONDAY, ret_type=float)
    wanted = []
    for _ in range(5):
        at = int(library.get_next())
        if at > MONDAY + WEEK:
            break
        wanted.append(at)
    assert Cron.parse(text).between(MONDAY, MONDAY + WEEK)[:5] == wanted


def test_the_specifications_times():
    times = Cron.parse("0 9 * * mon,tue,wed,thu,fri").between(MONDAY - 1, MONDAY + WEEK)
    assert [(at - MONDAY) / 3600 for at in times] == [9, 33, 57, 81, 105]
    assert Cron.parse("0 0 1 jan 7").allowed[3:] == (frozenset({1}), frozenset({0}))


@pytest.mark.parametrize("text", ["@daily", "* * * *", "61 * * * *", "0 9 * * monday", "9-8 * * * *", "", "0 25 * * *"])
def test_what_cannot_be_read_is_told(text):
    with pytest.raises(ValueError, match=r"."):
        Cron.parse(text)
