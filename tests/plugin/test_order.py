"""How many scenarios run at once, and in which order they start."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.plugin.order import LANES, side_by_side
from harness.claims.plugin.workers import workers

LASTING = [190] * 2 + [150] * 3 + [110] * 4 + [90] * 6 + [60] * 15 + [40] * 20 + [30] * 30 + [10] * 20


def seconds(lasts):
    return lasts


def started(order, count):
    """How xdist's `load` hands out tests one at a time: two to each worker first, the rest to whoever is free.

    Gives, for each test (how long it lasts), when it starts.
    """
    todo = deque(order)
    queues = [deque() for _ in range(count)]
    for queue in queues:
        for _ in range(2):
            if todo:
                queue.append(todo.popleft())
    free, starts = [0] * count, []
    while any(queues):
        now = min((number for number in range(count) if queues[number]), key=lambda number: free[number])
        lasts = queues[now].popleft()
        starts.append((lasts, free[now]))
        free[now] += lasts
        if todo:
            queues[now].append(todo.popleft())
    return starts, max(free)


def running(starts, at, least):
    return sum(1 for lasts, start in starts if lasts >= least and start <= at < start + lasts)


def test_long_ones_run_beside_short_ones_all_the_time():
    starts, end = started(side_by_side(LASTING, 10, seconds), 10)
    long = [running(starts, at, 90) for at in range(0, int(end) - 150, 10)]
    assert max(long) <= 10 * LANES + 2
    assert min(long) >= 2


def test_longest_first_they_run_together():
    starts, _ = started(sorted(LASTING, reverse=True), 10)
    assert max(running(starts, at, 90) for at in range(0, 200, 10)) > 10 * LANES + 2


def test_the_run_ends_about_when_its_time_is_shared_out():
    _, end = started(side_by_side(LASTING, 10, seconds), 10)
    assert end < 1.25 * sum(LASTING) / 10


def test_the_longest_is_among_the_first():
    assert 190 in side_by_side(LASTING, 10, seconds)[:2]


def test_one_worker_takes_the_longest_first():
    assert side_by_side([3, 9, 5], 1, seconds) == [9, 5, 3]


@given(st.lists(st.integers(1, 200)), st.integers(1, 12))
def test_every_scenario_is_there_once(lasting, count):
    assert sorted(side_by_side(lasting, count, seconds)) == sorted(lasting)


@pytest.mark.parametrize(
    ("cores", "memory", "scenarios", "expected"),
    [
        (2, 64e9, 54, 10),
        (2, 64e9, 3, 3),
        (2, 4e9, 54, 4),
        (64, 64e9, 54, 54),
        (1, 0.5e9, 54, 1),
        (1, 64e9, 0, 1),
    ],
)
def test_workers_are_bounded_by_cores_memory_and_scenarios(cores, memory, scenarios, expected):
    assert workers(cores, memory, scenarios) == expected
