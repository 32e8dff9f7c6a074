"""Who is asking."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping

from harness.cloud.embedded.settings import User


def by_basic_auth(headers: Mapping[str, str], users: Iterable[User]) -> tuple[User | None, bool]:
    """The user of a request, and whether credentials were given at all."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not given:
        return None, False
    try:
        name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, True
    return find(users, name, password), True


def find(users: Iterable[User], name: str, password: str) -> User | None:
    """The user of that name and password."""
    return next((user for user in users if user.name == name and user.password == password), None)
