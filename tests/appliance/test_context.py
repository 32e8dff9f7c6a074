"""Every value of the context that is not allowed is named before anything happens."""

import base64
import re
import subprocess
import tomllib
from decimal import Decimal

import pytest
from boot_scripts import APPLIANCE
from hypothesis import given, settings
from hypothesis import strategies as st

ADDRESS = {"FL_SUPERLINK_ADDRESS": "10.10.9.0:9092"}
BAD = [
    ("FL_SUPERLINK_ADDRESS", "10.10.9.0", "host:port"),
    ("FL_SUPERLINK_ADDRESS", "10.10.9.0:0", "host:port"),
    ("FL_SUPERLINK_ADDRESS", "10.10.9.0:65536", "host:port"),
    ("FL_SUPERLINK_ADDRESS", "http://10.10.9.0:9092", "host:port"),
    ("FL_SUPERLINK_ADDRESS", "::1:9092", "host:port"),
    ("FL_SUPERLINK_ROLE", "super-link", "name of a role"),
    ("FL_DISCOVERY_TRIES", "0", "an integer from 1"),
    ("FL_DISCOVERY_TRIES", "ten", "an integer from 1"),
    ("FL_DISCOVERY_TRIES", "08", "an integer from 1"),
    ("FL_DISCOVERY_INTERVAL", "0", "above 0"),
    ("FL_DISCOVERY_INTERVAL", "-1", "above 0"),
    ("FL_DISCOVERY_INTERVAL", "10s", "above 0"),
    ("FL_EDGE_BACKOFF", "linear", "exponential fixed"),
    ("FL_EDGE_BACKOFF", "Exponential", "exponential fixed"),
    ("FL_EDGE_MAX_BACKOFF", "86401", "86400 s"),
    ("FL_TIME_SCALE", "0", "above 0"),
    ("FL_TIME_SCALE", "0.0000001", "above 0"),
    ("FL_TIME_SCALE", ".5", "above 0"),
    ("FL_NODE_CONFIG", "partition-id", "key=value"),
    ("FL_NODE_CONFIG", "partition-id=zero", "quoted string"),
    ("FL_NODE_CONFIG", "partition-id=1,num-partitions=2", "key=value"),
    ("FL_NODE_CONFIG", "partition-id=01", "key=value"),
    ("FL_MAX_RETRIES", "-1", "an integer from 0"),
    ("FL_MAX_RETRIES", "unlimited", "an integer from 0"),
    ("FL_MAX_WAIT_TIME", "1m", "from 0"),
    ("FL_RETRY_MEANING", "yes", "as-specified zero-is-unlimited"),
    ("FL_TLS_CA", "/no/such/file", "PEM"),
    ("FL_TLS_CA", base64.b64encode(b"no certificate").decode(), "PEM"),
    ("FL_TLS_CA", "%%%", "PEM"),
    ("FL_CLIENTAPPIO_PORT", "65536", "from 1 to 65535"),
    ("FL_ISOLATION", "container", "subprocess process"),
    ("FL_RUNTIME", "podman", "process docker"),
    ("FL_VERSION", "latest", "1.25.0"),
    ("FL_IMAGE", "--privileged", "container image"),
    ("FL_REPORT_READY", "yes", "YES NO"),
    ("FL_ONEGATE_TIMEOUT", "61", "60 s"),
    ("ONEGATE_ENDPOINT", "169.254.16.9:5030", "http or https URL"),
    ("VMID", "one", "an integer"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), BAD, ids=[f"{name}={value}" for name, value, _ in BAD])
def test_a_value_that_is_not_allowed_is_named_and_nothing_happens(boot, line, name, value, allowed):
    script = boot(**{**ADDRESS, name: value})
    assert script.end() == 2
    (said,) = script.said
    assert said.startswith(f"boot: {name}='{value}' is not allowed: ")
    assert allowed in said
    _nothing_happened(script, line)


def _nothing_happened(script, line):
    assert script.log == b""
    assert line.asked == []
    assert not (script.process.log.parent / "called").exists()


def test_all_of_them_are_named(boot, line):
    script = boot(FL_EDGE_BACKOFF="linear", FL_MAX_RETRIES="no", FL_TIME_SCALE="fast")
    assert script.end() == 2
    assert [line.split("=")[0] for line in script.said] == [
        "boot: FL_EDGE_BACKOFF",
        "boot: FL_TIME_SCALE",
        "boot: FL_MAX_RETRIES",
    ]
    _nothing_happened(script, line)


@pytest.mark.parametrize("name", ["ONEGATE_ENDPOINT", "VMID", "ONEGATE_TOKEN"])
def test_what_discovery_needs_is_missing(boot, line, name):
    script = boot(**{name: ""})
    assert script.end() == 2
    (said,) = script.said
    assert said.startswith(f"boot: {name} is not set: ")
    _nothing_happened(script, line)


def test_a_line_break_in_a_value_stays_within_the_line(boot):
    script = boot(FL_EDGE_BACKOFF="fixed\nexponential")
    assert script.end() == 2
    assert len(script.said) == 1


def test_an_empty_value_is_none(boot, superlink_ready, called):
    script = boot(FL_SUPERLINK_ADDRESS="", FL_NODE_CONFIG="", FL_MAX_RETRIES="", FL_EDGE_BACKOFF="", FL_TLS_CA="")
    assert called(script)[:2] == ["--superlink", superlink_ready]


@pytest.mark.parametrize("address", ["superlink.example.org:9092", "[2001:db8::1]:9092", "127.0.0.1:1"])
def test_addresses_that_are_allowed(run, called, address):
    assert called(run(FL_SUPERLINK_ADDRESS=address))[:2] == ["--superlink", address]


def test_tools_are_missing(run, tmp_path):
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "basename", "jq"):
        found = subprocess.run(["which", tool], capture_output=True, text=True, check=True).stdout.strip()
        (tmp_path / "bin" / tool).symlink_to(found)
    script = run(ADDRESS, PATH=str(tmp_path / "bin"))
    assert script.end() == 7
    assert script.said == ["boot: curl is not on this machine; the appliance's image has it"]


# ---------------------------------------------------------------------------------- what the checks let through

_FLOWERS = re.compile(r"(\S+?)=(\'[^\']*\'|\"[^\"]*\"|\S+)")
"""Flower 1.25.0, common/config.py, parse_config_args."""


def _as_flower_reads_it(text):
    """Its pairs; raises what makes Flower refuse it."""
    return tomllib.loads("\n".join(f"{key} = {value}" for key, value in _FLOWERS.findall(text)))


def _function(*lines, **variables):
    """Run functions of the script in a shell of their own."""
    program = "\n".join((f". {APPLIANCE}/boot.sh", *lines))
    environment = {"PATH": "/usr/bin:/bin", **variables}
    done = subprocess.run(["bash", "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


_KEY = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True)
_VALUE = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["true", "false", "yes", "1,2", "007", "+3", "1e5", "1.", ".5", "0x1f", "", "a b"]),
    st.text("ab 1=,\"'#", max_size=4).map('"{}"'.format),
    st.text('ab 1=,"#', max_size=4).map("'{}'".format),
)
_CONFIG = st.lists(st.tuples(_KEY, _VALUE), min_size=1, max_size=3, unique_by=lambda pair: pair[0]).map(
    lambda pairs: " ".join(f"{key}={value}" for key, value in pairs)
)


@settings(max_examples=12, deadline=None)
@given(st.lists(_CONFIG, min_size=10, max_size=20))
def test_what_is_let_through_as_node_config_flower_reads_whole(texts):
    check = 'wrong=0; check_node_config 2> /dev/null; echo "$wrong"'
    variables = {f"T{number}": text for number, text in enumerate(texts)}
    lines = [f"FL_NODE_CONFIG=$T{number}; {check}" for number in range(len(texts))]
    for text, wrong in zip(texts, _function(*lines, **variables), strict=True):
        if wrong == "0":
            assert len(_as_flower_reads_it(text)) == len(re.findall(r"(?:^|\s)[a-z][a-z0-9_-]*=", _unquoted(text)))


def _unquoted(text):
    return re.sub(r"\"[^\"]*\"|'[^']*'", "0", text)


@pytest.mark.parametrize(
    "text",
    [
        "partition-id=0 num-partitions=2",
        'name="a b" x=1.5',
        "site.name='edge' ok=true",
        "  partition-id=3  ",
        "x=-1e-3",
    ],
)
def test_node_configs_that_are_let_through(text):
    assert _as_flower_reads_it(text)
    assert _function('check_node_config; echo "$wrong"', FL_NODE_CONFIG=text) == ["0"]


_SECONDS = st.decimals(0, 86400, places=3).map("{:f}".format)
_SCALE = st.decimals("0.001", 100, places=3).map("{:f}".format)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(_SECONDS, _SCALE), max_size=30))
def test_times_are_scaled_without_fractions(pairs):
    lines = [f'FL_TIME_SCALE={scale}; scaled {seconds}; echo "$scaled"' for seconds, scale in pairs]
    expected = [str(int(Decimal(seconds) * Decimal(scale) * 1000)) for seconds, scale in pairs]
    assert _function(*lines) == expected
