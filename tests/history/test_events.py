"""Events and the files that hold them."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import Inconclusive, InputError
from harness.history.events import SCHEMA, Event, parse_event
from harness.history.history import History, read_events

times = st.floats(0, 1e9).map(lambda t: round(t, 4))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
data = st.dictionaries(st.text().filter(lambda name: name not in ("t", "source", "kind")), values, max_size=3)
events = st.builds(Event, times, st.text(), st.text(), data)


@given(events)
@settings(max_examples=50, deadline=None)
def test_an_event_is_the_same_after_a_round_trip(event):
    line = event.to_json()
    assert "\n" not in line
    assert parse_event(line, "here") == event


def test_data_cannot_take_the_place_of_what_every_event_has():
    event = parse_event(Event(1.0, "chaos", "fault.begin", {"kind": "cut", "t": 5}).to_json(), "here")
    assert (event.t, event.source, event.kind) == (1.0, "chaos", "fault.begin")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "not a line of JSON"),
        ("{", "not a line of JSON"),
        ("[" * 100_000, "not a line of JSON"),
        ("3", "it needs t, source, kind"),
        ('{"t": 1, "source": "x"}', "it needs t, source, kind"),
        ('{"t": "1", "source": "x", "kind": "y"}', "t must be a number of seconds, not '1'"),
        ('{"t": true, "source": "x", "kind": "y"}', "t must be a number"),
        ('{"t": NaN, "source": "x", "kind": "y"}', "t must be a number"),
        ('{"t": Infinity, "source": "x", "kind": "y"}', "t must be a number"),
        ('{"t": 1' + "0" * 400 + ', "source": "x", "kind": "y"}', "t must be a number"),
        ('{"t": 1, "source": null, "kind": "y"}', "source must be a text, not 'None'"),
        ('{"t": 1, "source": "x", "kind": ["y"]}', "kind must be a text"),
    ],
)
def test_a_bad_line_is_named_by_its_place_on_one_line(line, says):
    with pytest.raises(InputError) as raised:
        parse_event(line, "h.jsonl:7")
    assert str(raised.value).startswith("h.jsonl:7: ")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.text())
@settings(deadline=None)
def test_no_line_breaks_the_reader(line):
    with contextlib.suppress(InputError):
        parse_event(line, "here")


BEGINS = json.dumps({"t": 1.0, "source": "scenario", "kind": "history.begins", "schema": SCHEMA}) + "\n"
SEEN = json.dumps({"t": 2.0, "source": "x", "kind": "seen"}) + "\n"


@pytest.fixture
def file(tmp_path):
    def write(text, mode="w"):
        path = tmp_path / "h.jsonl"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_a_history_is_read_in_the_order_of_writing(file):
    earlier = SEEN.replace("2.0", "0.5")
    assert [event.kind for event in read_events(file(BEGINS + SEEN + earlier))] == ["history.begins", "seen", "seen"]


def test_a_last_line_that_was_cut_off_is_left_out(file):
    assert len(read_events(file(BEGINS + SEEN + SEEN[:20]))) == 2


def test_a_line_cut_off_in_the_middle_of_the_file_is_not(file):
    with pytest.raises(InputError, match=r"h\.jsonl:2: not a line of JSON"):
        read_events(file(BEGINS + SEEN[:20] + "\n" + SEEN))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no event in it"),
        (BEGINS[:20], "a line that was cut off"),
        ("\n\n", "does not begin with history.begins"),
        (SEEN, "does not begin with history.begins"),
        (BEGINS.replace(f'"schema": {SCHEMA}', '"schema": 99'), f"schema 99; this harness reads {SCHEMA}"),
        (BEGINS.replace(f', "schema": {SCHEMA}', ""), "schema None"),
        (b"\xff\xfe\x00", "cannot be read as a history"),
    ],
)
def test_what_is_no_history_is_refused(file, text, says):
    path = file(text)
    with pytest.raises(InputError) as raised:
        read_events(path)
    assert str(path) in str(raised.value)
    assert says in str(raised.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read as a history"):
        read_events(tmp_path / "none.jsonl")


# -- questions


HISTORY = History(
    [
        Event(3.0, "b", "seen", {"node": 1}),
        Event(1.0, "a", "begins"),
        Event(2.0, "a", "seen", {"node": 2}),
        Event(2.0, "c", "seen", {"node": 3}),
    ]
)


def test_a_history_is_in_the_order_of_time_then_of_recording():
    assert [event.get("node") for event in HISTORY] == [None, 2, 3, 1]
    assert (HISTORY.start, HISTORY.end, len(HISTORY)) == (1.0, 3.0, 4)


def test_an_empty_history_has_no_length():
    assert (History([]).start, History([]).end, len(History([]))) == (0.0, 0.0, 0)


def test_questions():
    assert [event["node"] for event in HISTORY.of("seen")] == [2, 3, 1]
    assert [event["node"] for event in HISTORY.of("seen", source="a")] == [2]
    assert [event["node"] for event in HISTORY.of("seen", after=2.0)] == [1]
    assert [event["node"] for event in HISTORY.of("seen", before=3.0)] == [2, 3]
    assert HISTORY.of("seen", node=9) == []
    assert HISTORY.of("begins", node=None) == HISTORY.of("begins")
    first, last = HISTORY.first("seen"), HISTORY.last("seen")
    assert first is not None
    assert last is not None
    assert (first["node"], last["node"]) == (2, 1)
    assert HISTORY.first("none") is None
    assert HISTORY.last("none") is None


def test_what_is_needed_and_missing_is_inconclusive():
    assert HISTORY.needed("begins").t == 1.0
    with pytest.raises(Inconclusive, match="the history has no seen with node=9"):
        HISTORY.needed("seen", node=9)
