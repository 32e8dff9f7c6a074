"""The builder's parts that need no root and no network; a whole build takes minutes and is not for every run."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from appliance_images import MIB, Appliance, need, tool

from harness.cli.image import APPLIANCE
from harness.errors import InputError, SetupFailed
from harness.image.build import grub, tools
from harness.image.build.builder import IMAGE, build
from harness.image.build.container import _archive, _config, _layer
from harness.image.build.disk import compress, make_raw
from harness.image.build.grub import embed
from harness.image.build.plan import Plan
from harness.image.compare import compare
from harness.image.header import read_header
from harness.image.reading import read_image
from harness.image.unread import Unread
from harness.processes import run

ROOT = APPLIANCE / "image" / "root"
SCRIPTS = ROOT / "etc/one-context.d"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    script = tmp_path / "boot.sh"
    script.write_text("#!/bin/sh\n")
    return Plan(boot_script=script, fixture=APPLIANCE / "image")


def test_the_key_is_of_the_contents(plan, tmp_path):
    twin = tmp_path / "twin.sh"
    shutil.copy(plan.boot_script, twin)
    assert replace(plan, boot_script=twin).key == plan.key
    others = [replace(plan, flower="1.31.0"), replace(plan, compression="zlib"), replace(plan, disk=5 << 30)]
    twin.write_text("#!/bin/sh\ntrue\n")
    keys = {plan.key, replace(plan, boot_script=twin).key, *(other.key for other in others)}
    assert len(keys) == 5
    assert plan.uuid("root") != plan.uuid("disk")
    assert replace(plan).uuid("root") == plan.uuid("root")


def test_bad_input_of_a_plan(plan, tmp_path):
    with pytest.raises(InputError, match="--boot-script"):
        replace(plan, boot_script=tmp_path / "none.sh").check()
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x7fELF")
    with pytest.raises(InputError, match="does not begin with #!"):
        replace(plan, boot_script=binary).check()
    with pytest.raises(InputError, match="--context-package"):
        replace(plan, context_package=tmp_path / "none.deb").check()


def test_what_is_missing_is_said_before_anything_starts(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(tools, "_SYSTEM_FOLDERS", ("/nonexistent",))
    with pytest.raises(SetupFailed, match="mmdebstrap is not installed") as raised:
        build(plan, cache=tmp_path / "cache")
    assert "apt-get install qemu-utils" in str(raised.value)


def test_an_image_of_the_cache_is_taken_as_it_is(plan, tmp_path):
    folder = tmp_path / "cache" / plan.key
    folder.mkdir(parents=True)
    (folder / IMAGE).write_bytes(b"image")
    (folder / "build.json").write_text(json.dumps({"compression": 1.5}))
    built = build(plan, cache=tmp_path / "cache")
    assert (built.cached, built.seconds) == (True, {"compression": 1.5})
    # An image without its record was not finished.
    (folder / "build.json").unlink()
    with pytest.raises(SetupFailed):
        _without_tools(plan, tmp_path)


def _without_tools(plan: Plan, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/nonexistent")
        patch.setattr(tools, "_SYSTEM_FOLDERS", ())
        build(plan, cache=tmp_path / "cache")


def test_layers_and_archive_are_the_same_in_two_builds(plan, tmp_path):
    archives = []
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "root/etc").mkdir(parents=True)
        (folder / "root/etc/file").write_text("x")
        os.utime(folder / "root/etc/file", (len(archives), 1000 * len(archives)))
        (folder / "root/link").symlink_to("etc/file")
        layer = _layer(folder / "root", folder / "base.tar", ["."])
        config = _config(plan, [layer])
        archives.append((layer.read_bytes(), config))
        archive = _archive(folder / "a.tar", "x:1", config, [layer])
        assert archive.stat().st_size > len(archives[-1][0])
    assert archives[0] == archives[1]


def test_grub_is_embedded_where_the_boot_sector_looks(tmp_path):
    folder = tmp_path / "root/usr/lib/grub/i386-pc"
    folder.mkdir(parents=True)
    (folder / "boot.img").write_bytes(bytes(range(256)) * 2)
    disk = tmp_path / "disk.raw"
    table = b"partition table and mark of a disk".ljust(66, b".")
    disk.write_bytes(bytes(446) + table + bytes(MIB))
    core = b"\xeb" * 1300
    embed(disk, tmp_path / "root", core, sector=100, room=10)
    written = disk.read_bytes()
    assert written[446:512] == table
    assert struct.unpack_from("<Q", written, 0x5C) == (100,)
    at = 100 * 512
    assert struct.unpack_from("<QHH", written, at + 500) == (101, 2, 0x820)
    assert written[at + 512 : at + 1300] == core[512:]
    with pytest.raises(SetupFailed, match="takes 3 sectors"):
        embed(disk, tmp_path / "root", core, sector=100, room=2)


def test_the_root_fits_its_partition(plan, appliance, tmp_path, monkeypatch):
    need("sfdisk", "mkfs.ext4")
    monkeypatch.setattr(grub, "configure", lambda root, filesystem: bytes(1000))
    boot = appliance.write("/usr/lib/grub/i386-pc/boot.img", "")
    boot.write_bytes(bytes(512))
    raw, image = tmp_path / "disk.raw", tmp_path / "disk.qcow2"
    small = replace(plan, disk=32 * MIB)
    make_raw(small, appliance.root, raw)
    compress(small, raw, image)
    facts = read_image(image)
    assert not isinstance(facts.root, Unread)
    assert facts.root.beyond == 0
    assert not isinstance(facts.layout, Unread)
    assert facts.layout.words() == "GPT: 1 BIOS boot, 2 ext4"
    assert facts.layout.partitions[1].size == (32 - 2 - 1) * MIB


@pytest.mark.parametrize("compression", ["zlib", "zstd"])
def test_compression_is_the_plans(plan, appliance, tmp_path, compression):
    image = tmp_path / "edge.qcow2"
    tool("qemu-img", "--version")
    compress(replace(plan, compression=compression), appliance.raw(tmp_path), image)
    assert read_header(image).compression == compression


def test_two_images_compared(tmp_path):
    images = []
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "root").mkdir(parents=True)
        appliance = Appliance(folder / "root")
        if name == "two":
            appliance.packages["jq"] = ("1.7.2-1", 110)
            appliance.write("/opt/flower/new", "x")
            appliance.write("/etc/hostname", "longer name")
            appliance.remove("/usr/bin/runc")
        else:
            appliance.write("/etc/hostname", "name")
        images.append(appliance.qcow2(folder))
    assert compare(images[0], images[0]).same
    found = compare(*images)
    assert not found.same
    assert found.packages == ("jq: 1.7.1-3build1 or 1.7.2-1",)
    assert (found.only_first, found.only_second) == (("/usr/bin/runc",), ("/opt/flower/new",))
    assert "/etc/hostname" in found.sizes


def test_the_command_refuses_bad_options(tmp_path):
    for arguments, words in (
        (["--flower", "latest"], "--flower latest"),
        (["--compression", "xz"], "--compression xz"),
        (["--output", str(tmp_path / "no/where.qcow2")], "its folder does not exist"),
        (["--boot-script", str(tmp_path / "none")], "no such file"),
    ):
        done = run([sys.executable, "-m", "harness.cli.image", "build", *arguments], timeout=60, check=False)
        assert (done.code, done.output) == (2, "")
        assert words in done.errors
        assert len(done.errors.strip().splitlines()) == 1


# --- The contextualization that stands in for one-context -------------------------------------------------------------


def scripts() -> list[Path]:
    return [*sorted(SCRIPTS.iterdir()), ROOT / "usr/sbin/one-contextd", ROOT / "opt/flower/scripts/health-check.sh"]


@pytest.mark.parametrize("script", scripts(), ids=lambda path: path.name)
def test_scripts_are_executable_and_clean(script):
    assert script.stat().st_mode & 0o111
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is missing: apt-get install shellcheck")
    done = run(["shellcheck", script], timeout=60, check=False)
    assert done.code == 0, done.output


def context_script(name: str, context: dict[str, str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "RUNTIME_DIR": str(folder), "MOUNT_DIR": str(folder), **context, **more}
    return subprocess.run(
        [SCRIPTS / name, "test"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def test_nics_of_the_context_become_networkd_configurations(tmp_path):
    context = {
        "ETH0_MAC": "02:00:0a:00:02:0f",
        "ETH0_IP": "10.0.2.15",
        "ETH0_MASK": "255.255.254.0",
        "ETH0_GATEWAY": "10.0.2.2",
        "ETH0_DNS": "10.0.2.3 9.9.9.9",
        "ETH0_MTU": "1400",
        "ETH1_MAC": "02:00:0a:00:02:10",
        "ETH1_ALIAS0_MAC": "02:00:0a:00:02:11",
    }
    done = context_script(
        "loc-10-network", context, tmp_path, NETWORK_DIR=str(tmp_path / "net"), RESOLV_CONF=str(tmp_path / "resolv")
    )
    assert done.returncode == 0, done.stderr
    files = {path.name: path.read_text() for path in (tmp_path / "net").iterdir()}
    assert set(files) == {"10-context-eth0.network", "10-context-eth1.network"}
    assert files["10-context-eth0.network"] == (
        "[Match]\nMACAddress=02:00:0a:00:02:0f\n[Link]\nMTUBytes=1400\n[Network]\nAddress=10.0.2.15/23\n"
        "Gateway=10.0.2.2\nDNS=10.0.2.3\nDNS=9.9.9.9\n"
    )
    assert "DHCP=yes" in files["10-context-eth1.network"]
    assert (tmp_path / "resolv").read_text() == "nameserver 10.0.2.3\nnameserver 9.9.9.9\n"


def test_the_environment_keeps_every_value_as_it_is(tmp_path):
    values = {"A": "it's", "B": 'two "words" $HOME', "C": "line\nline", "VMID": "7"}
    quoted = "".join("{}='{}'\n".format(key, value.replace("'", "'\\''")) for key, value in values.items())
    (tmp_path / "context.sh.local").write_text(quoted)
    (tmp_path / "token.txt").write_text("sekret")
    done = context_script("loc-16-gen-env", values, tmp_path)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        ["bash", "-c", f'. {tmp_path}/one_env; printf "%s|" "$A" "$B" "$C" "$VMID" "$TOKENTXT"'],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], "HOME": "/root"},
    )  # fmt: skip
    assert shown.stdout == 'it\'s|two "words" $HOME|line\nline|7|sekret|'
    assert (tmp_path / "one_env").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "context",
    [
        {"START_SCRIPT": "echo hello > out"},
        {"START_SCRIPT": "#!/bin/sh\necho hello > out"},
        {"START_SCRIPT_BASE64": "ZWNobyBoZWxsbyA+IG91dA=="},
        {"INIT_SCRIPTS": "first.sh"},
    ],
)
def test_start_scripts_run_in_the_folder_of_the_disk(tmp_path, context):
    (tmp_path / "first.sh").write_text("#!/bin/sh\necho hello > out\n")
    done = context_script("net-97-start-script", context, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").read_text() == "hello\n"


def test_a_start_script_that_fails_is_told(tmp_path):
    assert context_script("net-97-start-script", {"START_SCRIPT": "exit 7"}, tmp_path).returncode == 7


class Gate(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, str, str, str]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append((self.path, self.headers["X-ONEGATE-TOKEN"], self.headers["X-ONEGATE-VMID"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gate():
    handler = type("ThisGate", (Gate,), {"seen": []})
    server = http.server.HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1], handler.seen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("context", "reports"),
    [
        ({}, 1),
        ({"REPORT_READY": "NO"}, 0),
        ({"READY_SCRIPT_PATH": "/bin/true"}, 1),
        ({"READY_SCRIPT_PATH": "/bin/false"}, 0),
        ({"READY_SCRIPT": "[ -n '-' ]"}, 1),
        ({"READY_SCRIPT": "ZXhpdCAx"}, 0),
    ],
)
def test_ready_is_reported_as_the_onegate_command_does(tmp_path, gate, context, reports):
    port, seen = gate
    (tmp_path / "token.txt").write_text("sekret")
    context = {
        "REPORT_READY": "YES", "ONEGATE_ENDPOINT": f"http://127.0.0.1:{port}", "VMID": "7",
        "RETRY_COUNT": "2", "RETRY_WAIT_PERIOD": "0", **context,
    }  # fmt: skip
    done = context_script("net-99-report-ready", context, tmp_path)
    assert seen == [("/vm", "sekret", "7", "data=READY%3DYES&type=1")] * reports
    assert (done.returncode == 0) == (reports == 1 or context["REPORT_READY"] == "NO")
