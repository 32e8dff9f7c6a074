"""OneFlow's elasticity: services whose VMs run nothing, their policies, metrics and schedules."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, then, when

from harness.cloud.templates import SUPERNODE
from harness.errors import Inconclusive
from harness.scene import elasticity
from harness.scene.scene import Scene
from steps.vocabulary import Words, numbers, settings

Table = list[list[str]]


@given(Words("a service of {nodes:d} SuperNodes whose VMs run nothing"))
@given(Words("a service of {nodes:d} SuperNodes whose VMs run nothing, with"))
def a_service(scene: Scene, nodes: int, datatable: Table | None = None) -> None:
    elasticity.deploy(scene, nodes, settings(datatable))


@given(Words("the service template under test on a cloud with a clock of its own"))
def template_under_test(scene: Scene) -> None:
    elasticity.deploy_in_simulated_time(scene, scene.service_template.body, scene.vm_templates)


@given(Words("a service of {nodes:d} SuperNodes on a cloud with a clock of its own, with the scheduled policies"))
def a_scheduled_service(scene: Scene, nodes: int, datatable: Table) -> None:
    scheduled = elasticity.policies(datatable)
    elasticity.deploy_in_simulated_time(scene, elasticity.service(nodes, {}, scheduled))


@when(Words("role {role:w} is given the policy"))
@when(Words("role {role:w} is given the policies"))
def give_policies(scene: Scene, role: str, datatable: Table) -> None:
    elasticity.give(scene, role, elasticity.policies(datatable))


@when(Words("every VM of role {role:w} publishes `{body}`"))
def every_vm_publishes(scene: Scene, role: str, body: str) -> None:
    elasticity.publish(scene, role, body)


@when(Words("VM {list_of_numbers} of role {role:w} publishes `{body}`"))
@when(Words("VMs {list_of_numbers} of role {role:w} publish `{body}`"))
def vm_publishes(scene: Scene, list_of_numbers: str, role: str, body: str) -> None:
    elasticity.publish(scene, role, body, numbers(list_of_numbers))


@when(Words("VM {number:d} of role {role:w} is read"))
def read_vm(scene: Scene, number: int, role: str) -> None:
    scene.cloud.read(scene.cloud.nodes(role)[number - 1])


@when(Words("the CPU of all VMs is at {percent:g} %"))
def cpu(scene: Scene, percent: float) -> None:
    elasticity.set_cpu(scene, percent)


@when(Words("role {role:w} is scaled to {cardinality:d}"))
def scale(scene: Scene, role: str, cardinality: int) -> None:
    _must(scene.cloud.scale(role, cardinality))


@when(Words("role {role:w} is scaled to {cardinality:d}, which is refused"))
def scale_in_vain(scene: Scene, role: str, cardinality: int) -> None:
    scene.cloud.scale(role, cardinality)


@when(Words("role {role:w} is scaled to {cardinality:d} by force"))
def scale_by_force(scene: Scene, role: str, cardinality: int) -> None:
    _must(scene.cloud.scale(role, cardinality, force=True))


@when(Words("role {role:w} is scaled to {cardinality:d} by a VM, through OneGate"))
def scale_from_inside(scene: Scene, role: str, cardinality: int) -> None:
    _must(scene.cloud.scale_from_inside(scene.cloud.nodes(role)[-1], role, cardinality))


@when(Words("role {role:w} is scaled to {cardinality:d} with the further field `{name}` of `{value}`"))
def scale_with_more(scene: Scene, role: str, cardinality: int, name: str, value: str) -> None:
    _must(scene.cloud.scale(role, cardinality, more={name: value}))


def _must(refused: str | None) -> None:
    if refused is not None:
        raise Inconclusive(f"OneFlow refused to scale: {refused}")


@when(Words("{hours:g} hours of the cloud's clock pass"))
def hours_pass(scene: Scene, hours: float) -> None:
    scene.cloud.advance(hours * 3600, look_every=elasticity.LOOK_EVERY)


# -- what must be seen


def _judge(scene: Scene, check: str, **parameters: Any) -> None:
    """Judge what the cloud shows now, VMs included."""
    scene.cloud.observer.look()
    scene.judge(check, **parameters)


@then(Words("each policy of type {kind:w} changes the role as it says, within, above and below its limits"))
def adjusts_everywhere(scene: Scene, kind: str) -> None:
    _judge(scene, "policies-adjust", role=SUPERNODE, type=kind, kinds=["within", "above", "below"])


@then(Words("each policy of type {kind:w} changes the role by its percentage"))
def adjusts_within(scene: Scene, kind: str) -> None:
    _judge(scene, "policies-adjust", role=SUPERNODE, type=kind, kinds=["within", "above"])


@then(Words("role {role:w} is never below its minimum"))
def never_below(scene: Scene, role: str) -> None:
    _judge(scene, "never-below-minimum", role=role)


@then(Words("role {role:w} keeps its VM while role {other:w} scales up and down"))
def left_alone(scene: Scene, role: str, other: str) -> None:
    _judge(scene, "left-alone", role=role, while_scaling=other)


@then(Words("the newest VMs of role {role:w} are removed"))
def removes_newest(scene: Scene, role: str) -> None:
    _judge(scene, "removes-newest", role=role)


@then(Words("VMs of the same places of role {role:w} are removed in all {ways:d} ways"))
def removes_alike(scene: Scene, role: str, ways: int) -> None:
    _judge(scene, "removes-alike", role=role, ways=ways)


@then(Words("the policy of role {role:w} is evaluated every period"))
def every_period(scene: Scene, role: str) -> None:
    _judge(scene, "evaluated-every-period", role=role)


@then(Words("the value of {name:w} is its average over all {vms:d} VMs of role {role:w}"))
def averages_over(scene: Scene, name: str, vms: int, role: str) -> None:
    _judge(scene, "averages-over", role=role, name=name, vms=vms)


@then(Words("the average of {name:w} over {vms:d} VMs of role {role:w} hides the one that is beyond the threshold"))
def average_masks(scene: Scene, name: str, vms: int, role: str) -> None:
    _judge(scene, "average-masks", role=role, name=name, vms=vms)


@then(Words("every comparison of role {role:w} with {name:w} is false"))
def missing_is_false(scene: Scene, role: str, name: str) -> None:
    _judge(scene, "missing-is-false", role=role, name=name)


@then(Words("the first place that has an attribute decides its value for role {role:w}"))
def looks_up(scene: Scene, role: str) -> None:
    _judge(scene, "looks-up-in-order", role=role)


@then(Words("role {role:w} scales after as many true evaluations in a row as its policy says"))
def in_a_row(scene: Scene, role: str) -> None:
    _judge(scene, "needs-evaluations-in-a-row", role=role)


@then(Words("one of these expressions scales role {role:w}"))
def expression_scales(scene: Scene, role: str) -> None:
    _judge(scene, "expression-scales", role=role)


@then(Words("a policy of role {role:w} waits while {name:w} is {during:w} and scales down once it is {after:w}"))
def metric_protects(scene: Scene, role: str, name: str, during: str, after: str) -> None:
    _judge(scene, "metric-protects", role=role, name=name, during=during, after=after)


@then(Words("{name:w} is stored as `{value}`"))
def stored_as(scene: Scene, name: str, value: str) -> None:
    _judge(scene, "stored-as", name=name, value=value)


@then(Words("the service is in COOLDOWN for the {seconds:d} s of the policy after role {role:w} has scaled"))
def cools_down(scene: Scene, seconds: int, role: str) -> None:
    _judge(scene, "cools-down", role=role, seconds=seconds)


@then(Words("role {then_role:w} waits for the end of the COOLDOWN after role {first:w} has scaled"))
def waits(scene: Scene, then_role: str, first: str) -> None:
    _judge(scene, "waits-for-cooldown", first=first, then=then_role)


@then(Words("role {role:w} waits for the end of the COOLDOWN after its own scale-down"))
def waits_after_down(scene: Scene, role: str) -> None:
    _judge(scene, "waits-for-cooldown", first=role, then=role, down=True)


@then(Words("role {role:w} has what its schedule says at each of its times"))
def follows_schedule(scene: Scene, role: str) -> None:
    _judge(scene, "follows-schedule", role=role, interval=90)


@then(Words("role {role:w} scales once at the time of its policy, and not again"))
def fires_once(scene: Scene, role: str) -> None:
    _judge(scene, "fires-once", role=role, interval=90)
