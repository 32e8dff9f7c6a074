"""The HTTP/2 dialogue, against a far end that answers SETTINGS as RFC 9113 asks, in the clear and over TLS."""

import datetime as dt
import socket
import ssl
import struct
import threading
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.chaos.conversation import Http2Conversation, Outcome, Witness, http2, http2_over_tls, probe

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, SETTINGS_ACK = b"\0\0\0\x04\0\0\0\0\0", b"\0\0\0\x04\x01\0\0\0\0"


def read(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Http2Server:
    def __init__(self, port, context=None, *, mute=False):
        self.ignored = 0
        self._context = context
        self._mute = mute
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with suppress(OSError, EOFError), connection:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                assert connection.selected_alpn_protocol() == "h2"
            assert read(connection, len(PREFACE)) == PREFACE
            connection.sendall(SETTINGS)
            while True:
                high, low, kind, _, _ = struct.unpack(">BHBBL", read(connection, 9))
                read(connection, high << 16 | low)
                if kind == 4 and not self._mute:
                    # Byte by byte: a frame may arrive in any pieces.
                    for byte in SETTINGS_ACK:
                        connection.sendall(bytes([byte]))
                elif kind == 0xFA:
                    self.ignored += 9 + (high << 16 | low)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def far_end(ports):
    servers = []

    def start(*arguments, **options):
        servers.append(Http2Server(ports.take(), *arguments, **options))
        return servers[-1], servers[-1]._listener.getsockname()[1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody else")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.set_alpn_protocols(["h2"])
    return context


def test_questions_are_answered_again_and_again(far_end):
    _, port = far_end()
    with Witness(http2, port, timeout=2) as witness:
        assert witness.opening.outcome is Outcome.ANSWERED
        assert [witness.ask(timeout=2).outcome for _ in range(3)] == [Outcome.ANSWERED] * 3


@pytest.mark.parametrize("ballast", [1, 9, 10, 16384, 16393, 16394, 100_000])
def test_ballast_arrives_and_is_ignored(far_end, ballast):
    server, port = far_end()
    with Witness(http2, port, timeout=2) as witness:
        assert witness.ask(timeout=2, ballast=ballast).outcome is Outcome.ANSWERED
    assert ballast <= server.ignored < ballast + 18


def test_over_tls_whatever_the_certificate(far_end, context):
    _, port = far_end(context)
    with Witness(http2_over_tls, port, timeout=2) as witness:
        assert witness.opening.outcome is Outcome.ANSWERED
        assert witness.ask(timeout=2, ballast=50_000).outcome is Outcome.ANSWERED


def test_settings_of_the_far_end_are_no_answer(far_end):
    _, port = far_end(mute=True)
    assert probe(http2, port, timeout=0.2).outcome is Outcome.SILENT


def test_nobody_there(ports):
    assert probe(http2, ports.take(), timeout=1).outcome is Outcome.REFUSED


def test_silence_of_a_port_that_only_accepts(ports):
    port = ports.take()
    with socket.create_server(("127.0.0.1", port)):
        for dialogue in (http2, http2_over_tls):
            assert probe(dialogue, port, timeout=0.2).outcome is Outcome.SILENT


def test_the_end_of_a_connection_is_told_apart_from_its_silence():
    ours, theirs = socket.socketpair()
    witness = Witness(lambda *_: Http2Conversation(ours), 0, timeout=0.1)
    assert witness.end(timeout=0.1).outcome is Outcome.SILENT
    theirs.sendall(b"not an end")
    assert witness.end(timeout=0.1).outcome is Outcome.SILENT
    theirs.shutdown(socket.SHUT_WR)
    assert witness.end(timeout=1).outcome is Outcome.CLOSED
    theirs.close()
    witness.close()
