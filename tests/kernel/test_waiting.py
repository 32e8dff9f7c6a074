"""The one way to wait."""

import time

import pytest

from harness.errors import WaitAborted, WaitTimeout
from harness.waiting import let_pass, listening, wait_until


def counter(values):
    seen = iter(values)
    return lambda: next(seen)


def test_it_returns_what_was_accepted():
    assert wait_until(counter([0, 0, 7]), what="a number", timeout=5, poll=0.01) == 7


def test_what_is_enough_is_for_accept_to_say():
    assert wait_until(counter([3, 2, 0]), lambda left: left == 0, what="an end", timeout=5, poll=0.01) == 0


def test_a_time_out_says_what_it_waited_for_and_saw_last():
    with pytest.raises(WaitTimeout) as raised:
        wait_until(lambda: {"node 1": "offline"}, lambda _: False, what="node 1 online", timeout=0.05, poll=0.01)
    assert str(raised.value).startswith("gave up waiting for node 1 online after 0.")
    assert raised.value.last_seen == {"node 1": "offline"}
    assert "last seen: {'node 1': 'offline'}" in str(raised.value)
    assert raised.value.waited >= 0.05


def test_the_probe_is_asked_once_more_after_the_time_is_up():
    """A machine that stands still for longer than the time-out does not make something absent that is there."""
    since = time.monotonic()

    def probe():
        late = time.monotonic() - since > 0.1
        if not late:
            while time.monotonic() - since < 0.15:
                pass
        return late

    assert wait_until(probe, what="it", timeout=0.1, poll=0.01) is True


def test_a_time_of_zero_looks_once():
    looks = []
    with pytest.raises(WaitTimeout):
        wait_until(lambda: looks.append(1), what="nothing", timeout=0)
    assert len(looks) == 1


def test_an_abort_ends_the_wait_with_its_reason():
    since = time.monotonic()
    with pytest.raises(WaitAborted, match=r"it can no longer happen: the process has ended; last seen: 'no'"):
        wait_until(
            lambda: "no", lambda _: False, what="it", timeout=30, poll=0.01, abort=lambda: "the process has ended"
        )
    assert time.monotonic() - since < 5


def test_what_was_seen_counts_more_than_an_abort():
    assert wait_until(lambda: "yes", what="it", timeout=1, abort=lambda: "the process has ended") == "yes"


def test_an_error_of_the_probe_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        wait_until(lambda: 1 / 0, what="it", timeout=5)


def test_listeners_are_told_of_each_look_and_of_the_end():
    told = []
    with listening(told.append):
        wait_until(counter([0, 1]), what="a number", timeout=5, poll=0.01)
    wait_until(lambda: True, what="unheard", timeout=1)
    assert [waiting and (waiting.what, waiting.timeout, waiting.last_seen) for waiting in told] == [
        ("a number", 5, 0),
        ("a number", 5, 1),
        None,
    ]


def test_listeners_are_told_of_the_end_of_a_wait_that_failed():
    told = []
    with listening(told.append), pytest.raises(WaitTimeout):
        wait_until(lambda: False, what="it", timeout=0)
    assert told[-1] is None


def test_time_passes():
    since = time.monotonic()
    let_pass(0.2, "the cut to last")
    assert 0.2 <= time.monotonic() - since < 5


def test_time_that_passes_can_be_aborted():
    with pytest.raises(WaitAborted, match="the cut to last can no longer happen: gone"):
        let_pass(30, "the cut to last", abort=lambda: "gone")
