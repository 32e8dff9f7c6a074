"""What makes two states of a front end the same for a replay, however they came about."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from harness.cloud.embedded.agenda import Task
from harness.cloud.embedded.front_end import FrontEnd


def fingerprint(front: FrontEnd) -> int:
    """A number that two states share when they will go on alike."""
    pools = front.oned.pools
    documents = [json.dumps(pools.documents[number].body, default=str) for number in sorted(pools.documents)]
    vms = [
        (vm.id, int(vm.state), int(vm.lcm), vm.operation, repr(vm.user_template), vm.last_poll)
        for vm in pools.vms.values()
    ]
    pending = sorted(_task(task) for task in front.agenda.pending())
    life = front.lifecycle
    rest = (life.waits.shown(), life.watchdog.shown(), front.autoscaler.died_of, round(front.clock.now(), 1))
    return hash((tuple(documents), tuple(vms), tuple(pending), rest))


def _task(task: Task) -> tuple[str, float, str]:
    arguments = task.run.args if isinstance(task.run, partial) else ()
    return task.name, round(task.due, 1), " ".join(_argument(item) for item in arguments)


def _argument(value: Any) -> str:
    if isinstance(value, int | str | float | bool):
        return str(value)
    shown = getattr(value, "shown", None)
    return str(shown()) if callable(shown) else type(value).__name__
