"""The validator of service templates: a small part of JSON schema, with OneFlow's texts.

A value that is null or false counts as missing (Ruby's truth); values are converted in place ("2" and 2.7 become 2).
Source: `src/oca/ruby/opennebula/flow/validator.rb` of the release, and `invalid-template-errors.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.cloud.embedded import ruby


class Invalid(Exception):
    """The template is refused (400); the text is OneFlow's."""


@dataclass(frozen=True)
class Schema:
    """What a value has to be.

    Attributes:
        type: object, array, string, integer or boolean.
        required: Whether an object that has it as a property must have it.
        default: What a missing property is set to; None for nothing.
        properties: Of an object, in the order in which they are looked at; empty for anything.
        items: Of an array; None for anything.
        choices: Of a string.
        pattern: Of a string, as OneFlow writes it in its text; matched line by line, as Ruby's `^` and `$` do.
        minimum: Of an integer.
        shown: The schema as Ruby prints it in the texts that have it.
    """

    type: str
    required: bool = False
    default: Any = None
    properties: Mapping[str, Schema] = field(default_factory=dict)
    items: Schema | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    minimum: int | None = None
    shown: str = ""


def validate(body: Any, schema: Schema, key: str = "") -> Any:
    """The value as it is to be kept.

    Raises:
        Invalid: It is not what the schema says.
        ruby.RubyError: Where OneFlow itself breaks down (500).
    """
    return _CHECKS[schema.type](body, schema, key)


def _object(body: Any, schema: Schema, key: str) -> Any:
    if not isinstance(body, dict):
        raise Invalid(f"KEY: '{key}' must be an Object;")
    for name, inner in schema.properties.items():
        value = body.get(name)
        if value is not None and value is not False:
            body[name] = validate(value, inner, name)
            continue
        if inner.required:
            text = f"Mandatory document key '{name} ({inner.type})' is missing from {ruby.json_dump(body)}"
            raise Invalid(text)
        if inner.default is not None:
            body[name] = inner.default
    return body


def _array(body: Any, schema: Schema, key: str) -> Any:
    if not isinstance(body, list):
        raise Invalid(f"KEY: '{key}' must be an Array;")
    return body if schema.items is None else [validate(item, schema.items, key) for item in body]


def _integer(body: Any, schema: Schema, key: str) -> int:
    value = ruby.integer(body)
    if value is None:
        raise Invalid(f"KEY: '{key}' must be an Integer;")
    if schema.minimum is not None and value < schema.minimum:
        raise Invalid(f"KEY: '{key}' must be greater than or equal to {schema.minimum};")
    return value


def _boolean(body: Any, schema: Schema, key: str) -> Any:
    if not isinstance(body, bool):
        raise Invalid(f"KEY: '{key}' is not allowed in {schema.shown};")
    return body


def _string(body: Any, schema: Schema, key: str) -> Any:
    if not isinstance(body, str):
        raise Invalid(f"KEY: '{key}' must be a String;")
    if schema.choices and body not in schema.choices:
        raise Invalid(f"KEY: '{key}' must be one of {', '.join(schema.choices)};")
    if schema.pattern and not re.search(schema.pattern, body, re.MULTILINE | re.ASCII):
        raise Invalid(f"KEY: '{key}' must match regexp /{schema.pattern}/;")
    return body


_CHECKS = {"object": _object, "array": _array, "string": _string, "integer": _integer, "boolean": _boolean}
