"""The run config is read once, with one clear line for a value that cannot be used."""

import re

import pytest
from harness_app.moments import parse_moments
from harness_app.settings import BadRunConfig, parse_settings
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"strategy": "fedadam"}, "strategy = 'fedadam': it is one of fedavg, fault-tolerant-fedavg, message-fedavg"),
        ({"min-fit": -2}, "min-fit = -2: it must not be negative (-1 leaves it out)"),
        ({"min-fit": 1.5}, "min-fit = 1.5: it must be a whole number (-1 leaves it out)"),
        ({"num-rounds": True}, "num-rounds = True: it must be a number (-1 leaves it out)"),
        ({"fraction-fit": "half"}, "fraction-fit = 'half': it must be a number (-1 leaves it out)"),
        ({"fit-seconds": float("nan")}, "fit-seconds = nan: it must be a number (-1 leaves it out)"),
        ({"accept-failures": "no"}, """accept-failures = 'no': it must be "true" or "false" ("" leaves it out)"""),
        ({"strategy-file": "mine.py"}, "strategy-file and strategy-class go together, one of them is missing"),
        ({"events-dir": "events"}, "events-dir = 'events': it must be an absolute path"),
        ({"events-dir": 5}, "events-dir = 5: it must be a text"),
        ({"fit-seconds-at": "2/1"}, "'2/1' is not ROUND/PARTITION:SECONDS, with whole numbers or * for any"),
        ({"fit-fails-at": "2/1:5"}, "'2/1:5' is not ROUND/PARTITION, with whole numbers or * for any"),
    ],
)
def test_a_value_that_cannot_be_used(config, error):
    with pytest.raises(BadRunConfig) as raised:
        parse_settings(config)
    assert str(raised.value).startswith("run config")
    assert str(raised.value).endswith(error)


def test_what_is_left_out_is_not_a_parameter():
    neutral = {"min-fit": -1, "fraction-fit": -1.0, "accept-failures": "", "num-rounds": -1, "round-timeout": -1.0}
    settings = parse_settings(neutral)
    assert settings.parameters == {}
    assert settings.num_rounds is None
    assert settings.round_timeout is None
    assert parse_settings({"min-fit": 0, "accept-failures": "false"}).parameters == {
        "min-fit": 0,
        "accept-failures": False,
    }
    assert parse_settings({"accept-failures": True}).parameters == {"accept-failures": True}


def test_the_first_moment_that_fits_wins():
    settings = parse_settings({"fit-seconds": 1.0, "fit-seconds-at": "2/1:15, 2/*:3 */0:0.5", "fit-fails-at": "3/1"})
    expected = {(1, 0): 0.5, (1, 1): 1.0, (2, 0): 3.0, (2, 1): 15.0, (None, 0): 0.5, (None, 1): 1.0}
    assert {at: settings.work_seconds("fit", *at) for at in expected} == expected
    assert settings.work_seconds("evaluate", 2, 1) == 0.0
    assert settings.fails("fit", 3, 1)
    assert not settings.fails("fit", 3, 0)
    assert not settings.fails("evaluate", 3, 1)


numbers = st.none() | st.integers(0, 50)


@given(st.lists(st.tuples(numbers, numbers, st.integers(0, 600)), max_size=5), st.integers(0, 50), st.integers(0, 50))
def test_moments_are_found_as_they_were_written(moments, number, partition):
    text = " ".join(f"{'*' if a is None else a}/{'*' if b is None else b}:{seconds}" for a, b, seconds in moments)
    expected = next((s for a, b, s in moments if a in (None, number) and b in (None, partition)), None)
    found = parse_moments(text, seconds=True).find(number, partition)
    assert (found and found.seconds) == expected


@given(st.text(alphabet="0123456789/*:. ,x-", max_size=12))
def test_any_text_is_read_or_refused_with_its_word(text):
    words = text.replace(",", " ").split()
    if all(re.fullmatch(r"(\*|[0-9]+)/(\*|[0-9]+)", word) for word in words):
        assert len(parse_moments(text, seconds=False).all) == len(words)
    else:
        with pytest.raises(ValueError, match="is not ROUND/PARTITION"):
            parse_moments(text, seconds=False)


def test_a_bad_run_config_fails_the_run_with_its_line(play):
    run = play(num_rounds=-5)
    assert run.error == "BadRunConfig: run config num-rounds = -5: it must not be negative (-1 leaves it out)"


def test_a_node_without_a_partition_says_so(play):
    run = play(nodes=[{"partition": 0}, {"partition": None}], num_rounds=1)
    reasons = [failure["reason"] for failure in run.one("results", phase="fit")["failures"]]
    assert len(reasons) == 1
    assert "--node-config 'partition-id=N'" in reasons[0]


def test_work_takes_the_time_it_is_given(play):
    run = play(num_rounds=1, fit_seconds=0.2, fit_seconds_at="1/1:0.5", evaluate_seconds=0.3)
    ended = {
        (event.kind, event["partition"]): event["seconds"] for event in run.clients if event.kind.endswith(".ends")
    }
    for at, seconds in {("fit.ends", 0): 0.2, ("fit.ends", 1): 0.5, ("evaluate.ends", 0): 0.3}.items():
        assert seconds <= ended[at] < seconds + 2


def test_a_record_that_cannot_be_written_fails_the_run(play):
    run = play(events_dir="/nowhere/at/all")
    assert run.error is not None
    assert run.error.startswith("FileNotFoundError")
