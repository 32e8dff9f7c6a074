"""The token by which a VM proves to OneGate which VM it is.

Base64 of AES-256-CBC over `VMID:STIME`; the key is the first 32 characters of the owner's TOKEN_PASSWORD, the initial
vector 16 zero bytes, the padding PKCS#7 (measured; `onegate-bad-token.json` has one with all its parts).
"""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_KEY = 32
_VECTOR = bytes(16)
_BLOCK_BITS = 128


class BadToken(Exception):
    """The text is no token of that password."""


def _cipher(password: str) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES256(password[:_KEY].encode()), modes.CBC(_VECTOR))


def make(vm_id: int, born: int, password: str) -> str:
    """The token of a VM.

    Args:
        vm_id: Number of the VM.
        born: Its STIME, seconds since the epoch.
        password: TOKEN_PASSWORD of its owner; at least 32 characters.
    """
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(f"{vm_id}:{born}".encode()) + padder.finalize()
    encryptor = _cipher(password).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def read(token: str, password: str) -> tuple[str, str]:
    """What a token says: VMID and STIME, as text.

    Raises:
        BadToken: It cannot be decrypted with that password, or says something else.
    """
    try:
        # The decoder of the server drops what is not of the alphabet.
        secret = base64.b64decode(token)
        decryptor = _cipher(password).decryptor()
        padded = decryptor.update(secret) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        plain = (unpadder.update(padded) + unpadder.finalize()).decode()
    except (ValueError, binascii.Error) as error:
        raise BadToken(str(error)) from error
    vm_id, _, born = plain.partition(":")
    if not vm_id or not born:
        raise BadToken("the token has no VMID:STIME")
    return vm_id, born
