"""Recording changes nothing: with and without it, a strategy sees, returns and logs the same."""

import re

import pytest

FAULTS = [("fit", 1, 1, "gone"), ("evaluate", 2, 0, "gone")]
LEGACY = ("Plain", "FaultTolerant", "CallsItself")
MESSAGES = ("Messages", "Generates")


@pytest.mark.parametrize("name", LEGACY + MESSAGES)
@pytest.mark.parametrize("faults", [[], FAULTS], ids=["sound", "faults"])
def test_the_strategy_sees_the_same_with_and_without_the_record(play, name, faults):
    strategy = "fedavg" if name in LEGACY else "message-fedavg"
    recorded, bare = (
        play(own=f"traced.py:{name}", strategy=strategy, faults=faults, num_rounds=3, record=record)
        for record in (True, False)
    )
    assert recorded.all("sampled")
    assert not bare.events
    assert not recorded.all("recording.error")
    assert len(bare.trace) >= 3
    assert recorded.trace == bare.trace
    assert recorded.error == bare.error
    assert (bare.error is None) == (name != "Generates")
    assert [_plain(line) for line in recorded.log] == [_plain(line) for line in bare.log]


@pytest.mark.parametrize("strategy", ["fedavg", "fault-tolerant-fedavg", "message-fedavg"])
def test_flower_logs_the_same_with_and_without_the_record(play, strategy):
    recorded, bare = (play(strategy=strategy, faults=FAULTS, record=record) for record in (True, False))
    assert len(bare.log) > 10
    assert [_plain(line) for line in recorded.log] == [_plain(line) for line in bare.log]


def test_what_a_strategy_calls_itself_is_not_recorded_as_a_round(play):
    run = play(own="traced.py:CallsItself", num_rounds=2)
    assert [(event["round"], event["phase"]) for event in run.all("sampled")] == [
        (1, "fit"), (1, "evaluate"), (2, "fit"), (2, "evaluate"),
    ]  # fmt: skip
    assert sum(line.startswith('["configure_fit"') for line in run.trace) == 4


def _plain(line: str) -> str:
    """Without what differs from one run to the next: how long it took."""
    return re.sub(r"\d+\.\d+s", "SECONDS", line)
