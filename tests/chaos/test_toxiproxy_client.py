"""The adapter, against real servers: every lack of the library that it makes up for."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chaos.toxiproxy.client import ToxiproxyClient
from harness.chaos.toxiproxy.errors import (
    PortBusy,
    ProxyExists,
    ReadBackDiffers,
    RequestRefused,
    ToxiproxyHangs,
    ToxiproxyUnreachable,
    UnknownProxy,
)
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.chaos.toxiproxy.toxic import Toxic
from harness.errors import InputError, WaitAborted


@pytest.fixture
def proxy(server, ports, upstream):
    name = "a proxy"
    server.client.create(name, listen_port=ports.take(), upstream_port=upstream.port)
    yield name
    server.client.delete(name)


def test_the_version_is_text(server):
    assert server.client.version() in ("git", "2.12.0")


@pytest.mark.parametrize("name", ["with blanks", "ümläut", "per%cent", "que?stion", "ha#sh", "plus+", "a.b-c_d"])
def test_names_are_quoted(server, ports, upstream, name):
    client = server.client
    client.create(name, listen_port=ports.take(), upstream_port=upstream.port)
    assert client.proxy(name).name == name
    assert client.enable(name).enabled
    assert client.add_toxic(name, Toxic(name, "latency", "upstream", {"latency": 1})).name == name
    client.remove_toxic(name, name)
    assert not client.disable(name).enabled
    client.delete(name)
    assert name not in client.proxies()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_names_that_no_path_can_hold_are_refused(server, name):
    with pytest.raises(InputError, match="cannot be the name"):
        server.client.create(name, listen_port=1, upstream_port=1)


def test_a_name_that_is_there_is_said(server, proxy):
    with pytest.raises(ProxyExists, match="a proxy"):
        server.client.create(proxy, listen_port=1, upstream_port=1)


def test_an_unknown_proxy_is_said(server):
    for request in (server.client.proxy, server.client.enable, server.client.disable, server.client.delete):
        with pytest.raises(UnknownProxy, match="nobody"):
            request("nobody")


def test_an_unknown_toxic_is_said(server, proxy):
    with pytest.raises(UnknownProxy):
        server.client.remove_toxic(proxy, "nothing")


def test_a_busy_port_is_said_by_create_and_by_enable(server, ports, upstream):
    with pytest.raises(PortBusy, match=str(upstream.port)):
        server.client.create("p", listen_port=upstream.port, upstream_port=upstream.port, enabled=True)
    server.client.create("q", listen_port=upstream.port, upstream_port=upstream.port)
    with pytest.raises(PortBusy):
        server.client.enable("q")
    server.client.delete("q")


def test_an_unknown_type_of_toxic_is_refused(server, proxy):
    with pytest.raises(RequestRefused, match="invalid toxic type"):
        server.client.add_toxic(proxy, Toxic("t", "gremlin", "upstream"))


def test_a_misspelt_attribute_is_an_error_and_its_toxic_is_removed(server, proxy):
    with pytest.raises(ReadBackDiffers, match="no attribute 'latencyy', only jitter, latency"):
        server.client.add_toxic(proxy, Toxic("t", "latency", "upstream", {"latencyy": 3}))
    assert server.client.proxy(proxy).toxics == ()


def test_an_update_is_read_back(server, proxy):
    client = server.client
    client.add_toxic(proxy, Toxic("t", "latency", "upstream", {"latency": 3, "jitter": 1}))
    read = client.update_toxic(proxy, Toxic("t", "latency", "upstream", {"latency": 5}, toxicity=0.0))
    assert read.attributes == {"latency": 5, "jitter": 1}
    assert read.toxicity == 0
    with pytest.raises(ReadBackDiffers, match="latencyy"):
        client.update_toxic(proxy, Toxic("t", "latency", "upstream", {"latencyy": 5}))


def test_an_update_for_new_connections_changes_the_attributes_and_nothing_else(server, proxy):
    client = server.client
    client.add_toxic(proxy, Toxic("t", "slow_close", "upstream", {"delay": 3}))
    read = client.update_for_new_connections(proxy, Toxic("t", "slow_close", "upstream", {"delay": 0}))
    assert read.attributes == {"delay": 0}
    assert read.toxicity == 1
    with pytest.raises(ReadBackDiffers, match="toxicity"):
        client.update_for_new_connections(proxy, Toxic("t", "slow_close", "upstream", {"delay": 0}, toxicity=0.0))
    with pytest.raises(UnknownProxy):
        client.update_for_new_connections(proxy, Toxic("other", "slow_close", "upstream", {"delay": 0}))


@pytest.mark.parametrize("attributes", [{}, {"average_size": 0}, {"size_variation": 3}])
def test_a_slicer_that_would_end_the_server_is_refused(server, proxy, attributes):
    slicer = Toxic("s", "slicer", "upstream", attributes)
    with pytest.raises(InputError, match="average_size"):
        server.client.add_toxic(proxy, slicer)
    with pytest.raises(InputError, match="average_size"):
        server.client.update_toxic(proxy, slicer)


def test_reset_enables_every_proxy(server, proxy):
    server.client.reset()
    assert server.client.proxy(proxy).enabled


def test_a_silent_server_is_given_up_in_time(ports):
    port = ports.take()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ToxiproxyHangs, match=r"no answer in 0\.2 s"):
        ToxiproxyClient(port, timeout=0.2).proxies()


def test_no_server_is_said(ports):
    with pytest.raises(ToxiproxyUnreachable):
        ToxiproxyClient(ports.take()).version()


def test_two_servers_are_driven_side_by_side(server, executable, ports, upstream, tmp_path):
    with ToxiproxyServer(executable, port=ports.take(), log=tmp_path / "log") as other:

        def work(client, prefix):
            for number in range(10):
                client.create(f"{prefix}-{number}", listen_port=ports.take(), upstream_port=upstream.port)
                assert client.enable(f"{prefix}-{number}").enabled

        with ThreadPoolExecutor(2) as threads:
            jobs = [threads.submit(work, server.client, "mine"), threads.submit(work, other.client, "other")]
        for job in jobs:
            job.result()
        assert {name.split("-")[0] for name in other.client.proxies()} == {"other"}
        assert {name.split("-")[0] for name in server.client.proxies()} == {"mine"}
        for name in server.client.proxies():
            server.client.delete(name)


def test_a_control_port_that_is_taken_is_said(executable, upstream, tmp_path):
    with (
        pytest.raises(WaitAborted, match="address already in use"),
        ToxiproxyServer(executable, port=upstream.port, log=tmp_path / "log"),
    ):
        pass


NAMES = st.text(st.sampled_from("abcdelty_"), min_size=1, max_size=8)
ATTRIBUTES = st.dictionaries(NAMES, st.integers(0, 10**6), max_size=4)


@given(ATTRIBUTES, ATTRIBUTES)
def test_what_is_read_back_differs_exactly_when_an_attribute_is_not_there_with_its_value(asked, shown):
    toxic = Toxic("t", "latency", "upstream", asked)
    read = Toxic("t", "latency", "upstream", shown)
    wrong = {key for key, value in asked.items() if shown.get(key) != value or key not in shown}
    differences = toxic.differences(read)
    assert len(differences) == len(wrong)
    assert all(any(key in line for line in differences) for key in wrong)


@given(st.sampled_from(["name", "type", "stream", "toxicity"]))
def test_what_is_read_back_differs_when_anything_else_does(what):
    toxic = Toxic("t", "latency", "upstream", {"latency": 1})
    other = {"name": "u", "type": "timeout", "stream": "downstream", "toxicity": 0.5}[what]
    fields = {"name": "t", "type": "latency", "stream": "upstream", "attributes": {"latency": 1}, "toxicity": 1.0}
    (difference,) = toxic.differences(Toxic(**{**fields, what: other}))
    assert difference.startswith(what)
