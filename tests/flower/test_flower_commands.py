"""The command lines of Flower's processes, option by option."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.flower.commands import (
    SuperLinkOptions,
    SuperNodeOptions,
    Tls,
    run_config,
    superlink,
    supernode,
    surroundings,
)
from harness.flower.versions import FlowerEnvironment

FLOWER = FlowerEnvironment("1.25.0", Path("/cache/1.25.0"))
TLS = Tls(Path("/tls/ca.crt"), Path("/tls/superlink.pem"), Path("/tls/superlink.key"))


def following(argv, flag):
    assert argv.count(flag) == 1, argv
    return argv[argv.index(flag) + 1]


def link(**options):
    return superlink(FLOWER, SuperLinkOptions(21001, 21002, 21003, **options))


def node(**options):
    return supernode(FLOWER, SuperNodeOptions(21001, 21004, **options))


def test_a_superlink_with_its_state_in_memory():
    assert link() == [
        "/cache/1.25.0/bin/flower-superlink",
        "--fleet-api-address",
        "127.0.0.1:21001",
        "--control-api-address",
        "127.0.0.1:21002",
        "--serverappio-api-address",
        "127.0.0.1:21003",
        "--insecure",
    ]


def test_a_superlink_with_a_database():
    assert following(link(database=Path("/data/state.db")), "--database") == "/data/state.db"


def test_a_superlink_with_tls():
    argv = link(tls=TLS)
    assert following(argv, "--ssl-ca-certfile") == "/tls/ca.crt"
    assert following(argv, "--ssl-certfile") == "/tls/superlink.pem"
    assert following(argv, "--ssl-keyfile") == "/tls/superlink.key"
    assert "--insecure" not in argv
    assert "--enable-supernode-auth" not in argv


def test_a_superlink_that_authenticates_supernodes():
    assert "--enable-supernode-auth" in link(tls=TLS, node_authentication=True)


def test_a_supernode_without_options_leaves_them_to_flower():
    assert node() == [
        "/cache/1.25.0/bin/flower-supernode",
        "--superlink",
        "127.0.0.1:21001",
        "--clientappio-api-address",
        "127.0.0.1:21004",
        "--insecure",
    ]


@pytest.mark.parametrize("retries", [0, 3])
def test_retries_are_given_even_when_they_are_0(retries):
    assert following(node(max_retries=retries), "--max-retries") == str(retries)
    assert "--max-wait-time" not in node(max_retries=retries)


@pytest.mark.parametrize(("seconds", "word"), [(0.0, "0.0"), (8.5, "8.5")])
def test_a_time_is_given_even_when_it_is_0(seconds, word):
    assert following(node(max_wait_time=seconds), "--max-wait-time") == word
    assert "--max-retries" not in node(max_wait_time=seconds)


def test_a_supernode_with_tls_and_a_key():
    argv = node(tls=TLS, key=Path("/keys/node-1"))
    assert following(argv, "--root-certificates") == "/tls/ca.crt"
    assert following(argv, "--auth-supernode-private-key") == "/keys/node-1"
    assert "--insecure" not in argv


def test_a_node_config_is_one_argument():
    argv = node(node_config={"partition-id": 0, "num-partitions": 2, "site": "a b"})
    assert following(argv, "--node-config") == 'partition-id=0 num-partitions=2 site="a b"'


def test_a_run_config_is_written_as_flower_reads_it():
    values = {"strategy": "fedavg", "num-rounds": 2, "fit-seconds": 1.0, "on": True, "off": False, "none": ""}
    assert run_config(values) == 'strategy="fedavg" num-rounds=2 fit-seconds=1.0 on=true off=false none=""'


words = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=20)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,10}", fullmatch=True), words | st.integers() | st.booleans()))
@settings(max_examples=50, deadline=None)
def test_a_run_config_says_what_it_was_given(values):
    lines = [run_config({name: value}) for name, value in values.items()]
    assert tomllib.loads("\n".join(lines)) == values


def test_the_surroundings_keep_flower_at_home(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    around = surroundings(FLOWER, Path("/homes/node-1"))
    assert around["PATH"] == f"/cache/1.25.0/bin{os.pathsep}/usr/bin"
    assert around["FLWR_HOME"] == "/homes/node-1"
    assert (around["FLWR_TELEMETRY_ENABLED"], around["FLWR_DISABLE_UPDATE_CHECK"]) == ("0", "1")
    assert {"127.0.0.1", "localhost"} == set(around["NO_PROXY"].split(","))
