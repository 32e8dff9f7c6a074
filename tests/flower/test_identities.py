"""Certificates, by handshakes; keys, by loading them."""

import socket
import ssl
import stat
import threading

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.flower.identities import make_node_key, make_tls


@pytest.fixture
def tls(tmp_path):
    return make_tls(tmp_path / "tls")


def handshake(tls, name, authority):
    """A TLS connection on loopback to a server with these certificates, by a client that expects `name`."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tls.certificate, tls.key)
    near, far = socket.socketpair()
    near.settimeout(10)
    far.settimeout(10)

    def serve():
        try:
            with serving.wrap_socket(far, server_side=True) as connection:
                connection.sendall(b"hello")
        except (ssl.SSLError, OSError):
            far.close()

    server = threading.Thread(target=serve)
    server.start()
    try:
        client = ssl.create_default_context(cafile=authority)
        with client.wrap_socket(near, server_hostname=name) as connection:
            return connection.recv(5)
    finally:
        near.close()
        server.join(10)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_the_certificate_is_valid_for_both_names_of_loopback(tls, name):
    assert handshake(tls, name, tls.ca_certificate) == b"hello"


@pytest.mark.parametrize("name", ["example.org", "127.0.0.2"])
def test_it_is_valid_for_no_other_name(tls, name):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tls, name, tls.ca_certificate)


def test_another_authority_does_not_vouch_for_it(tls, tmp_path):
    other = make_tls(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tls, "localhost", other.ca_certificate)


def test_a_node_key_is_a_pair_that_belongs_together(tmp_path):
    private, public = make_node_key(tmp_path / "keys", "node-1")
    assert (private.name, public.name) == ("node-1", "node-1.pub")
    key = serialization.load_ssh_private_key(private.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP384R1)
    loaded = serialization.load_ssh_public_key(public.read_bytes())
    assert isinstance(loaded, ec.EllipticCurvePublicKey)
    assert loaded.public_numbers() == key.public_key().public_numbers()


def test_two_nodes_have_keys_of_their_own(tmp_path):
    assert make_node_key(tmp_path, "a")[0].read_bytes() != make_node_key(tmp_path, "b")[0].read_bytes()


def test_private_keys_are_for_their_owner_only(tls, tmp_path):
    private, _ = make_node_key(tmp_path / "keys", "node-1")
    assert [stat.S_IMODE(file.stat().st_mode) & 0o077 for file in (private, tls.key)] == [0, 0]
