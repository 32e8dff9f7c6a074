"""What an image does at boot on OpenNebula: contextualization, network, the appliance's own scripts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.image.system import OsRelease, Package, find_executable
from harness.image.tree import Kind, Tree, exists, listing, read_text, resolve
from harness.image.units import Unit

CONTEXT_FOLDER = "/etc/one-context.d"
SCRIPT_FOLDERS = (
    "/opt/flower/scripts",
    "/opt/flower/bin",
    "/opt/flower",
    "/etc/one-appliance/service.d",
    "/etc/one-appliance",
    "/usr/local/bin",
    "/usr/local/sbin",
)
"""Where appliances keep their scripts: the specification's VM template, the one-apps framework, the local folders."""

_MANAGERS = {
    "netplan": ("netplan",),
    "networkd": ("networkctl",),
    # one-context takes ifupdown on Debian and Ubuntu without looking whether it is installed.
    "interfaces": (),
    "nm": ("nmcli",),
}
_ORDERS = {
    "debian12": ("netplan", "networkd", "interfaces", "nm"),
    "ubuntu": ("netplan", "networkd", "interfaces", "nm"),
    "debian": ("interfaces", "netplan", "nm", "networkd"),
}
_UNITS = {
    "networkd": ("systemd-networkd.service", "systemd-networkd.socket", "dbus-org.freedesktop.network1.service"),
    "interfaces": ("networking.service",),
    "nm": ("NetworkManager.service",),
}
_CONTEXT_PREFIX = "FL_"
_LARGEST_SCRIPT = 1 << 20
"""Bytes; what is larger is a program and not read."""


@dataclass(frozen=True)
class Context:
    """Contextualization in the image.

    Attributes:
        package: Version of the `one-context` package; None when it is not from the package.
        daemon: Path of one-contextd; None when there is none.
        scripts: Names in `/etc/one-context.d`.
        units: Names of its enabled units.
        reports_ready: Whether one of its scripts reports READY.
        mounts_label: Whether it looks for the CD-ROM by its label, CONTEXT.
        cloud_init: Whether cloud-init is there.
    """

    package: str | None
    daemon: str | None
    scripts: tuple[str, ...]
    units: tuple[str, ...]
    reports_ready: bool
    mounts_label: bool
    cloud_init: bool


@dataclass(frozen=True)
class Network:
    """How a NIC gets its address.

    Attributes:
        manager: The one that contextualization will choose: `netplan`, `networkd`, `interfaces`, `nm`; None for none.
        enabled: Names of the units that bring it up at boot and are enabled.
        wanted: Names of which one has to be enabled.
    """

    manager: str | None
    enabled: tuple[str, ...]
    wanted: tuple[str, ...]


@dataclass(frozen=True)
class Script:
    """An appliance's script.

    Attributes:
        path: Where it is.
        executable: Whether root can execute it.
        shebang: Its first line when that begins with `#!`; else empty.
        bytes: Its size.
        context: Whether it reads the appliance's context variables (`FL_…`).
        supernode: Whether it starts a SuperNode.
        started_by: Enabled units and context hooks that name it.
    """

    path: str
    executable: bool
    shebang: str
    bytes: int
    context: bool
    supernode: bool
    started_by: tuple[str, ...]


def read_context(tree: Tree, packages: Mapping[str, Package], units: Mapping[str, Unit]) -> Context:
    """Find contextualization: one-context, or what honours the same contract under the same names."""
    daemon = next((path for path in ("/usr/sbin/one-contextd", "/sbin/one-contextd") if exists(tree, path)), None)
    scripts = tuple(sorted(name for name, kind in listing(tree, CONTEXT_FOLDER).items() if kind is Kind.FILE))
    texts = [read_text(tree, f"{CONTEXT_FOLDER}/{name}") or "" for name in scripts]
    text = (read_text(tree, daemon) or "") if daemon else ""
    package = packages.get("one-context")
    return Context(
        package=package.version if package else None,
        daemon=daemon,
        scripts=scripts,
        units=tuple(sorted(unit.name for unit in units.values() if unit.enabled and "one-context" in unit.name)),
        reports_ready=any("REPORT_READY" in script and "READY=YES" in script for script in texts),
        mounts_label="CONTEXT" in text and ("blkid" in text or "by-label" in text),
        cloud_init="cloud-init" in packages or "cloud-init-base" in packages,
    )


def read_network(tree: Tree, release: OsRelease | None, units: Mapping[str, Unit]) -> Network:
    """Which network manager contextualization takes, and whether it starts at boot.

    The order is one-context's (`loc-10-network`, 7.2): on Debian 12 networkd comes before ifupdown, and nothing
    enables networkd there (measured).
    """
    name, version = (release.id, release.version) if release else ("", "")
    order = _ORDERS.get(f"{name}{version}") or _ORDERS.get(name) or tuple(_MANAGERS)
    manager = next((it for it in order if all(find_executable(tree, tool) for tool in _MANAGERS[it])), None)
    if manager is None:
        return Network(None, (), ())
    if manager == "netplan":
        # Its generator starts networkd whenever it has a configuration; nothing has to be enabled.
        return Network(manager, ("netplan's generator",), ())
    wanted = _UNITS[manager]
    return Network(manager, tuple(unit for unit in wanted if unit in units and units[unit].enabled), wanted)


def read_scripts(tree: Tree, units: Mapping[str, Unit], also: str | None = None) -> tuple[Script, ...]:
    """Scripts in the usual folders, those that enabled units of the image's own start, and one that the user names."""
    paths = {
        posixpath.join(folder, name)
        for folder in SCRIPT_FOLDERS
        for name, kind in listing(tree, folder).items()
        if kind in (Kind.FILE, Kind.LINK)
    }
    commands = " ".join(line for unit in units.values() if unit.enabled for line in unit.commands)
    paths |= {word for word in re.split(r"[\s;'\"=]+", commands) if word.startswith(("/opt/", "/usr/local/", "/srv/"))}
    if also is not None:
        paths.add(also)
    hooks = {name: read_text(tree, f"{CONTEXT_FOLDER}/{name}") or "" for name in listing(tree, CONTEXT_FOLDER)}
    return tuple(script for path in sorted(paths) if (script := _script(tree, path, units, hooks)) is not None)


def _script(tree: Tree, path: str, units: Mapping[str, Unit], hooks: Mapping[str, str]) -> Script | None:
    found = resolve(tree, path)
    if found is None or found.kind is not Kind.FILE or found.size > _LARGEST_SCRIPT:
        return None
    text = tree.contents(found.path).decode("utf-8", errors="replace")
    first = text.split("\n", 1)[0]
    by_units = [unit.name for unit in units.values() if unit.enabled and any(path in line for line in unit.commands)]
    by_hooks = [name for name, hook in hooks.items() if path in hook]
    return Script(
        path=path,
        executable=found.executable,
        shebang=first if first.startswith("#!") else "",
        bytes=found.size,
        context=_CONTEXT_PREFIX in text,
        supernode="supernode" in text.lower(),
        started_by=tuple(sorted([*by_units, *by_hooks])),
    )
