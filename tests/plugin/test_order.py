"""How many scenarios run at once, and in which order they start."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims.plugin.scenarios import side_by_side
from harness.claims.plugin.workers import workers


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


def test_the_longest_start_first_one_on_each_worker():
    starts, _ = started(side_by_side([90, 80, 70, 60, 50, 40, 3, 2, 1], 3), 3)
    assert {lasts for lasts, at in starts if at == 0} == {90, 80, 70}


def test_no_long_one_waits_behind_another():
    lasting = [190, 190, 150, 150, 110, 90, 60, 40, 40, 40, 30, 30, 20, 10, 10]
    _, clever = started(side_by_side(lasting, 5), 5)
    _, plain = started(lasting, 5)
    assert clever < plain


@given(st.lists(st.integers(1, 200)), st.integers(1, 12))
def test_every_scenario_is_there_once(lasting, count):
    longest_first = sorted(lasting, reverse=True)
    assert sorted(side_by_side(longest_first, count), reverse=True) == longest_first


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
