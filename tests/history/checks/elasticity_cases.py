"""OneFlow services that scale: policies, expressions, cooldowns, schedules, metrics."""

from typing import Any

from builder import Story
from cases import CONFORMS, DEVIATES, INCONCLUSIVE, case

ROLE = "supernode"
HOUR = 3600
MONDAY = 1_795_392_000


class Service(Story):
    """A service's story. Its clock `at` is OneFlow's, in whole seconds; it moves on by `passes` too."""

    def __init__(self, nodes=2, *, scheduled=None, limits=(2, 4), at=MONDAY) -> None:
        super().__init__()
        self.at = float(at)
        self.nodes = list(range(1, nodes + 1))
        self.policies: list[dict[str, Any]] = []
        self.metrics: dict[int, dict[str, str]] = {}
        self._next = nodes + 1
        supernode = {"name": ROLE, "cardinality": nodes, "min_vms": limits[0], "max_vms": limits[1]}
        if scheduled:
            supernode["scheduled_policies"] = scheduled
        roles = [{"name": "superlink", "cardinality": 1, "min_vms": 1, "max_vms": 3}, supernode]
        self.tell("scenario", "service.deploy", service=7, template={"roles": roles})
        self.log("New state: DEPLOYING").log("New state: RUNNING").state("RUNNING")
        self.role("superlink", [0])
        self.role(ROLE, self.nodes)
        for vm in (0, *self.nodes):
            self.vm(vm)

    def passes(self, seconds):
        self.at += seconds
        return super().passes(seconds)

    def log(self, message):
        return self.tell("oneflow", "flow.log", service=7, at=int(self.at), message=message)

    def state(self, state):
        return self.tell("oneflow", "service.seen", service=7, state=state)

    def role(self, role, nodes, cardinality=None, state="RUNNING"):
        size = len(nodes) if cardinality is None else cardinality
        return self.tell("oneflow", "role.seen", service=7, role=role, state=state, cardinality=size, nodes=list(nodes))

    def vm(self, vm, state="ACTIVE", lcm="RUNNING"):
        return self.tell("oneflow", "vm.seen", vm=vm, role="superlink" if vm == 0 else ROLE, state=state, lcm=lcm)

    def give(self, *policies, role=ROLE, refused=None):
        usual = {"type": "CHANGE", "adjust": 1, "period": 0, "period_number": 1, "cooldown": 1}
        given = [usual | it for it in policies]
        self.policies = given if refused is None else self.policies
        return self.tell("scenario", "policies.put", role=role, refused=refused, elasticity_policies=given)

    def puts(self, vm, body, status=200):
        self.tell("scenario", "metric.put", vm=vm, body=body, status=status)
        name, _, value = body.partition("=")
        if status == 200:
            self.metrics.setdefault(vm, {})[name] = value
            self.tell("oneflow", "vm.metrics", vm=vm, metrics=dict(self.metrics[vm]))
        return self

    def evaluates(self, text, true_evals=0, *, policy=0, role=ROLE, after=2.0, expression=None):
        self.passes(after)
        shown = text if expression is None else expression
        if expression is None:
            name, _, rest = text.partition("[")
            shown = name + rest.partition("]")[2]
        return self.tell(
            "oneflow",
            "policy.seen",
            service=7,
            role=role,
            policy=policy,
            expression=shown,
            evaluated=text,
            true_evals=true_evals,
            last_eval=int(self.at),
        )

    def scales(self, after, *, role=ROLE, newest=False, cooldown=4, ends=True, done=True):
        """A scaling: OneFlow's log, its VMs, its states."""
        nodes = self.nodes if role == ROLE else [0]
        before = len(nodes)
        way = "up" if after > before else "down"
        self.log(f"Role {role} scaling {way} from {before} to {after} nodes").log("New state: SCALING")
        if after > before:
            new = list(range(self._next, self._next + after - before))
            self._next += len(new)
            nodes = nodes + new
            removed = []
        else:
            removed = nodes[after - before :] if newest else nodes[: before - after]
            nodes = [node for node in nodes if node not in removed]
        if role == ROLE:
            self.nodes = nodes
        self.role(role, nodes, state="COOLDOWN").log("New state: COOLDOWN").state("COOLDOWN")
        for node in removed if done else ():
            self.vm(node, "DONE", "LCM_INIT")
        if ends:
            self.passes(cooldown).log("New state: RUNNING").state("RUNNING").role(role, nodes)
        return self

    def by_hand(self, after, *, refused=None, newest=False, **more):
        asked = {"role": ROLE, "cardinality": after, "force": False, "refused": refused, **more}
        self.tell("scenario", "service.scale", service=7, **asked)
        return self if refused else self.scales(after, newest=newest)

    def scheduled(self, planned="0 9 * * mon,tue,wed,thu,fri"):
        return self.tell(
            "oneflow", "schedule.seen", service=7, role=ROLE, schedule=0, planned=planned, last_eval=int(self.at)
        )

    def reads(self, vm, **places):
        whole = {"user_template": {}, "monitoring": {}, "template": {}, "own": {}} | places
        return self.tell("scenario", "vm.read", vm=vm, **whole)


def policy(expression="LOAD > 50", **more):
    return {"expression": expression, **more}


# -- how far


def adjusted(*, low_to=2, high_to=4) -> Service:
    story = Service(2).give(policy(adjust=1)).evaluates("LOAD[90.0] > 50", None).scales(3)
    story.give(policy(adjust=5)).evaluates("LOAD[90.0] > 50", None).scales(high_to)
    story.give(policy("LOAD < 50", adjust=-9)).evaluates("LOAD[10.0] < 50", None).scales(low_to)
    return story.passes(1).tell("scenario", "step", text="Then")


ADJUST = {"role": ROLE, "type": "CHANGE", "kinds": ["within", "above", "below"]}


@case("policies-adjust", CONFORMS, "CHANGE +1 took 2 to 3", **ADJUST)
def each_change_is_what_its_policy_says_or_the_limit():
    return adjusted()


@case("policies-adjust", DEVIATES, "CHANGE +5 took 3 to 8 in place of 4", **ADJUST)
def a_change_goes_beyond_the_maximum():
    return adjusted(high_to=8)


@case("policies-adjust", DEVIATES, "CHANGE -9 took 4 to 1 in place of 2", **ADJUST)
def a_change_goes_below_the_minimum():
    return adjusted(low_to=1)


@case("policies-adjust", INCONCLUSIVE, "that goes below", **ADJUST)
def nothing_wanted_to_go_below():
    return Service(3).give(policy(adjust=5)).evaluates("LOAD[90.0] > 50", None).scales(4)


@case("policies-adjust", INCONCLUSIVE, "seen true 0 times only", **ADJUST)
def the_policy_was_never_true():
    return Service(2).give(policy()).evaluates("LOAD[10.0] > 50").evaluates("LOAD[10.0] > 50").passes(1).scheduled()


@case("policies-adjust", INCONCLUSIVE, "other policies than one of type", **ADJUST)
def a_policy_of_another_type_was_there():
    return Service(2).give(policy(type="CARDINALITY"))


@case("policies-adjust", INCONCLUSIVE, "no min_vms", **ADJUST)
def the_role_has_no_limits():
    story = Service(2, limits=(None, None)).give(policy())
    return story.evaluates("LOAD[90.0] > 50", None).scales(3)


CARDINALITY = ADJUST | {"type": "CARDINALITY", "kinds": ["below"]}


def cardinality_below() -> Service:
    return Service(3).give(policy(type="CARDINALITY", adjust=1)).evaluates("LOAD[90.0] > 50", 1)


@case("policies-adjust", DEVIATES, "CARDINALITY 1 took 3 to 3 in place of 2", **CARDINALITY)
def a_cardinality_below_the_minimum_is_refused_in_each_pass():
    story = cardinality_below().evaluates("LOAD[90.0] > 50", 1).evaluates("LOAD[90.0] > 50", 1)
    return story.passes(1).scheduled()


@case("policies-adjust", CONFORMS, "CARDINALITY 1 took 3 to 2", **CARDINALITY)
def a_cardinality_below_the_minimum_becomes_it():
    return cardinality_below().scales(2)


@case("policies-adjust", INCONCLUSIVE, "seen true 1 times only", **CARDINALITY)
def one_evaluation_is_not_enough_to_say_that_it_does_nothing():
    return cardinality_below().passes(1).scheduled()


PERCENTAGE = ADJUST | {"type": "PERCENTAGE_CHANGE", "kinds": ["within"]}


def percentage(to, adjust=50, **more) -> Service:
    story = Service(3, limits=(1, 9)).give(policy(type="PERCENTAGE_CHANGE", adjust=adjust, **more))
    return story.evaluates("LOAD[90.0] > 50", None).scales(to)


@case("policies-adjust", CONFORMS, "+50 took 3 to 4", **PERCENTAGE)
def half_of_three_is_one():
    return percentage(4)


@case("policies-adjust", CONFORMS, "+50 took 3 to 5", **PERCENTAGE)
def half_of_three_is_two():
    return percentage(5)


@case("policies-adjust", DEVIATES, "+50 took 3 to 6 in place of 4 or 5", **PERCENTAGE)
def half_of_three_is_three():
    return percentage(6)


@case("policies-adjust", DEVIATES, "took 3 to 2 in place of 1", **PERCENTAGE)
def the_least_step_is_not_kept():
    return percentage(2, adjust=-34, min_adjust_step=2)


def floor(*, lowest=2) -> Service:
    story = Service(3, limits=(2, 9)).give(policy(adjust=-9)).evaluates("LOAD[90.0] > 50", None).scales(2)
    story.give(policy(type="CARDINALITY", adjust=0)).evaluates("LOAD[90.0] > 50", 1)
    if lowest < 2:
        story.scales(lowest)
    story.give(policy(type="PERCENTAGE_CHANGE", adjust=-90)).evaluates("LOAD[90.0] > 50", 1)
    return story.passes(1).scheduled()


@case("never-below-minimum", CONFORMS, "it had 2 at least", role=ROLE)
def no_policy_goes_below():
    return floor()


@case("never-below-minimum", DEVIATES, "it had 0 at least", role=ROLE)
def a_cardinality_goes_below():
    return floor(lowest=0)


@case("never-below-minimum", INCONCLUSIVE, "no policy of type CARDINALITY, PERCENTAGE_CHANGE", role=ROLE)
def one_type_only_was_tried():
    return Service(3).give(policy(adjust=-9)).evaluates("LOAD[90.0] > 50", None).scales(2).scheduled()


# -- values of expressions


def periods(*apart) -> Service:
    story = Service(1).give(policy(period=3)).evaluates("LOAD[1.0] > 50")
    for seconds in apart:
        story.evaluates("LOAD[1.0] > 50", after=seconds)
    return story.passes(1).scheduled()


@case("evaluated-every-period", CONFORMS, "3.0 s in the mean", role=ROLE)
def every_three_seconds():
    return periods(3, 3, 3)


@case("evaluated-every-period", DEVIATES, "4.0 s in the mean", role=ROLE)
def every_four_seconds():
    return periods(4, 4, 4)


@case("evaluated-every-period", INCONCLUSIVE, "evaluated 2 times, not 4", role=ROLE)
def two_evaluations():
    return periods(3)


@case("evaluated-every-period", INCONCLUSIVE, "was given no policies", role=ROLE)
@case("missing-is-false", INCONCLUSIVE, "was given no policies", role=ROLE, name="NOBODY")
@case("looks-up-in-order", INCONCLUSIVE, "was given no policies", role=ROLE)
@case("needs-evaluations-in-a-row", INCONCLUSIVE, "was given no policies", role=ROLE)
def no_policies():
    return Service(1)


def one_of_four(text) -> Service:
    story = Service(4, limits=(1, 9)).puts(2, "LOAD=100").give(policy("LOAD > 500"))
    return story.evaluates(text).evaluates(text).passes(1).scheduled()


AVERAGE = {"role": ROLE, "name": "LOAD", "vms": 4}


@case("averages-over", CONFORMS, "25 is the average over 4", **AVERAGE)
def a_quarter():
    return one_of_four("LOAD[25.0] > 500")


@case("averages-over", DEVIATES, "1 of 4 running VMs have LOAD (100): `LOAD[100.0] > 500`", **AVERAGE)
def those_that_have_it_only():
    return one_of_four("LOAD[100.0] > 500")


@case("averages-over", INCONCLUSIVE, "evaluated 0 times", **AVERAGE)
def the_policy_is_never_evaluated():
    return Service(4, limits=(1, 9)).puts(2, "LOAD=100").give(policy("LOAD > 500")).passes(30).scheduled()


@case("averages-over", INCONCLUSIVE, "2 VMs of role supernode ran, not 4", **AVERAGE)
def two_vms_only():
    story = Service(2).puts(2, "LOAD=100").give(policy("LOAD > 500"))
    return story.evaluates("LOAD[100.0] > 500").evaluates("LOAD[100.0] > 500").scheduled()


@case("averages-over", INCONCLUSIVE, "no VM of role supernode was seen to have LOAD", **AVERAGE)
def nobody_has_it():
    story = Service(4).give(policy("LOAD > 500"))
    return story.evaluates("LOAD[--] > 500").evaluates("LOAD[--] > 500").scheduled()


def masked(text="LOAD[30.0] > 80", values=(10, 10, 10, 90), *, scaled=False) -> Service:
    story = Service(4, limits=(1, 9))
    for vm, value in enumerate(values, 1):
        story.puts(vm, f"LOAD={value}")
    story.give(policy("LOAD > 80")).evaluates(text).evaluates(text)
    return story.scales(5) if scaled else story.passes(1).scheduled()


@case("average-masks", CONFORMS, "and the role did not scale", **AVERAGE)
def one_at_90_is_hidden():
    return masked()


@case("average-masks", DEVIATES, "LOAD[90.0] > 80", **AVERAGE)
def the_maximum_counts():
    return masked("LOAD[90.0] > 80", scaled=True)


@case("average-masks", DEVIATES, "and the role scaled", **AVERAGE)
def one_vm_is_enough():
    return masked(scaled=True)


@case("average-masks", INCONCLUSIVE, "nothing could be hidden", **AVERAGE)
def none_is_beyond():
    return masked("LOAD[30.0] > 80", (30, 30, 30, 30))


def missing(*texts, scaled=False) -> Service:
    expressions = [f"NOBODY {it} 0" for it in ("==", "!=", "<", "<=", ">", ">=")]
    story = Service(2).give(*map(policy, expressions))
    for _ in range(2):
        for index, expression in enumerate(expressions):
            shown = texts[index] if index < len(texts) else expression.replace("NOBODY", "NOBODY[--]")
            story.evaluates(shown, int("--" not in shown), policy=index, after=2.0 * (index == 0))
    return story.scales(3) if scaled else story.passes(1).scheduled()


MISSING = {"role": ROLE, "name": "NOBODY"}


@case("missing-is-false", CONFORMS, "all false", **MISSING)
def no_comparison_is_true():
    return missing()


@case("missing-is-false", DEVIATES, "NOBODY == 0 true", **MISSING)
def missing_counts_as_zero():
    return missing("NOBODY[0.0] == 0", scaled=True)


@case("missing-is-false", DEVIATES, "supernode 2 → 3 true", **MISSING)
def the_role_scales_all_the_same():
    return missing(scaled=True)


@case("missing-is-false", INCONCLUSIVE, "no expression with !=", **MISSING)
def one_comparison_only():
    story = Service(2).give(policy("NOBODY == 0"))
    return story.evaluates("NOBODY[--] == 0").evaluates("NOBODY[--] == 0").scheduled()


def looked_up(cpu=42.0, own=3.0, put=77.0, *, stages=2) -> Service:
    story = Service(1).give(policy("CPU > 99"), policy("VCPU > 99"), policy("LCM_STATE > 99"))
    places = {"monitoring": {"CPU": "42"}, "template": {"CPU": "1", "VCPU": "2"}, "own": {"LCM_STATE": 3}}
    story.reads(1, **places)
    story.evaluates(f"CPU[{cpu}] > 99").evaluates("VCPU[2.0] > 99", policy=1, after=0)
    story.evaluates(f"LCM_STATE[{own}] > 99", policy=2, after=0)
    if stages > 1:
        story.puts(1, "CPU=77").reads(1, **places, user_template={"CPU": "77"})
        story.evaluates(f"CPU[{put}] > 99")
    return story.passes(1).scheduled()


@case("looks-up-in-order", CONFORMS, "CPU is 77 in user_template, 42 in monitoring, 1 in template", role=ROLE)
def the_first_place_decides():
    return looked_up()


@case("looks-up-in-order", DEVIATES, "CPU is 42 in monitoring, 1 in template: `CPU[1.0] > 99`", role=ROLE)
def the_template_comes_first():
    return looked_up(cpu=1.0)


@case("looks-up-in-order", DEVIATES, "`CPU[42.0] > 99`", role=ROLE)
def monitoring_comes_before_the_user_template():
    return looked_up(put=42.0)


@case("looks-up-in-order", INCONCLUSIVE, "user_template had to decide", role=ROLE)
def nothing_was_put():
    return looked_up(stages=1)


def in_a_row(marks, *, scales=True, gap=0) -> Service:
    story = Service(1, limits=(1, 4)).give(policy(period_number=3))
    for index, mark in enumerate(marks):
        text = "LOAD[90.0] > 50" if mark == "+" else "LOAD[10.0] > 50"
        last = scales and index == len(marks) - 1
        story.evaluates(text, None if last else 0, after=2.0 + gap * (index == 2))
    return story.scales(2) if scales else story.scheduled()


@case("needs-evaluations-in-a-row", CONFORMS, "++-+++", role=ROLE)
def three_in_a_row_after_a_broken_run():
    return in_a_row("++-+++")


@case("needs-evaluations-in-a-row", DEVIATES, "scaled after 2 in a row", role=ROLE)
def a_false_one_does_not_start_anew():
    return in_a_row("+-++")


@case("needs-evaluations-in-a-row", DEVIATES, "scaled after 4 in a row", role=ROLE)
def one_more_than_needed():
    return in_a_row("+-++++")


@case("needs-evaluations-in-a-row", INCONCLUSIVE, "no run of true evaluations was broken", role=ROLE)
def never_false():
    return in_a_row("+++")


@case("needs-evaluations-in-a-row", INCONCLUSIVE, "did not scale", role=ROLE)
def never_scaled():
    return in_a_row("++-++", scales=False)


@case("needs-evaluations-in-a-row", INCONCLUSIVE, "may not have been seen", role=ROLE)
def an_evaluation_was_not_seen():
    return in_a_row("+-++++", gap=2)


def words(*, scaled=False, times=2, put=True) -> Service:
    story = Service(2)
    if put:
        story.puts(1, "FL_CLIENT_STATUS=DISCONNECTED")
    story.give(policy("COUNT(X) > 1"), refused="400 parse error").give(policy("X == DISCONNECTED"))
    for _ in range(times):
        story.evaluates("X[0.0] == DISCONNECTED[--]", expression="X == DISCONNECTED")
    return story.scales(3) if scaled else story.passes(1).scheduled()


@case("expression-scales", DEVIATES, "`COUNT(X) > 1` refused; `X == DISCONNECTED` X[0.0]", role=ROLE)
def words_are_no_values():
    return words()


@case("expression-scales", CONFORMS, "`X == DISCONNECTED`: supernode 2 → 3", role=ROLE)
def a_word_can_be_compared():
    return words(scaled=True)


@case("expression-scales", INCONCLUSIVE, "evaluated 1 times, not 2", role=ROLE)
def one_evaluation_only():
    return words(times=1)


@case("expression-scales", INCONCLUSIVE, "no VM has published anything", role=ROLE)
def nothing_was_published():
    return words(put=False)


PROTECTS = {"role": ROLE, "name": "ACTIVE", "during": "YES", "after": "NO"}


def protected(*, early=False, late=False, evaluated=2, freed=True) -> Service:
    story = Service(3, limits=(1, 4)).puts(1, "ACTIVE=YES")
    expression = "LOAD < 20 && ACTIVE == NO"
    shown = "LOAD[10.0] < 20 && ACTIVE[0.0] == NO[--]"
    story.give(policy(expression, adjust=-1))
    for _ in range(evaluated):
        story.evaluates(shown, expression=expression)
    if early:
        story.scales(2)
    if freed:
        story.puts(3, "ACTIVE=NO").puts(2, "ACTIVE=NO")
        for _ in range(2):
            story.evaluates(shown, expression=expression)
    if late:
        story.scales(2)
    # Belongs to what comes next.
    return story.puts(1, "ACTIVE=YES").passes(1).scheduled()


@case("metric-protects", CONFORMS, "once ACTIVE was NO, not while it was YES", **PROTECTS)
def it_waits_for_the_end_of_training():
    return protected(late=True)


@case("metric-protects", DEVIATES, "did not scale down when ACTIVE was NO either", **PROTECTS)
def it_never_scales():
    return protected()


@case("metric-protects", DEVIATES, "scaled down (supernode 3 → 2) while ACTIVE was YES", **PROTECTS)
def it_scales_in_the_middle_of_training():
    return protected(early=True)


@case("metric-protects", INCONCLUSIVE, "was evaluated 1 times only", **PROTECTS)
def evaluated_once_only():
    return protected(evaluated=1)


@case("metric-protects", INCONCLUSIVE, "ACTIVE was not NO", **PROTECTS)
def training_never_ends():
    return protected(freed=False)


@case("metric-protects", INCONCLUSIVE, "ACTIVE was not YES when a policy was given", **PROTECTS)
def training_never_began():
    return Service(3).give(policy("LOAD < 20 && ACTIVE == NO")).scheduled()


# -- cooldown


def cooled(cooldown=10, **more) -> Service:
    story = Service(1, limits=(1, 4)).give(policy(cooldown=10)).evaluates("LOAD[90.0] > 50", None)
    return story.scales(2, cooldown=cooldown, **more)


@case("cools-down", CONFORMS, "COOLDOWN for 10 s where the policy says 10 s", role=ROLE, seconds=10)
def ten_seconds():
    return cooled()


@case("cools-down", DEVIATES, "COOLDOWN for 2 s where the policy says 10 s", role=ROLE, seconds=10)
def the_cooldown_of_the_role():
    return cooled(2)


@case("cools-down", DEVIATES, "COOLDOWN for 300 s", role=ROLE, seconds=10)
def the_cooldown_of_the_server():
    return cooled(300)


@case("cools-down", DEVIATES, "the service was SCALING, RUNNING", role=ROLE, seconds=10)
def no_cooldown_at_all():
    story = Service(1).log("Role supernode scaling up from 1 to 2 nodes").log("New state: SCALING")
    return story.log("New state: RUNNING")


@case("cools-down", INCONCLUSIVE, "was not seen to run again: SCALING, COOLDOWN", role=ROLE, seconds=10)
def it_goes_on():
    return cooled(ends=False)


@case("cools-down", INCONCLUSIVE, "did not scale", role=ROLE, seconds=10)
@case("waits-for-cooldown", INCONCLUSIVE, "did not scale up", first=ROLE, then="superlink")
def nothing_scaled():
    return Service(1)


WAITS = {"first": ROLE, "then": "superlink"}


def blocked(*, early=False, due=1.0, cooldown=12, later=True, put=True) -> Service:
    """The SuperNodes scale; in their cooldown the SuperLink's policy becomes due."""
    story = Service(1, limits=(1, 4))
    for _ in range(2):
        story.evaluates("WANTED[0.0] > 0", role="superlink")
    story.log(f"Role {ROLE} scaling up from 1 to 2 nodes").log("New state: SCALING").log("New state: COOLDOWN")
    story.state("COOLDOWN").passes(due)
    if put:
        story.puts(0, "WANTED=1")
    if early:
        story.log("Role superlink scaling up from 1 to 2 nodes").log("New state: SCALING")
    story.passes(cooldown - due).log("New state: RUNNING")
    if later:
        story.passes(1).log("Role superlink scaling up from 1 to 2 nodes").log("New state: SCALING")
    return story


@case("waits-for-cooldown", CONFORMS, "superlink 1 → 2", **WAITS)
def the_other_role_waits():
    return blocked()


@case("waits-for-cooldown", DEVIATES, "superlink 1 → 2 in the COOLDOWN after supernode 1 → 2", **WAITS)
def cooldown_blocks_one_role_only():
    return blocked(early=True)


@case("waits-for-cooldown", INCONCLUSIVE, "was its policy due at all", **WAITS)
def the_other_role_never_scales():
    return blocked(later=False)


@case("waits-for-cooldown", INCONCLUSIVE, "no pass may have been due", **WAITS)
def due_at_the_very_end():
    return blocked(due=11)


@case("waits-for-cooldown", INCONCLUSIVE, "nothing made role superlink's policy due", **WAITS)
def never_due():
    return blocked(put=False)


# -- what is removed


@case("removes-newest", CONFORMS, "of VMs [1, 2, 3, 4] a scale-down ended [3, 4]: the newest", role=ROLE)
def the_newest_go():
    return Service(4).by_hand(2, newest=True)


@case("removes-newest", DEVIATES, "ended [1, 2]: the oldest", role=ROLE)
def the_oldest_go():
    return Service(4).by_hand(2)


@case("removes-newest", INCONCLUSIVE, "was not seen to scale down", role=ROLE)
@case("removes-alike", INCONCLUSIVE, "in 0 ways", role=ROLE, ways=2)
def it_only_grows():
    return Service(2).by_hand(4)


@case("removes-newest", INCONCLUSIVE, "not all seen to end", role=ROLE)
@case("removes-alike", INCONCLUSIVE, "not all seen to end", role=ROLE, ways=1)
def a_vm_leaves_the_role_and_lives_on():
    return Service(4).scales(2, done=False)


@case("removes-newest", INCONCLUSIVE, "no order can be seen", role=ROLE)
def all_go():
    return Service(2, limits=(0, 4)).by_hand(0)


ALIKE = {"role": ROLE, "ways": 3}


def in_ways(*, newest=False) -> Service:
    story = Service(5, limits=(1, 9)).by_hand(4).by_hand(3, order="newest", newest=newest)
    return story.give(policy(adjust=-1)).evaluates("LOAD[90.0] > 50", None).scales(2)


@case("removes-alike", CONFORMS, "the oldest went first in all 3 ways", **ALIKE)
def nothing_changes_the_order():
    return in_ways()


@case("removes-alike", DEVIATES, "`by hand with order=newest` ended [5] of [2, 3, 4, 5]", **ALIKE)
def a_field_changes_the_order():
    return in_ways(newest=True)


@case("removes-alike", INCONCLUSIVE, "scaled down in 1 ways (by hand), not 3", **ALIKE)
def one_way_only():
    return Service(5).by_hand(4)


ALONE = {"role": "superlink", "while_scaling": ROLE}


@case("left-alone", CONFORMS, "kept its VM 0", **ALONE)
def the_superlink_is_left_alone():
    return Service(2).by_hand(3).by_hand(2)


@case("left-alone", DEVIATES, "scaled: superlink 1 → 2", **ALONE)
def the_superlink_scales():
    return Service(2).by_hand(3).scales(2, role="superlink").by_hand(2)


@case("left-alone", DEVIATES, "had VMs [0], [9]", **ALONE)
def the_superlink_is_another_vm():
    return Service(2).by_hand(3).vm(0, "DONE", "LCM_INIT").role("superlink", [9]).by_hand(2)


@case("left-alone", INCONCLUSIVE, "did not scale both up and down", **ALONE)
def the_supernodes_only_grow():
    return Service(2).by_hand(3)


# -- schedules

UP = {"type": "CARDINALITY", "adjust": 4, "recurrence": "0 9 * * mon,tue,wed,thu,fri"}
DOWN = {"type": "CARDINALITY", "adjust": 2, "recurrence": "0 18 * * mon-fri"}
SCHEDULE = {"role": ROLE, "interval": 90}


def at(story, hour, day=0) -> Service:
    """Move OneFlow's clock, without the machine's."""
    story.at = MONDAY + day * 24 * HOUR + hour * HOUR
    return story


def working_day(*, up=9.0, to=4, policies=(UP, DOWN)) -> Service:
    story = at(Service(2, scheduled=list(policies)), 1).scheduled()
    if up:
        at(story, up).scales(to, cooldown=300)
    if up and to != 2:
        at(story, 18.01).scales(2, cooldown=300)
    return at(story, 23).scheduled()


@case("follows-schedule", CONFORMS, "2 of 2 times kept; Mon 09:00: 2 → 4, Mon 18:00: 4 → 2", **SCHEDULE)
def up_in_the_morning_down_in_the_evening():
    return working_day()


@case("follows-schedule", DEVIATES, "1 of 2 times kept; Mon 09:00: 2 → 2", **SCHEDULE)
def an_hour_late():
    return working_day(up=10.0)


@case("follows-schedule", DEVIATES, "Mon 09:00: 2 → 3", **SCHEDULE)
def to_another_number():
    return working_day(to=3)


@case("follows-schedule", DEVIATES, "Mon 09:00: 2 → 2", **SCHEDULE)
def never_up():
    return working_day(up=0)


@case("follows-schedule", INCONCLUSIVE, "no scheduled policy", **SCHEDULE)
def the_template_has_none():
    return Service(2).scheduled()


@case("follows-schedule", INCONCLUSIVE, "nothing had to scale", **SCHEDULE)
def it_was_there_all_the_time():
    return working_day(up=0, policies=(DOWN,))


@case("follows-schedule", INCONCLUSIVE, "was not due", **SCHEDULE)
def the_time_did_not_come():
    return at(Service(2, scheduled=[UP]), 1).scheduled()


@case("follows-schedule", INCONCLUSIVE, "were never seen to be evaluated", **SCHEDULE)
@case("fires-once", INCONCLUSIVE, "were never seen to be evaluated", **SCHEDULE)
def the_autoscaler_is_dead():
    return Service(2, scheduled=[{**NOON, "recurrence": UP["recurrence"]}])


@case("follows-schedule", INCONCLUSIVE, "cannot be read here", **SCHEDULE)
def a_recurrence_that_is_none():
    return working_day(policies=({**UP, "recurrence": "@daily"},))


NOON = {"type": "CARDINALITY", "adjust": 4, "start_time": "2026-11-23 12:00:00"}


def once(*, fires=(12.0,), back=True, until=60) -> Service:
    story = at(Service(2, scheduled=[NOON]), 1).scheduled()
    for hour in fires:
        at(story, hour).scales(4)
        at(story, hour + 1)
        if back:
            story.by_hand(2)
    return at(story, until).scheduled()


@case("fires-once", CONFORMS, "scaled 2 → 4 at Mon 12:00", **SCHEDULE)
def once_and_not_again():
    return once()


@case("fires-once", DEVIATES, "2 → 4 at Mon 12:00, 2 → 4 at Tue 12:00", **SCHEDULE)
def again_the_next_day():
    return once(fires=(12.0, 36.0))


@case("fires-once", DEVIATES, "scaled never", **SCHEDULE)
def not_at_all():
    return once(fires=())


@case("fires-once", DEVIATES, "2 → 4 at Mon 15:00", **SCHEDULE)
def three_hours_late():
    return once(fires=(15.0,))


@case("fires-once", INCONCLUSIVE, "was not scaled back", **SCHEDULE)
def nobody_scales_back():
    return once(back=False)


@case("fires-once", INCONCLUSIVE, "before and after its time", **SCHEDULE)
def not_evaluated_after_its_time():
    return once(fires=(), until=11)


# -- metrics

STORED = {"name": "FL_CLIENT_STATUS", "value": "IDLE"}


def put_and_read(value, *, status=200, before=None) -> Service:
    story = Service(1).reads(1, user_template=before or {})
    story.puts(1, "FL_CLIENT_STATUS = IDLE", status)
    return story.reads(1, user_template={} if value is None else {"FL_CLIENT_STATUS": value})


@case("stored-as", CONFORMS, 'stored "IDLE"', **STORED)
def it_is_there():
    return put_and_read("IDLE")


@case("stored-as", DEVIATES, 'answered with 200 and stored " IDLE"', **STORED)
def with_a_blank():
    return put_and_read(" IDLE")


@case("stored-as", DEVIATES, "answered with 500 and stored nothing", **STORED)
def refused():
    return put_and_read(None, status=500)


@case("stored-as", INCONCLUSIVE, "was not seen to be without", **STORED)
def it_was_there_before():
    return put_and_read("IDLE", before={"FL_CLIENT_STATUS": "IDLE"})


@case("stored-as", INCONCLUSIVE, "no VM has put anything", **STORED)
def nothing_was_put_at_all():
    return Service(1).reads(1)
