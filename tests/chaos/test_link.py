"""Every fault, seen from both ends of the link, through the real Toxiproxy."""

import json
import signal
import time

import pytest
from echoing import echo

from harness.chaos.conversation import Outcome
from harness.chaos.link import Link
from harness.chaos.toxiproxy.errors import PortBusy
from harness.chaos.toxiproxy.server import ToxiproxyServer
from harness.errors import Inconclusive, InputError
from harness.waiting import wait_until


def eventually(probe, what, timeout=10.0):
    wait_until(probe, what=what, timeout=timeout, poll=0.01)


def quickest(ask, tries=10):
    """Seconds of the fastest of several answers: a busy machine delays some of them, a toxic all."""

    def seconds():
        since = time.monotonic()
        ask()
        return time.monotonic() - since

    return min(seconds() for _ in range(tries))


def test_a_new_link_passes_bytes_and_shows_its_connections(link, connect):
    client = connect(link)
    assert client.says(b"to the far end") == b"to the far end"
    assert client.socket.getsockname()[1] in link.live_connections()
    assert link.passes()


def test_a_close_by_either_end_reaches_the_other_with_all_data_before_it(link, upstream, connect):
    client = connect(link)
    client.says(b"a")
    client.socket.sendall(b"last words")
    client.close()
    # A FIN, or an RST when the echo of the last words comes to a client that is gone, as without a proxy.
    eventually(lambda: upstream.ends[0] is not None, "the far end to see the end")
    assert bytes(upstream.heard[0]) == b"alast words"
    other = connect(link)
    other.says()
    upstream.sockets[1].shutdown(2)
    assert other.gets(1) == b""


def test_cut_closes_what_lives_and_refuses_what_is_new_until_healed(link, connect, seen):
    client = connect(link)
    client.says()
    with link.cut() as cut:
        assert client.gets(1) == b""
        assert link.probe().outcome is Outcome.REFUSED
        assert link.live_connections() == frozenset()
        assert link.active == (cut.fault,)
    assert link.passes()
    assert link.active == ()
    assert cut.fault.end > cut.fault.start
    assert cut.fault.evidence["passes"] is True
    assert seen.kinds() == ["link.open", "fault.begin", "fault.bites", "fault.end"]
    json.dumps(list(seen))


def test_a_black_hole_is_silent_and_its_healing_loses_nothing(link, upstream, connect):
    client = connect(link)
    client.says(b"before ")
    index = 0
    with link.black_hole():
        client.socket.sendall(b"during ")
        late = connect(link)
        late.socket.sendall(b"opened during")
        assert client.silent()
        assert bytes(upstream.heard[index]) == b"before "
    client.socket.sendall(b"after")
    assert client.gets(12) == b"during after"
    assert bytes(upstream.heard[index]) == b"before during after"
    assert late.gets(13) == b"opened during"


@pytest.mark.parametrize("words", [b"", b"last words"])
def test_a_black_hole_keeps_a_close_and_hands_it_over_when_healed(link, upstream, connect, words):
    client = connect(link)
    client.says(b"a")
    with link.black_hole():
        client.socket.sendall(words)
        client.close()
        assert upstream.ends[0] is None
    eventually(lambda: upstream.ends[0] is not None, "the far end to see the close")
    assert bytes(upstream.heard[0]) == b"a" + words


def test_a_black_hole_keeps_a_close_by_the_far_end(link, upstream, connect):
    client = connect(link)
    client.says()
    with link.black_hole():
        upstream.sockets[0].shutdown(2)
        assert client.silent()
    assert client.gets(1) == b""


def test_a_black_hole_that_forgets_leaves_old_connections_dark_for_good(link, upstream, connect):
    client = connect(link)
    client.says(b"before")
    with link.black_hole(forgets=True):
        client.socket.sendall(b"lost")
        assert client.silent()
    client.socket.sendall(b"lost as well")
    assert client.silent()
    assert bytes(upstream.heard[0]) == b"before"
    assert upstream.ends[0] is None
    assert connect(link).says() == b"hello"


def test_half_open_tells_neither_end_and_lets_new_connections_pass(link, upstream, connect):
    for round_ in range(2):
        client = connect(link)
        client.says(b"before")
        index = len(upstream.heard) - 1
        fault = link.half_open()
        assert fault.end is not None
        assert client.silent()
        upstream.sockets[index].sendall(b"into the void")
        assert client.silent()
        client.close()
        assert upstream.ends[index] is None, round_
        assert connect(link).says() == b"hello"


def test_dead_connections_that_are_full_do_not_hinder_later_faults(link, upstream, connect):
    client = connect(link)
    client.says()
    link.half_open()
    client.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        # Nobody reads this any more; the buffers on the way are full before the end.
        client.socket.sendall(bytes(64 << 20))
    for fault in (
        lambda: link.latency(20),
        lambda: link.bandwidth(1000),
        link.black_hole,
        lambda: link.black_hole(forgets=True),
    ):
        with fault():
            pass
        assert link.passes()
    link.half_open()
    assert upstream.ends[0] is None
    with link.cut():
        pass
    eventually(lambda: upstream.ends[0] is not None, "a cut to end dead connections too")


def test_reset_sends_an_rst_to_both_ends(resettable, upstream, connect, seen):
    client = connect(resettable)
    client.says()
    fault = resettable.reset()
    with pytest.raises(ConnectionResetError):
        client.gets(1)
    eventually(lambda: upstream.ends[0] == "ConnectionResetError", "the far end to see the RST")
    assert connect(resettable).says() == b"hello"
    assert fault.evidence["live"] is Outcome.RESET
    assert seen.kinds() == ["link.open", "fault.begin", "fault.end"]


def test_data_before_an_ordinary_close_survives_the_rst_of_a_resettable_link(resettable, upstream, connect):
    client = connect(resettable)
    client.says(b"a")
    data = bytes(1 << 18)
    client.socket.sendall(data)
    assert client.gets(len(data)) == data
    client.close()
    eventually(lambda: upstream.ends[0] is not None, "the far end to see the end")
    assert len(upstream.heard[0]) == 1 + len(data)


def test_reset_needs_a_resettable_link(link):
    with pytest.raises(InputError, match="resettable=True"):
        link.reset()


def test_drop_closes_once(link, connect):
    client = connect(link)
    client.says()
    link.drop()
    assert client.gets(1) == b""
    assert connect(link).says() == b"hello"


def test_latency_delays_each_direction_and_goes(link, connect):
    client = connect(link)
    with link.latency(60, jitter=10):
        assert quickest(client.says, tries=3) >= 0.1
    assert quickest(client.says) < 0.1


def test_bandwidth_limits_and_goes(link, connect):
    client = connect(link)
    with link.bandwidth(100):
        assert quickest(lambda: client.says(bytes(30_000)), tries=1) >= 0.28
    assert quickest(lambda: client.says(bytes(30_000))) < 0.2


@pytest.mark.parametrize("arguments", [{"milliseconds": 0}, {"milliseconds": 10, "jitter": 11}])
def test_a_latency_that_cannot_be_shown_is_refused(link, arguments):
    with pytest.raises(InputError):
        link.latency(**arguments)


def test_a_bandwidth_of_nothing_is_refused(link):
    with pytest.raises(InputError, match="black hole"):
        link.bandwidth(0)


def test_faults_overlap_and_heal_together(link):
    link.latency(100)
    link.black_hole()
    assert [fault.kind for fault in link.heal()] == ["black_hole", "latency"]
    assert link.heal() == ()
    assert quickest(link.passes) < 0.2


def test_half_open_is_seen_through_a_latency(link):
    with link.latency(100):
        assert link.half_open().evidence["new"] is Outcome.ANSWERED


def test_the_same_fault_twice_is_refused(link):
    with link.cut(), pytest.raises(InputError, match="already"):
        link.cut()


def test_every_toxic_is_read_back(link, seen):
    with link.latency(30):
        read = [data["toxic"] for kind, data in seen if kind == "toxic.read"]
    assert {toxic["stream"] for toxic in read} == {"upstream", "downstream"}
    assert all(toxic["attributes"] == {"latency": 30, "jitter": 0} and toxic["toxicity"] == 1 for toxic in read)


class Inert(Link):
    """Links that do not do what they say: what they turn and switch stays as it was."""

    def _turn(self, *toxics):
        pass

    def _forget_live(self):
        pass


@pytest.fixture
def inert(server, ports, upstream, seen):
    made = Inert(
        "broken",
        server=server,
        listen_port=ports.take(),
        upstream_port=upstream.port,
        dialogue=echo,
        observe=seen,
        resettable=True,
    )
    with made:
        yield made


@pytest.mark.parametrize(
    "fault",
    [
        lambda link: link.cut(),
        lambda link: link.black_hole(),
        lambda link: link.black_hole(forgets=True),
        lambda link: link.latency(50),
        lambda link: link.bandwidth(10),
        lambda link: link.drop(),
        lambda link: link.reset(),
        lambda link: link.half_open(),
    ],
    ids=["cut", "black hole", "forgetful black hole", "latency", "bandwidth", "drop", "reset", "half open"],
)
def test_a_fault_that_does_not_bite_is_inconclusive(server, inert, seen, monkeypatch, fault):
    monkeypatch.setattr(server.client, "disable", server.client.proxy)
    monkeypatch.setattr("harness.chaos.link._ANSWER", 0.5)
    with pytest.raises(Inconclusive, match="did not bite"):
        fault(inert)
    assert inert.active == ()
    assert "fault.bites" not in seen.kinds()
    assert "did not bite" in seen[-1][1]["evidence"]["failed"]


def test_a_link_that_passes_nothing_makes_faults_inconclusive(link, upstream):
    upstream.close()
    with pytest.raises(Inconclusive, match="let nothing through before"):
        link.cut()
    assert link.active == ()


def test_healing_with_the_far_end_gone_heals_and_says_so(link, upstream):
    cut = link.cut()
    upstream.close()
    assert cut.heal().evidence["passes"] is False
    assert link.state().enabled


def test_a_listen_port_that_is_taken_is_said(server, ports, upstream):
    with (
        pytest.raises(PortBusy, match="address already in use"),
        Link("busy", server=server, listen_port=upstream.port, upstream_port=upstream.port, dialogue=echo),
    ):
        pass


@pytest.fixture
def impatient(executable, ports, tmp_path, seen):
    with ToxiproxyServer(executable, port=ports.take(), log=tmp_path / "log", observe=seen, timeout=0.5) as server:
        yield server


def test_a_server_that_hangs_is_restarted_by_the_healing(impatient, ports, upstream, seen):
    link, other = (
        Link(name, server=impatient, listen_port=ports.take(), upstream_port=upstream.port, dialogue=echo, observe=seen)
        for name in ("one", "two")
    )
    with link, other:
        hole = link.black_hole()
        first = impatient.process.pid
        impatient.process.signal(signal.SIGSTOP)
        fault = hole.heal()
        assert impatient.process.pid != first
        assert fault.evidence["restarted"] is True
        assert fault.end is not None
        assert link.active == ()
        assert link.passes()
        assert other.passes()
        assert [kind for kind in seen.kinds() if kind == "toxiproxy.restart"] == ["toxiproxy.restart"]
        with link.cut():
            assert not link.passes()
