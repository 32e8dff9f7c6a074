"""Certificates and SuperNode keys of a federation, made for one scenario."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.flower.commands import LOOPBACK, Tls

_VALID = dt.timedelta(days=1)


def make_tls(folder: Path, addresses: Iterable[str] = ()) -> Tls:
    """A certificate authority and a SuperLink certificate of it.

    The SAN must name both DNS `localhost` and IP 127.0.0.1 for TLS to work through a proxy's port (measured); with a
    wrong one Flower 1.25 retries for ever without a hint of TLS.

    Args:
        folder: For the files.
        addresses: IPv4 addresses at which it is reached, beside loopback.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "harness CA")])
    ca = _builder(ca_name, ca_name, ca_key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    reached = [x509.IPAddress(ipaddress.IPv4Address(it)) for it in sorted({LOOPBACK, *addresses})]
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), *reached])
    server = _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), ca_name, key).add_extension(
        names, critical=False
    )
    tls = Tls(folder / "ca.crt", folder / "superlink.pem", folder / "superlink.key")
    tls.ca_certificate.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    tls.certificate.write_bytes(server.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    _write_private(tls.key, key, serialization.PrivateFormat.PKCS8)
    return tls


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + _VALID)
    )


def _write_private(file: Path, key: ec.EllipticCurvePrivateKey, form: serialization.PrivateFormat) -> None:
    file.touch(mode=0o600)
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def make_node_key(folder: Path, name: str) -> tuple[Path, Path]:
    """A key pair of SuperNode authentication: the private key's file and the public key's, in OpenSSH form (P-384)."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP384R1())
    private, public = folder / name, folder / f"{name}.pub"
    _write_private(private, key, serialization.PrivateFormat.OpenSSH)
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    )
    return private, public
