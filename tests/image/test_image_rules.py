"""Every rule on an image that fulfils it and on one that does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from appliance_images import MIB, Appliance, LayerFiles, compressed_cluster, flower_layer, tool

from harness.claims.catalogue import load_catalogue
from harness.claims.verdicts import Verdict
from harness.image.reading import read_image
from harness.image.rules import RULES, Expectations, Finding, judge
from harness.image.rules.judge import failed

SITE = "/python/venv/lib/python3.11/site-packages"


def findings(image: Path, **expected: object) -> dict[str, Finding]:
    expectations = Expectations(**expected)
    facts = read_image(image, boot_script=expectations.boot_script)
    return {finding.rule: finding for finding in judge(facts, expectations)}


def deviating(image: Path, **expected: object) -> dict[str, str]:
    found = findings(image, **expected).values()
    assert all(it.evidence and "\n" not in it.evidence for it in found)
    return {it.rule: it.evidence for it in found if it.verdict is not Verdict.CONFORMS and not it.advisory}


def test_a_sound_image_conforms_to_every_rule(sound: Path):
    found = findings(sound)
    assert deviating(sound) == {}
    assert not failed(tuple(found.values()))
    assert found["flower-version"].evidence == "flwr 1.25.0 in flwr/supernode:1.25.0"
    assert found["docker-engine"].evidence == "docker-ce 5:27.3.1-1~ubuntu.24.04~noble, at least 24"
    assert found["no-ml-framework"].evidence == "none in the root and none in 2 image layers"
    assert list(found) == [rule.id for rule in RULES]


def test_rules_name_claims_of_the_catalogue():
    catalogue = load_catalogue()
    assert {rule.claim for rule in RULES if rule.claim} <= set(catalogue)


def test_size_limit_to_the_byte(sound: Path):
    size = sound.stat().st_size
    assert deviating(sound, limit=size + 1) == {}
    assert deviating(sound, limit=size) == {"size-limit": f"{size:,} bytes on disk, not below the limit of {size:,}"}
    over = deviating(sound, limit=size - 1)
    assert over == {"size-limit": f"{size:,} bytes on disk, 1 byte over the limit of {size - 1:,}"}


def test_the_default_limit_judges_the_file_and_not_what_is_allocated(sound: Path, tmp_path: Path):
    image = tmp_path / "big.qcow2"
    shutil.copyfile(sound, image)
    with image.open("ab") as file:
        file.truncate(2_000_000_001)
    assert "size-limit" in deviating(image)
    with image.open("ab") as file:
        file.truncate(1_999_999_999)
    assert "size-limit" not in deviating(image)


def no_docker(it: Appliance) -> None:
    for name in ("docker-ce", "docker-ce-cli", "containerd.io"):
        del it.packages[name]
    it.remove("/usr/bin/dockerd")
    it.disable("docker.service")
    it.remove("/usr/lib/systemd/system/docker.service")
    it.no_images()


def other_images(it: Appliance, names: list[str], *layers: LayerFiles) -> None:
    it.no_images()
    it.image(names, list(layers))


def framework_in_a_layer(it: Appliance, path: str) -> None:
    # A third layer deletes it again: it still takes its room.
    other_images(
        it,
        ["flwr/supernode:1.25.0"],
        flower_layer("1.25.0"),
        LayerFiles({path: "x"}),
        LayerFiles({"/etc/last": "x"}),
    )


def debian(it: Appliance, *, version: str = "12") -> None:
    it.write("/etc/os-release", f'ID=debian\nVERSION_ID="{version}"\nPRETTY_NAME="Debian GNU/Linux {version}"\n')


def debian_docker(it: Appliance, *, apparmor: bool, version: str = "12") -> None:
    debian(it, version=version)
    del it.packages["docker-ce"]
    it.packages["docker.io"] = ("20.10.24+dfsg1-1+deb12u1", 150_000)
    if apparmor:
        it.write("/usr/sbin/apparmor_parser", "x", mode=0o755)


def old_docker(it: Appliance) -> None:
    it.packages["docker-ce"] = ("5:23.0.6-1~ubuntu.22.04~jammy", 100_000)


def networkd_off(it: Appliance) -> None:
    debian(it)
    it.disable("systemd-networkd.service")


CASES = [
    ("torch-in-a-layer", lambda it: framework_in_a_layer(it, f"{SITE}/torch/__init__.py"), "no-ml-framework",
     "PyTorch in image flwr/supernode:1.25.0, layer 2 of 3"),
    ("torch-by-metadata", lambda it: framework_in_a_layer(it, "/opt/deps/torch-2.5.1.dist-info/METADATA"),
     "no-ml-framework", "PyTorch 2.5.1 in image flwr/supernode:1.25.0, layer 2 of 3"),
    ("libtorch-in-a-layer", lambda it: framework_in_a_layer(it, "/usr/local/lib/libtorch_cpu.so"), "no-ml-framework",
     "PyTorch in image"),
    ("a-wheel-in-a-layer", lambda it: framework_in_a_layer(it, "/tmp/tensorflow_cpu-2.17.0-cp311-cp311-linux.whl"),
     "no-ml-framework", "TensorFlow 2.17.0 in image"),
    ("torch-in-the-root", lambda it: it.write("/usr/lib/python3/dist-packages/torch/__init__.py", ""),
     "no-ml-framework", "PyTorch in root"),
    ("a-debian-package", lambda it: it.packages.update({"python3-torch": ("1.13.1+dfsg-4", 60_000)}),
     "no-ml-framework", "PyTorch 1.13.1+dfsg-4 in root: package python3-torch"),
    ("scikit-learn", lambda it: it.write("/opt/v/lib/python3.11/site-packages/scikit_learn-1.5.0.dist-info/M", ""),
     "no-ml-framework", "scikit-learn 1.5.0 in root (the summary would tolerate it"),
    ("an-old-docker", old_docker, "docker-engine", "docker-ce 5:23.0.6-1~ubuntu.22.04~jammy, older than 24"),
    ("dockerd-without-package", lambda it: it.packages.pop("docker-ce"), "docker-engine",
     "no package states its version"),
    ("docker-disabled", lambda it: it.disable("docker.service"), "docker-starts", "neither docker.service nor"),
    ("no-image", lambda it: it.no_images(), "flower-image", "no container image in the image"),
    ("a-config-that-is-gone", lambda it: it.remove("/var/lib/docker/image/overlay2/imagedb"), "flower-image",
     "its configuration or layers are not in the store"),
    ("another-image-too", lambda it: it.image(["alpine:3.20"], [LayerFiles({"/x": "x"}, size=8_000_000)]),
     "only-base-image", "more than flwr/supernode:1.25.0 is pre-baked: alpine:3.20 (8.0 MB)"),
    ("no-jq", lambda it: it.remove("/usr/bin/jq"), "utilities", "jq is not on PATH"),
    ("nc-and-curl-not-executable", lambda it: [(it.root / f"usr/bin/{name}").chmod(0o644) for name in ("nc", "curl")],
     "utilities", "curl and nc are not on PATH"),
    ("a-dirty-apt-cache", lambda it: it.write("/var/cache/apt/archives/jq_1.7_amd64.deb", "x"), "apt-clean",
     "1 files, 0.0 MB, that apt-get clean removes: /var/cache/apt/archives/jq_1.7_amd64.deb"),
    ("apt's-binary-cache", lambda it: it.write("/var/cache/apt/pkgcache.bin", "x"), "apt-clean", "pkgcache.bin"),
    ("apt-lists", lambda it: it.write("/var/lib/apt/lists/x_Packages", "x"), "apt-clean", "package lists"),
    ("a-dangling-image", lambda it: it.image([], [LayerFiles({"/y": "y"})]), "docker-clean", "1 dangling images"),
    ("a-stopped-container", lambda it: it.write("/var/lib/docker/containers/0123456789abcdef/config.v2.json", "{}"),
     "docker-clean", "1 containers (0123456789ab)"),
    ("an-orphaned-layer", lambda it: it.write("/var/lib/docker/overlay2/feed/diff/x", ""), "docker-clean",
     "1 leftovers (/var/lib/docker/overlay2/feed/diff)"),
    ("no-contextualization", lambda it: it.remove("/usr/sbin/one-contextd"), "context-scripts", "no contextualization"),
    ("context-not-enabled", lambda it: it.disable("one-context.service"), "context-scripts", "no one-context unit"),
    ("context-never-ready", lambda it: it.remove("/etc/one-context.d/net-99-report-ready"), "context-scripts",
     "none of its scripts reports READY"),
    ("a-boot-script-that-is-gone", lambda it: it.remove("/opt/flower/scripts/bootstrap.sh"), "boot-script",
     "reads FL_ variables and starts a SuperNode; there is only /opt/flower/scripts/health-check.sh"),
    ("a-boot-script-without-x", lambda it: (it.root / "opt/flower/scripts/bootstrap.sh").chmod(0o644), "boot-script",
     "/opt/flower/scripts/bootstrap.sh is not executable"),
    ("no-health-check", lambda it: it.remove("/opt/flower/scripts/health-check.sh"), "health-check", "no READY"),
    ("a-server-image", lambda it: it.packages.update({"ubuntu-server": ("1.539", 50)}), "base-os", "ubuntu-server"),
    ("another-release", debian, "base-os", "Debian GNU/Linux 12; expected is ubuntu-24.04"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "rule", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_trouble_is_found_by_its_rule_and_no_other(appliance, tmp_path, action, rule, words):
    action(appliance)
    found = deviating(appliance.qcow2(tmp_path))
    assert words in found.pop(rule)
    # Without images there is nothing to judge the others by; they say so themselves.
    also = {"flower-version", "only-base-image"} if rule == "flower-image" else set()
    also |= {"docker-clean"} if words.startswith("its configuration") else set()
    assert set(found) <= also, found


def test_no_docker_at_all(appliance, tmp_path):
    no_docker(appliance)
    found = deviating(appliance.qcow2(tmp_path))
    assert found["docker-engine"].startswith("no Docker engine")
    assert set(found) == {"docker-engine", "docker-starts", "flower-image", "flower-version", "only-base-image"}


@pytest.mark.parametrize(
    ("names", "version", "rules"),
    [
        (["flwr/supernode:1.31.0"], "1.31.0", {"flower-image", "flower-version", "only-base-image"}),
        (["flwr/supernode:1.25.0"], "1.31.0", {"flower-version"}),
        (["flwr/supernode:latest"], "1.25.0", {"flower-image", "only-base-image"}),
    ],
)
def test_a_wrong_flower_version_by_tag_or_by_what_is_in_it(appliance, tmp_path, names, version, rules):
    other_images(appliance, names, flower_layer(version))
    assert set(deviating(appliance.qcow2(tmp_path))) == rules


def test_the_topmost_flwr_counts(appliance, tmp_path):
    other_images(appliance, ["flwr/supernode:1.25.0"], flower_layer("1.24.0"), flower_layer("1.25.0"))
    assert deviating(appliance.qcow2(tmp_path)) == {}


def test_an_expected_version_can_be_another(appliance, tmp_path):
    other_images(appliance, ["flwr/supernode:1.31.0"], flower_layer("1.31.0"))
    assert deviating(appliance.qcow2(tmp_path), flower="1.31.0") == {}


def test_debians_own_docker_is_taken_as_its_equivalent_and_said_so(appliance, tmp_path):
    debian_docker(appliance, apparmor=True)
    found = findings(appliance.qcow2(tmp_path), base_os="debian-12")
    assert found["docker-engine"].verdict is Verdict.CONFORMS
    assert "taken as its equivalent" in found["docker-engine"].evidence
    assert found["docker-starts"].verdict is Verdict.CONFORMS


def test_debians_docker_without_apparmor_runs_no_container(appliance, tmp_path):
    debian_docker(appliance, apparmor=False)
    found = deviating(appliance.qcow2(tmp_path), base_os="debian-12")
    assert set(found) == {"docker-starts"}
    assert "without the package apparmor" in found["docker-starts"]


def test_the_docker_of_an_old_debian_is_no_equivalent(appliance, tmp_path):
    debian_docker(appliance, apparmor=True, version="11")
    assert "docker-engine" in deviating(appliance.qcow2(tmp_path), base_os="debian-11")


def test_debian_12_takes_networkd_and_nothing_enables_it(appliance, tmp_path):
    networkd_off(appliance)
    found = deviating(appliance.qcow2(tmp_path), base_os="debian-12")
    assert set(found) == {"nic"}
    assert "systemctl enable systemd-networkd" in found["nic"]


def test_netplan_needs_nothing_enabled(appliance, tmp_path):
    appliance.disable("systemd-networkd.service")
    appliance.write("/usr/sbin/netplan", "#!/bin/sh\n", mode=0o755)
    assert deviating(appliance.qcow2(tmp_path)) == {}


def test_a_masked_unit_is_not_enabled(appliance, tmp_path):
    (appliance.root / "etc/systemd/system/docker.service").symlink_to("/dev/null")
    assert set(deviating(appliance.qcow2(tmp_path))) == {"docker-starts"}


def test_a_boot_script_elsewhere(appliance, tmp_path):
    appliance.write("/usr/local/bin/edge-boot", "#!/bin/sh\n", mode=0o755)
    image = appliance.qcow2(tmp_path)
    assert deviating(image, boot_script="/usr/local/bin/edge-boot") == {}
    assert set(deviating(image, boot_script="/usr/local/bin/other")) == {"boot-script"}


def test_a_boot_script_where_only_its_unit_knows(appliance, tmp_path):
    script = appliance.root / "opt/flower/scripts/bootstrap.sh"
    appliance.write("/opt/edge/boot", script.read_text(), mode=0o755)
    script.unlink()
    unit = "[Service]\nExecStart=-/bin/bash -c 'exec /opt/edge/boot; true'\n"
    appliance.write("/usr/lib/systemd/system/edge.service", unit)
    appliance.enable("edge.service")
    found = findings(appliance.qcow2(tmp_path))
    assert found["boot-script"].verdict is Verdict.CONFORMS
    assert "/opt/edge/boot" in found["boot-script"].evidence
    assert "started by edge.service" in found["boot-script"].evidence


def test_steps_of_a_build_are_no_dangling_images(appliance, tmp_path):
    base, top = LayerFiles({"/etc/base": "x"}), flower_layer("1.25.0")
    appliance.no_images()
    step = appliance.image([], [base])
    final = appliance.image(["flwr/supernode:1.25.0"], [base, top])
    appliance.write(f"/var/lib/docker/image/overlay2/imagedb/metadata/sha256/{final}/parent", f"sha256:{step}")
    assert deviating(appliance.qcow2(tmp_path)) == {}


def test_docker_on_another_file_system_is_unknown_and_not_missing(appliance, tmp_path):
    appliance.no_images()
    appliance.write("/etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 /var/lib/docker ext4 defaults 0 2\n")
    found = findings(appliance.qcow2(tmp_path))
    for rule in ("flower-image", "flower-version", "only-base-image", "no-ml-framework", "docker-clean"):
        assert found[rule].verdict is Verdict.UNKNOWN
        assert "/var/lib/docker is on another file system" in found[rule].evidence


def test_a_root_larger_than_its_partition_does_not_mount(appliance, tmp_path):
    disk = appliance.raw(tmp_path)
    with disk.open("r+b") as file:
        file.truncate(27 * MIB)
    # As a builder does that takes the size of the partition for granted; Linux says "bad geometry".
    tool("sfdisk", "-q", "--no-reread", disk, stdin="label: gpt\nstart=4096,size=45056\n")
    image = tmp_path / "large.qcow2"
    tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", disk, image)
    found = deviating(image)
    assert set(found) == {"root-mounts"}
    assert "2,097,152 bytes larger than its partition" in found["root-mounts"]


def test_a_zeroed_compressed_cluster_passes_check_and_not_the_full_read(sound, tmp_path):
    image = tmp_path / "zeroed.qcow2"
    shutil.copyfile(sound, image)
    offset, length = compressed_cluster(image)
    with image.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(length))
    found = findings(image)
    assert found["qcow2-tables"].verdict is Verdict.CONFORMS
    assert found["qcow2-data"].verdict is Verdict.DEVIATES
    assert "does not decompress" in found["qcow2-data"].evidence
    assert "\n" not in found["qcow2-data"].evidence


@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_a_truncated_image(sound, tmp_path, part):
    image = tmp_path / "short.qcow2"
    shutil.copyfile(sound, image)
    with image.open("r+b") as file:
        file.truncate(int(sound.stat().st_size * part))
    found = findings(image)
    assert found["qcow2-data"].verdict is not Verdict.CONFORMS
    # Tables that are still whole pass QEMU's check (7.2), although data behind them is gone.
    troubles = [found[rule] for rule in ("qcow2-tables", "qcow2-data") if found[rule].verdict is Verdict.DEVIATES]
    assert troubles
    assert "cut off" in troubles[0].evidence


def test_a_backing_file(sound, tmp_path):
    image = tmp_path / "overlay.qcow2"
    tool("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", sound, image)
    found = findings(image)
    assert found["qcow2-tables"].verdict is Verdict.CONFORMS
    assert found["qcow2-alone"].verdict is Verdict.DEVIATES
    assert f"has a backing file, {sound}" in found["qcow2-alone"].evidence
    assert found["flower-image"].verdict is Verdict.UNKNOWN
    assert "difference to a backing file" in found["flower-image"].evidence


def test_an_external_data_file(sound, tmp_path):
    image = tmp_path / "pointer.qcow2"
    tool("qemu-img", "convert", "-O", "qcow2", "-o", f"data_file={tmp_path / 'data.raw'}", sound, image)
    found = findings(image)
    assert found["qcow2-alone"].verdict is Verdict.DEVIATES
    assert "keeps its data in another file" in found["qcow2-alone"].evidence


def test_an_internal_snapshot(sound, tmp_path):
    image = tmp_path / "snapshot.qcow2"
    shutil.copyfile(sound, image)
    tool("qemu-img", "snapshot", "-c", "before", image)
    assert set(deviating(image)) == {"qcow2-alone"}


@pytest.mark.parametrize("kind", ["luks", "aes"])
def test_an_encrypted_image(tmp_path, kind):
    image = tmp_path / "secret.qcow2"
    secret = ["--object", "secret,id=s,data=x", "-o", f"encrypt.format={kind},encrypt.key-secret=s"]
    tool("qemu-img", "create", "-q", "-f", "qcow2", *secret, image, "8M")
    found = findings(image)
    assert found["qcow2-clear"].verdict is Verdict.DEVIATES
    assert f"is encrypted ({kind.upper()})" in found["qcow2-clear"].evidence
    assert found["flower-image"].verdict is Verdict.UNKNOWN


def test_an_empty_disk_is_unknown_with_the_reason(tmp_path):
    image = tmp_path / "empty.qcow2"
    tool("qemu-img", "create", "-q", "-f", "qcow2", image, "8M")
    found = findings(image)
    assert found["base-os"].verdict is Verdict.UNKNOWN
    assert "no root file system was found" in found["base-os"].evidence


def test_a_disk_too_large_for_the_edge_vm(tmp_path):
    image = tmp_path / "large.qcow2"
    tool("qemu-img", "create", "-q", "-f", "qcow2", image, "21G")
    assert findings(image)["virtual-size"].verdict is Verdict.DEVIATES


def test_without_qemu_img_what_is_unknown_is_said(sound, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    found = findings(sound)
    assert found["qcow2-tables"].verdict is Verdict.UNKNOWN
    assert "apt-get install qemu-utils" in found["qcow2-tables"].evidence
    others = {rule: it for rule, it in found.items() if rule != "qcow2-tables" and not it.advisory}
    assert {it.verdict for it in others.values()} == {Verdict.CONFORMS}


def test_a_truncated_image_is_found_without_qemu_img_too(sound, tmp_path, monkeypatch):
    image = tmp_path / "short.qcow2"
    shutil.copyfile(sound, image)
    with image.open("r+b") as file:
        file.truncate(sound.stat().st_size * 2 // 3)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert findings(image)["qcow2-tables"].verdict is Verdict.DEVIATES
