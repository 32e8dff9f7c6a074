"""What a federation under test is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Plan:
    """A federation to be.

    Attributes:
        nodes: Number of SuperNodes; they are called 1, 2, … and get the partition-ids 0, 1, ….
        database: Whether the SuperLink keeps its state in a database instead of in memory.
        tls: Whether it speaks TLS.
        authentication: Whether it admits only registered SuperNode keys; needs TLS.
        max_retries: `--max-retries` of every SuperNode; None leaves the flag out.
        max_wait_time: `--max-wait-time` of every SuperNode, seconds; None leaves the flag out.
        partitions: Partition-ids of nodes that differ from the usual.
        resettable: Whether links can tear connections with an RST.
    """

    nodes: int
    database: bool = False
    tls: bool = False
    authentication: bool = False
    max_retries: int | None = None
    max_wait_time: float | None = None
    partitions: Mapping[int, int] = field(default_factory=dict)
    resettable: bool = False

    def partition(self, node: int) -> int:
        """The partition-id of a node's configuration."""
        return self.partitions.get(node, node - 1)

    @property
    def numbers(self) -> range:
        """The nodes' numbers."""
        return range(1, self.nodes + 1)
