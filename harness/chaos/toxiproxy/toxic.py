"""A toxic, and whether what was read back is what was asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from harness.errors import InputError

Stream = Literal["upstream", "downstream"]
STREAMS: tuple[Stream, Stream] = ("upstream", "downstream")
"""`upstream` is what the client sends, `downstream` what it gets."""


@dataclass(frozen=True)
class Toxic:
    """What Toxiproxy does to one direction of a proxy's connections.

    Attributes:
        name: Unique within its proxy.
        type: `latency`, `bandwidth`, `slow_close`, `timeout`, `reset_peer`, `slicer` or `limit_data`.
        stream: The direction.
        attributes: As the type has them; milliseconds, kilobytes per second, bytes.
        toxicity: Share of the connections that it acts on. Drawn for each connection when it opens, and drawn again for
            every live one by any update of the toxic (measured): anything but 0 and 1 is left to chance.
    """

    name: str
    type: str
    stream: Stream
    attributes: Mapping[str, int] = field(default_factory=dict)
    toxicity: float = 1.0

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """From the control API's JSON."""
        return cls(answer["name"], answer["type"], answer["stream"], dict(answer["attributes"]), answer["toxicity"])

    def data(self) -> dict[str, object]:
        """As an event has it."""
        return {**dataclasses.asdict(self), "attributes": dict(self.attributes)}

    def check(self) -> None:
        """Refuse what harms the server itself.

        Raises:
            InputError: A `slicer` without a positive `average_size`: Toxiproxy 2.12 dies of a stack overflow at the
                first chunk (measured).
        """
        if self.type == "slicer" and self.attributes.get("average_size", 0) < 1:
            raise InputError(
                f"toxic {self.name}: a slicer needs an average_size of at least 1; Toxiproxy dies without it"
            )

    def differences(self, read: Toxic) -> list[str]:
        """How what was read back differs from this; empty when every attribute is there with its value.

        Toxiproxy takes an attribute that it does not know for nothing (`latencyy: 3` gives latency 0), and shows
        those that it knows: an attribute that does not come back was misspelt.
        """
        found = [
            f"{what} is {theirs!r} and not {ours!r}"
            for what, ours, theirs in (
                ("name", self.name, read.name),
                ("type", self.type, read.type),
                ("stream", self.stream, read.stream),
                ("toxicity", self.toxicity, read.toxicity),
            )
            if ours != theirs
        ]
        for key, value in self.attributes.items():
            if key not in read.attributes:
                found.append(f"{self.type} has no attribute {key!r}, only {', '.join(sorted(read.attributes))}")
            elif read.attributes[key] != value:
                found.append(f"{key} is {read.attributes[key]!r} and not {value!r}")
        return found
