import pytest
from echoing import Client, EchoServer, echo

from harness.chaos.link import Link
from harness.chaos.toxiproxy.locate import locate
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.ports import Ports


@pytest.fixture(autouse=True)
def brief_silence(monkeypatch):
    # Here the far end is an echo on an idle link: that is still a hundred times what it takes.
    monkeypatch.setattr("harness.chaos.link._SILENCE", 0.15)


@pytest.fixture(scope="session")
def executable():
    return locate().path


@pytest.fixture(scope="module")
def module_ports():
    with Ports() as ports:
        yield ports


@pytest.fixture(scope="module")
def server(executable, module_ports, tmp_path_factory):
    log = tmp_path_factory.mktemp("toxiproxy") / "toxiproxy.log"
    with ToxiproxyServer(executable, port=module_ports.take(), log=log) as server:
        yield server


@pytest.fixture
def ports():
    with Ports() as ports:
        yield ports


@pytest.fixture
def upstream(ports):
    server = EchoServer(ports.take())
    yield server
    server.close()


class Seen(list):
    """What was observed, as (kind, data)."""

    def __call__(self, kind, data):
        self.append((kind, data))

    def kinds(self):
        return [kind for kind, _ in self if kind != "toxic.read"]


@pytest.fixture
def seen():
    return Seen()


@pytest.fixture
def link(server, ports, upstream, seen):
    made = Link(
        "link-1", server=server, listen_port=ports.take(), upstream_port=upstream.port, dialogue=echo, observe=seen
    )
    with made:
        yield made


@pytest.fixture
def resettable(server, ports, upstream, seen):
    made = Link(
        "link-r",
        server=server,
        listen_port=ports.take(),
        upstream_port=upstream.port,
        dialogue=echo,
        observe=seen,
        resettable=True,
    )
    with made:
        yield made


@pytest.fixture
def connect():
    """Makes clients, and hangs up in the end."""
    clients = []

    def make(link):
        clients.append(Client(link.listen_port))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
