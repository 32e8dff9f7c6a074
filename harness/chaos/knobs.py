"""The toxics that every link has from its beginning, one set for each direction, all of them neutral until turned.

A link never adds or removes a toxic while connections live, it only updates these. Why (all of it measured with,
and read in the source of, Toxiproxy 2.12.0):

- Removing a `timeout` toxic closes every live connection, which a path that comes back does not do.
- A removal skips the connections on which a toxic has been closed, leaving their chains longer than the proxy's.
  The next toxic that is added then ends the server (index out of range).
- An update reaches each connection's own place for the toxic. With a toxicity of 0 or 1, what it draws is certain.

The order is the one in which bytes pass, and it matters: on a connection that `forget` has closed for good nothing
behind it moves any more, so that it comes first; what it closes, `keep_open` right behind it holds back.
"""

from __future__ import annotations

from dataclasses import replace

from harness.chaos.toxiproxy.toxic import STREAMS, Stream, Toxic

FOREVER_MS = 7 * 24 * 3600 * 1000
"""Longer than any run, in milliseconds."""

FORGET, KEEP_OPEN, RESET, LATENCY, BANDWIDTH, HOLD, HOLD_OPEN = (
    "forget",
    "keep_open",
    "reset",
    "latency",
    "bandwidth",
    "hold",
    "hold_open",
)


def knobs(stream: Stream, *, resettable: bool) -> tuple[Toxic, ...]:
    """The toxics of one direction, neutral, in their order.

    `reset` acts on no chunk; that it is in the chain makes Toxiproxy set SO_LINGER to 0 on both sockets of each
    connection that is opened, so that every close of it is an RST.
    """
    chain = [
        neutral(FORGET, stream),
        neutral(KEEP_OPEN, stream),
        neutral(LATENCY, stream),
        neutral(BANDWIDTH, stream),
        neutral(HOLD, stream),
        neutral(HOLD_OPEN, stream),
    ]
    if resettable:
        chain.insert(2, neutral(RESET, stream))
    return tuple(chain)


def neutral(knob: str, stream: Stream) -> Toxic:
    """A knob as it lets everything through."""
    kind, attributes, toxicity = _NEUTRAL[knob]
    return Toxic(f"{knob}_{stream}", kind, stream, attributes, toxicity)


def turned(knob: str, stream: Stream, **attributes: int) -> Toxic:
    """A knob as it acts on every connection, with these attributes and otherwise its own."""
    toxic = neutral(knob, stream)
    return replace(toxic, attributes={**toxic.attributes, **attributes}, toxicity=1.0)


def both(knob: str, **attributes: int) -> tuple[Toxic, ...]:
    """A knob turned in both directions."""
    return tuple(turned(knob, stream, **attributes) for stream in STREAMS)


def back(*names: str) -> tuple[Toxic, ...]:
    """Knobs turned back in both directions, in the order given."""
    return tuple(neutral(knob, stream) for knob in names for stream in STREAMS)


_NEUTRAL: dict[str, tuple[str, dict[str, int], float]] = {
    # Throws data away (timeout 0), or closes the connection after so many milliseconds.
    FORGET: ("timeout", {"timeout": 0}, 0.0),
    # Always on: its delay is read when a close arrives, so that it can be changed for connections to come (see
    # `Link.half_open`).
    KEEP_OPEN: ("slow_close", {"delay": 0}, 1.0),
    RESET: ("reset_peer", {"timeout": 0}, 0.0),
    LATENCY: ("latency", {"latency": 0, "jitter": 0}, 0.0),
    # A rate of 0 is no rate without limit, but none.
    BANDWIDTH: ("bandwidth", {"rate": 1_000_000}, 0.0),
    # Keeps data, in order, and gives it away when it is turned back.
    HOLD: ("latency", {"latency": FOREVER_MS, "jitter": 0}, 0.0),
    HOLD_OPEN: ("slow_close", {"delay": FOREVER_MS}, 0.0),
}
