"""Rules about the first boot: contextualization, network, boot script."""

from __future__ import annotations

from harness.image.boot import Script
from harness.image.facts import Root
from harness.image.rules.finding import Expectations, Judgement, conforms, deviates, of_root, shortened, unknown

HEALTH_CHECK = "/opt/flower/scripts/health-check.sh"
"""READY_SCRIPT_PATH of the specification's VM template."""

_MANAGERS = {
    "netplan": "netplan",
    "networkd": "systemd-networkd",
    "interfaces": "ifupdown",
    "nm": "NetworkManager",
}


@of_root
def context_scripts(root: Root, _: Expectations) -> Judgement:
    """one-context, or what honours the same contract under the same names."""
    context = root.context
    if context.daemon is None:
        if context.cloud_init:
            return deviates("no one-contextd; cloud-init is there, but it does not report READY")
        return deviates("no contextualization: neither one-contextd nor cloud-init")
    seen = f"one-context {context.package}" if context.package else "one-contextd of its own, without the package"
    lacks = [
        (not context.scripts, "/etc/one-context.d is empty"),
        (not context.units, "no one-context unit is enabled"),
        (not context.mounts_label, f"{context.daemon} does not look for a disk with the label CONTEXT"),
        (not context.reports_ready, "none of its scripts reports READY"),
    ]
    for lacking, what in lacks:
        if lacking:
            return deviates(f"{seen}, but {what}")
    return conforms(f"{seen}, {len(context.scripts)} scripts, {shortened(context.units)}")


@of_root
def nic(root: Root, _: Expectations) -> Judgement:
    """Contextualization writes the configuration of a network manager: that one has to start."""
    network = root.network
    if network.manager is None:
        return deviates("no network manager that contextualization knows (netplan, networkd, ifupdown, NetworkManager)")
    name = _MANAGERS[network.manager]
    if not network.enabled:
        return deviates(
            f"contextualization takes {name} here, and nothing starts it: the NIC stays down; "
            f"systemctl enable {network.wanted[0].removesuffix('.service')}"
        )
    return conforms(f"{name}, started by {network.enabled[0]}")


@of_root
def boot_script(root: Root, expected: Expectations) -> Judgement:
    """A script that reads the context variables and starts a SuperNode, executable, and started by something."""
    if expected.boot_script is not None:
        named = [script for script in root.scripts if script.path == expected.boot_script]
        if not named:
            return deviates(f"{expected.boot_script} is not in the image")
        return _judge(named[0])
    scripts = [script for script in root.scripts if script.context and script.supernode]
    if not scripts:
        seen = f"only {shortened([script.path for script in root.scripts])}" if root.scripts else "no script at all"
        return deviates(f"no boot script that reads FL_ variables and starts a SuperNode; there is {seen}")
    # The one that something starts is the boot script; the others are its helpers.
    return _judge(min(scripts, key=lambda script: not script.started_by))


def _judge(script: Script) -> Judgement:
    if not script.bytes:
        return deviates(f"{script.path} is empty")
    if not script.executable:
        return deviates(f"{script.path} is not executable")
    if not script.shebang:
        return deviates(f"{script.path} does not begin with #!")
    by = f"started by {shortened(script.started_by)}" if script.started_by else "started by the context's START_SCRIPT"
    return conforms(f"{script.path}, {script.bytes:,} bytes, {by}")


@of_root
def health_check(root: Root, _: Expectations) -> Judgement:
    """The script that the VM template names as READY_SCRIPT_PATH."""
    found = next((script for script in root.scripts if script.path == HEALTH_CHECK), None)
    if found is None:
        return deviates(f"{HEALTH_CHECK}, the template's READY_SCRIPT_PATH, is not in the image: no READY")
    if not found.executable or not found.shebang:
        return deviates(f"{HEALTH_CHECK} is not executable or does not begin with #!: the VM never reports READY")
    return conforms(f"{HEALTH_CHECK}, {found.bytes:,} bytes")


@of_root
def context_package(root: Root, _: Expectations) -> Judgement:
    """Whether the specification's question, does the package install on a minimal image, is answered by this one."""
    package = root.context.package
    if package is not None and not root.context.units:
        return deviates(f"one-context {package} is installed, but none of its units is enabled")
    if package is not None:
        return conforms(f"one-context {package} is installed, with {len(root.packages)} packages in all")
    return unknown("one-context is not installed as a package, so that the image does not answer the question")
