"""What a service template and its roles have to be (`service_template.rb` of the release)."""

from __future__ import annotations

from harness.cloud.embedded.flow.validator import Schema

_SHUTDOWN = ("terminate", "terminate-hard", "shutdown", "shutdown-hard")
_ADJUSTMENTS = ("CHANGE", "CARDINALITY", "PERCENTAGE_CHANGE")
_ANYTHING = Schema("object")
_FLAG = Schema("boolean", shown="{:type=>:boolean, :required=>false}")
_COUNT = Schema("integer", minimum=0)
_NAMES = Schema("array", items=Schema("string"))

_ELASTICITY = Schema(
    "object",
    properties={
        "type": Schema("string", required=True, choices=_ADJUSTMENTS),
        "adjust": Schema("integer", required=True),
        "min_adjust_step": Schema("integer", minimum=1),
        "period_number": _COUNT,
        "period": _COUNT,
        "expression": Schema("string", required=True),
        "cooldown": _COUNT,
    },
)
_SCHEDULED = Schema(
    "object",
    properties={
        "type": Schema("string", required=True, choices=_ADJUSTMENTS),
        "adjust": Schema("integer", required=True),
        "min_adjust_step": Schema("integer", minimum=1),
        "start_time": Schema("string"),
        "recurrence": Schema("string"),
    },
)

VM_ROLE = Schema(
    "object",
    properties={
        "name": Schema("string", required=True, pattern=r"^\w+$"),
        "type": Schema("string", required=True, choices=("vm",)),
        "cardinality": Schema("integer", default=0, minimum=0),
        "template_id": Schema("integer", required=True),
        "template_contents": _ANYTHING,
        "user_inputs": _ANYTHING,
        "user_inputs_values": _ANYTHING,
        "parents": _NAMES,
        "shutdown_action": Schema("string", choices=_SHUTDOWN),
        "min_vms": _COUNT,
        "max_vms": _COUNT,
        "cooldown": _COUNT,
        "on_hold": _FLAG,
        "elasticity_policies": Schema("array", items=_ELASTICITY),
        "scheduled_policies": Schema("array", items=_SCHEDULED),
    },
)

VR_ROLE = Schema(
    "object",
    properties={
        "name": Schema("string", required=True, pattern=r"^\w+$"),
        "type": Schema("string", required=True, choices=("vr",)),
        "template_id": Schema("integer", required=True),
        "cardinality": Schema("integer", default=0, minimum=0),
        "template_contents": _ANYTHING,
        "user_inputs": _ANYTHING,
        "user_inputs_values": _ANYTHING,
        "on_hold": _FLAG,
        "parents": _NAMES,
    },
)

SERVICE = Schema(
    "object",
    properties={
        "name": Schema("string", required=True),
        "deployment": Schema("string", choices=("none", "straight"), default="none"),
        "description": Schema("string", default=""),
        "shutdown_action": Schema("string", choices=_SHUTDOWN),
        "roles": Schema("array", required=True),
        "user_inputs": _ANYTHING,
        "user_inputs_values": _ANYTHING,
        "ready_status_gate": _FLAG,
        "automatic_deletion": _FLAG,
        "networks": _ANYTHING,
        "networks_values": Schema("array", items=_ANYTHING),
        "on_hold": _FLAG,
    },
)
