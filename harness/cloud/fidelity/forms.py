"""The forms of what recordings hold, as much of it as the replay reads.

What else is there is kept, and not looked at.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt, StrictStr, TypeAdapter, ValidationError

from harness.errors import InputError

Numeral = Annotated[StrictStr, Field(pattern=r"^\d+$")]
Seconds = Annotated[StrictInt | StrictFloat, Field(ge=0)]


class LogForm(BaseModel):
    """An entry of a service's log."""

    timestamp: StrictInt
    severity: StrictStr
    message: StrictStr


class TraceForm(BaseModel):
    """A trace, without what its steps hold."""

    t0_epoch: Seconds
    server_config: dict[str, dict[str, StrictStr]]
    exchanges: list[dict[str, Any]]
    series: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    final_service_log: list[LogForm] | None = None


class ExchangeForm(BaseModel):
    """What every exchange has."""

    t: Seconds
    dur: Seconds
    proto: Literal["oneflow", "onegate", "xmlrpc"]
    method: StrictStr


class CallForm(BaseModel):
    """A call of XML-RPC."""

    args: list[Any]
    response: Annotated[list[Any], Field(min_length=2)]


class RequestForm(BaseModel):
    """A request over HTTP; `body` and `response_body` are text, or what their JSON holds."""

    path: Annotated[StrictStr, Field(pattern=r"^/")]
    status: StrictInt
    response_body: Any
    auth: StrictStr | None = None
    request_headers: dict[str, StrictStr] | None = None
    response_headers: dict[str, StrictStr] | None = None
    user_template_after: dict[str, Any] | None = None


class NodeForm(BaseModel):
    """A node of a role."""

    deploy_id: StrictInt


class NodesForm(BaseModel):
    """A role of a document, as far as its nodes."""

    nodes: list[NodeForm] | None = None


class BodyForm(BaseModel):
    """The body of a document."""

    roles: list[NodesForm] | None = None


class ContentForm(BaseModel):
    """What a document holds."""

    BODY: BodyForm


class DocumentForm(BaseModel):
    """A service or a service template in an answer."""

    ID: Numeral
    TEMPLATE: ContentForm


class NumberForm(BaseModel):
    """A document in a list."""

    ID: Numeral


class PoolForm(BaseModel):
    """A list of documents."""

    DOCUMENT: list[NumberForm] = []


class VmForm(BaseModel):
    """A VM in an answer of OneGate."""

    ID: Numeral
    NAME: StrictStr
    STATE: Numeral
    LCM_STATE: Numeral
    USER_TEMPLATE: dict[str, Any]


class PolicyForm(BaseModel):
    """What is seen of an elasticity policy."""

    true_evals: StrictInt | None
    last_eval: StrictInt | None
    expression_evaluated: StrictStr | None


class ScheduledForm(BaseModel):
    """What is seen of a scheduled policy."""

    last_eval: StrictInt | None


class RoleForm(BaseModel):
    """What is seen of a role."""

    state: StrictInt
    state_name: StrictStr
    cardinality: StrictInt | None
    nodes: list[StrictInt]
    cooldown: StrictInt | None = None
    policies: list[PolicyForm] = []
    scheduled: list[ScheduledForm] = []


class SummaryForm(BaseModel):
    """What is seen of a service."""

    service_state: StrictInt
    service_state_name: StrictStr
    roles: dict[str, RoleForm]


class PointForm(BaseModel):
    """When the poll saw something."""

    t: Seconds
    service_gone: StrictBool = False


class NoteForm(BaseModel):
    """What the recorder remarked."""

    t: Seconds
    note: StrictStr
    service: dict[str, Any] | None = None
    vm_states: dict[Numeral, Any] | None = None
    vm: StrictInt | Numeral | None = None
    terminated: list[StrictInt] = []


class TokenForm(BaseModel):
    """A note that takes a token apart."""

    token_password: Annotated[StrictStr, Field(min_length=32)]
    context: dict[str, StrictStr]
    vm_stime: Numeral


class AdjustRow(BaseModel):
    """A row of the table of adjustments."""

    cardinality: StrictInt
    min_vms: StrictInt
    max_vms: StrictInt
    type: StrictStr
    adjust: StrictInt
    min_adjust_step: StrictInt | None = None
    calculated: StrictInt


class SyntaxRow(BaseModel):
    """A row of the table of what parses."""

    expression: StrictStr
    accepted: StrictBool
    failure_reason: StrictStr | None = None


class EvaluationRow(BaseModel):
    """A row of the table of what expressions come to."""

    role: StrictStr
    expression: StrictStr
    value: StrictBool
    expression_evaluated: StrictStr


class GrammarForm(BaseModel):
    """Both tables of the grammar."""

    syntax: list[SyntaxRow]
    evaluations: list[EvaluationRow]


class PyoneRow(BaseModel):
    """A step of pyone: `result` when it is `ok`, else `exception` and `message`."""

    step: StrictStr
    ok: StrictBool


class DoneRow(BaseModel):
    """A step of pyone that gave something."""

    result: StrictStr


class RaisedRow(BaseModel):
    """A step of pyone that raised something."""

    exception: StrictStr
    message: StrictStr


class PyoneForm(BaseModel):
    """The steps of one version of pyone."""

    pyone: StrictStr
    steps: list[PyoneRow]


def check(form: Any, value: Any, name: str, *place: str | int) -> None:
    """Check a value against its form.

    Args:
        form: A model, or a type made of models.
        value: From the file.
        name: Of the file.
        place: Where in the file the value is.

    Raises:
        InputError: It has another form; the text names the file and the first field that is wrong.
    """
    try:
        TypeAdapter(form).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        # Where a field may be one of several types, the type that was tried is no part of the place.
        steps = [item for item in (*place, *first["loc"]) if isinstance(item, int) or not _is_type(item)]
        text = first["msg"][:1].lower() + first["msg"][1:]
        raise InputError(f"{name}: the field {_path(steps) or '(the whole file)'}: {text}") from error


def _is_type(step: str) -> bool:
    return step in {"int", "float", "str"} or step.startswith(("constrained-", "function-"))


def _path(steps: list[str | int]) -> str:
    found = ""
    for step in steps:
        found += f"[{step}]" if isinstance(step, int) else f".{step}" if found else step
    return found
