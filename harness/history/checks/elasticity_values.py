"""Checks of expressions: when they are evaluated, with which values, and what can be written in them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from harness.errors import Inconclusive
from harness.history import elasticity
from harness.history.checks.registry import Finding, check, conforms, deviates
from harness.history.elasticity import Evaluation, Stage
from harness.history.history import History

_ENOUGH = 2
"""Evaluations that must have been seen before something counts as not happening."""

_TAKEN = 200
_INTERVALS = 3
_HALF = 0.5


def _last_stage(history: History, role: str) -> Stage:
    found = elasticity.stages(history, role)
    if not found:
        raise Inconclusive(f"role {role} was given no policies")
    return found[-1]


def _seen(history: History, role: str, policy: int, stage: Stage, least: int) -> list[Evaluation]:
    """The evaluations of a stage, or from the last metric that was put in it on."""
    put = history.last("metric.put", after=stage.begin, before=stage.end)
    since = stage.begin if put is None else put.t
    found = elasticity.evaluations_in(history, role, stage, policy, since=since)
    if len(found) < least:
        expression = stage.policies[policy]["expression"]
        raise Inconclusive(f"`{expression}` of role {role} was seen to be evaluated {len(found)} times, not {least}")
    return found


def _running(history: History, role: str, t: float) -> list[int]:
    """The VMs of a role that were ACTIVE and RUNNING at a moment."""
    seen = history.last("role.seen", role=role, before=t)
    nodes = [] if seen is None else seen["nodes"]
    last = {node: history.last("vm.seen", vm=node, before=t) for node in nodes}
    return [node for node, event in last.items() if event is not None and event["lcm"] == "RUNNING"]


def _put_by(history: History, name: str, nodes: list[int], t: float) -> list[float]:
    """What these VMs have published under a name by a moment, as numbers."""
    found = []
    for node in nodes:
        seen = history.last("vm.metrics", vm=node, before=t)
        if seen is not None and name in seen["metrics"]:
            found.append(float(seen["metrics"][name]))
    return found


@check
def evaluated_every_period(history: History, *, role: str) -> Finding:
    """The times of a policy's evaluations, by its `last_eval`, are its `period` apart."""
    stage = _last_stage(history, role)
    period = int(stage.policies[0]["period"])
    seen = _seen(history, role, 0, stage, _INTERVALS + 1)
    apart = [later.at - earlier.at for earlier, later in pairwise(seen)]
    mean = sum(apart) / len(apart)
    summary = f"a period of {period} s: evaluations {elasticity.listed(apart)} s apart, {mean:.1f} s in the mean"
    return Finding(abs(mean - period) < _HALF, summary, {"period": period, "apart": apart})


@check
def averages_over(history: History, *, role: str, name: str, vms: int) -> Finding:
    """The value of an attribute is the sum over the running VMs, those without the attribute as 0, by their number.

    Args:
        history: The history.
        role: The role.
        name: The attribute.
        vms: How many VMs have to run.
    """
    stage = _last_stage(history, role)
    seen = _seen(history, role, 0, stage, _ENOUGH)[-1]
    nodes = _running(history, role, seen.t)
    if len(nodes) != vms:
        raise Inconclusive(f"{len(nodes)} VMs of role {role} ran, not {vms}")
    values = _put_by(history, name, nodes, seen.t)
    if not values:
        raise Inconclusive(f"no VM of role {role} was seen to have {name}")
    wanted = round(sum(values) / vms, 2)
    summary = (
        f"{len(values)} of {vms} running VMs have {name} ({elasticity.listed(f'{value:g}' for value in values)}): "
        f"`{seen.text}`, and {wanted:g} is the average over {vms}"
    )
    return Finding(seen.value == wanted, summary, {"evaluated": seen.text, "average": wanted, "with": len(values)})


@check
def average_masks(history: History, *, role: str, name: str, vms: int) -> Finding:
    """One VM is above the threshold, the average is not, and the role does not scale."""
    stage = _last_stage(history, role)
    seen = _seen(history, role, 0, stage, _ENOUGH)[-1]
    nodes = _running(history, role, seen.t)
    values = _put_by(history, name, nodes, seen.t)
    if len(nodes) != vms or len(values) != vms:
        raise Inconclusive(f"{len(values)} of {len(nodes)} running VMs have {name}; {vms} were to have it")
    if not any(Evaluation(f"{name}[{value}]{_rest(seen)}", 0, None, 0).holds for value in values):
        raise Inconclusive(f"no VM alone is beyond the threshold of `{seen.text}`: nothing could be hidden")
    mean = round(sum(values) / vms, 2)
    scaled = elasticity.scalings(history, role, since=stage.begin, until=stage.end)
    summary = f"{vms} VMs at {elasticity.listed(f'{value:g}' for value in values)}: `{seen.text}`, " + (
        f"and the role scaled: {elasticity.listed(scaled)}" if scaled else "and the role did not scale"
    )
    return Finding(seen.value == mean and not seen.holds and not scaled, summary, {"mean": mean, "text": seen.text})


def _rest(seen: Evaluation) -> str:
    return seen.text.partition("]")[2]


@check
def missing_is_false(history: History, *, role: str, name: str) -> Finding:
    """Every comparison with an attribute that no VM has is false; none scales the role."""
    stage = _last_stage(history, role)
    scaled = elasticity.scalings(history, role, since=stage.begin, until=stage.end)
    compared, true = set(), []
    for index, policy in enumerate(stage.policies):
        expression = str(policy["expression"])
        # One that scales keeps those behind it from being evaluated.
        seen = _seen(history, role, index, stage, 0 if scaled else _ENOUGH)
        if seen and _put_by(history, name, _running(history, role, seen[-1].t), seen[-1].t):
            raise Inconclusive(f"a VM of role {role} has {name}")
        compared.add(expression.removeprefix(name).split()[0])
        true += [expression for item in seen if item.true_evals or not item.text.startswith(f"{name}[--]")]
    if missing := {"==", "!=", "<", "<=", ">", ">="} - compared:
        raise Inconclusive(f"no expression with {elasticity.listed(sorted(missing))} was evaluated")
    summary = f"{len(stage.policies)} comparisons with {name}, which no VM has: " + (
        f"{elasticity.listed(sorted(set(true)) or scaled)} true" if true or scaled else "all false"
    )
    return Finding(not true and not scaled, summary, {"true": sorted(set(true))})


_PLACES = ("user_template", "monitoring", "template", "own")
"""Where an attribute is looked for, in the specification's order; `own` is the VM itself."""


@check
def looks_up_in_order(history: History, *, role: str) -> Finding:
    """The value of an attribute is that of the first place that has it: see `_PLACES`.

    A role of one VM, whose places are read (`vm.read`) before an evaluation; each place must decide once.
    """
    stage = _last_stage(history, role)
    decided: dict[str, str] = {}
    wrong = []
    reads = history.of("vm.read", after=stage.begin, before=stage.end)
    for read, end in zip(reads, [*(event.t for event in reads[1:]), stage.end][: len(reads)], strict=True):
        put = history.first("metric.put", after=read.t, before=end)
        until = end if put is None else put.t
        for index in range(len(stage.policies)):
            seen = elasticity.evaluations_in(history, role, stage, index, since=read.t, until=until)
            if not seen:
                continue
            if len(_running(history, role, seen[-1].t)) != 1:
                raise Inconclusive(f"role {role} has not exactly one running VM: the value is an average")
            name = seen[-1].text.partition("[")[0]
            places = {place: float(read[place][name]) for place in _PLACES if name in read[place]}
            if not places:
                raise Inconclusive(f"the VM has no {name} in any place")
            first = next(iter(places))
            if any(value == places[first] for place, value in places.items() if place != first):
                raise Inconclusive(f"{name} has the same value in two places: {places}")
            told = (
                f"{name} is {', '.join(f'{value:g} in {place}' for place, value in places.items())}: `{seen[-1].text}`"
            )
            decided[first] = told
            if seen[-1].value != places[first]:
                wrong.append(told)
    if missing := [place for place in _PLACES if place not in decided]:
        raise Inconclusive(f"no evaluation was seen in which {elasticity.listed(missing)} had to decide")
    summary = "; ".join(wrong or decided.values())
    return Finding(not wrong, summary, {"decided": decided, "wrong": wrong})


@check
def needs_evaluations_in_a_row(history: History, *, role: str) -> Finding:
    """The role scales when its policy was true `period_number` times in a row; a false evaluation starts anew."""
    stage = _last_stage(history, role)
    needed = int(stage.policies[0]["period_number"])
    seen = elasticity.evaluations_in(history, role, stage)
    scaled = elasticity.scalings(history, role, since=stage.begin, until=stage.end)
    if not scaled:
        raise Inconclusive(f"role {role} did not scale; evaluations: {''.join(_mark(item) for item in seen)}")
    # OneFlow's time of a scaling is that of the pass that triggered it, in whole seconds.
    before = [item for item in seen if item.at <= scaled[0].at]
    apart = [later.at - earlier.at for earlier, later in pairwise(before)]
    if apart and max(apart) >= 2 * sorted(apart)[len(apart) // 2]:
        raise Inconclusive(f"evaluations {elasticity.listed(apart)} s apart: one of them may not have been seen")
    marks = "".join(_mark(item) for item in before)
    earlier, _, last = marks.rpartition("-")
    broken = [run for run in earlier.split("-") if run]
    if not broken:
        raise Inconclusive(f"no run of true evaluations was broken by a false one: {marks}")
    summary = f"period_number {needed}, evaluations {marks} (+ true, - false): scaled after {len(last)} in a row"
    right = len(last) == needed and all(len(run) < needed for run in broken)
    return Finding(right, summary, {"needed": needed, "in_a_row": len(last), "broken": broken})


def _mark(item: Evaluation) -> str:
    return "+" if item.holds else "-"


@check
def expression_scales(history: History, *, role: str) -> Finding:
    """One of the expressions that were tried, each in a stage or refused, scales the role.

    The VMs' metrics are such that each would have to be true, in the sense that its author has in mind.
    """
    tried: dict[str, str] = {}
    if history.first("metric.put", status=200) is None:
        raise Inconclusive("no VM has published anything")
    for put in history.of("policies.put", role=role):
        if put.get("refused"):
            for policy in put["elasticity_policies"]:
                tried[policy["expression"]] = "refused"
    for stage in elasticity.stages(history, role):
        scaled = elasticity.scalings(history, role, since=stage.begin, until=stage.end)
        for index, policy in enumerate(stage.policies):
            if scaled:
                return conforms(f"`{policy['expression']}`: {elasticity.listed(scaled)}", {"tried": tried})
            seen = _seen(history, role, index, stage, _ENOUGH)
            tried[policy["expression"]] = f"{seen[-1].text}, false {len(seen)} times"
    if not tried:
        raise Inconclusive("no expression was tried")
    answers: dict[str, list[str]] = {}
    for expression, answer in tried.items():
        answers.setdefault(answer, []).append(f"`{expression}`")
    summary = "no such expression scales: " + "; ".join(
        f"{elasticity.listed(expressions)} {answer}" for answer, expressions in answers.items()
    )
    return deviates(summary, {"tried": tried})


@check
def metric_protects(history: History, *, role: str, name: str, during: str, after: str) -> Finding:
    """A policy that asks for a metric scales the role down once its value is `after`, and not while it is `during`.

    Args:
        history: The history.
        role: The role.
        name: The metric.
        during: Its value during training.
        after: Its value afterwards.
    """
    tried: dict[str, str] = {}
    for stage in elasticity.stages(history, role):
        told = " and ".join(f"`{policy['expression']}`" for policy in stage.policies)
        active, free = _spans(history, stage, name, during, after)
        scaled = [item for item in elasticity.scalings(history, role, since=stage.begin, until=stage.end) if item.down]
        if early := [item for item in scaled if item.t <= active[1]]:
            tried[told] = f"scaled down ({elasticity.listed(early)}) while {name} was {during}"
            continue
        _each_evaluated(history, role, stage, *active)
        if free is None:
            raise Inconclusive(f"{name} was not {after} while {told} was there")
        if scaled:
            return conforms(
                f"{told}: {elasticity.listed(scaled)} once {name} was {after}, not while it was {during}", {}
            )
        _each_evaluated(history, role, stage, *free)
        tried[told] = f"did not scale down when {name} was {after} either"
    if not tried:
        raise Inconclusive("no policy was tried")
    return deviates("; ".join(f"{told} {what}" for told, what in tried.items()), {"tried": tried})


Span = tuple[float, float]


def _spans(history: History, stage: Stage, name: str, during: str, after: str) -> tuple[Span, Span | None]:
    """When, in a stage, the metric was `during` on every VM, and when it was `after` on every VM."""
    bodies = {f"{name}={during}": during, f"{name}={after}": after}
    puts = [
        (event.t, bodies[event["body"]]) for event in history.of("metric.put", status=_TAKEN) if event["body"] in bodies
    ]
    earlier = [value for t, value in puts if t <= stage.begin]
    if earlier[-1:] != [during]:
        raise Inconclusive(f"{name} was not {during} when a policy was given")
    within = [put for put in puts if stage.begin < put[0] <= stage.end]
    freed = next((index for index, put in enumerate(within) if put[1] == after), None)
    if freed is None:
        return (stage.begin, stage.end), None
    again = next((index for index in range(freed, len(within)) if within[index][1] == during), len(within))
    end = stage.end if again == len(within) else within[again][0]
    return (stage.begin, within[freed][0]), (within[again - 1][0], end)


def _each_evaluated(history: History, role: str, stage: Stage, since: float, until: float) -> None:
    for index, policy in enumerate(stage.policies):
        seen = elasticity.evaluations_in(history, role, stage, index, since=since, until=until)
        if len(seen) < _ENOUGH:
            raise Inconclusive(f"`{_expression(policy)}` was evaluated {len(seen)} times only in one of its two states")


def _expression(policy: Mapping[str, Any]) -> str:
    return str(policy["expression"])
