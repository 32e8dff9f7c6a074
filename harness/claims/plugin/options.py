"""The options of `pytest features/`, and what they say once they are checked."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from harness.cloud.templates import read_service_template
from harness.errors import InputError
from harness.flower.versions import SPECIFIED, SUPPORTED, check_supported
from harness.hypervisor.choice import HYPERVISORS
from harness.image.rules.finding import LIMIT
from harness.target import Strategy, Target

CLOUDS = ("embedded",)
REFERENCE = "reference"
"""Value of `--image` that asks for the reference image by name; a file of that name is `./reference`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the contract.

    `--strict` is not among them: pytest has it (strict markers, strict xfail, …), and here it means on top of that that
    every claim that deviates or is unknown makes the run red.
    """
    group = parser.getgroup("harness", "Flower on OpenNebula: what is under test")
    add = group.addoption
    add(
        "--flower",
        default=SPECIFIED,
        metavar="VERSION",
        help=f"Flower under test ({', '.join(SUPPORTED)}; default %(default)s)",
    )
    add("--cloud", default="embedded", metavar="embedded|URL", help="the OpenNebula that federations run on")
    add("--hypervisor", default="process", metavar="process|docker|qemu", help="where the embedded cloud runs VMs")
    add(
        "--reports",
        default=None,
        metavar="DIR",
        help="where runs leave their reports (default: reports/ of the project)",
    )
    add("--nightly", action="store_true", help="run scenarios that take minutes, too")
    add(
        "--strategy",
        default=None,
        metavar="FILE.py:CLASS",
        help="judge this Strategy (legacy or message API) in place of FedAvg",
    )
    add("--service-template", default=None, metavar="FILE", help="judge this OneFlow service template")
    add("--boot-script", default=None, metavar="FILE", help="judge this boot script")
    add(
        "--image",
        default=None,
        metavar="QCOW2",
        help="judge this image; `reference`: the reference image, and fail where it cannot be had",
    )
    add(
        "--image-limit",
        default=str(LIMIT),
        metavar="BYTES",
        help="size that the file of the image has to stay below (default %(default)s)",
    )
    add("--expected", default=None, metavar="FILE", help="expected verdicts, with reasons, laid over the catalogue's")
    add("--toxiproxy", default=None, metavar="FILE", help="executable of Toxiproxy 2.12.0 (default: found or built)")
    add("--live", default=None, type=float, metavar="SECONDS", help="how often to say what scenarios wait for; 0 never")


def read_options(config: pytest.Config) -> Target:
    """What the options say.

    Raises:
        InputError: One of them is wrong; the text says which and what to do.
    """
    get = config.getoption
    cloud, hypervisor = str(get("--cloud")), str(get("--hypervisor"))
    if cloud not in CLOUDS:
        raise InputError(f"--cloud {cloud}: this version of the harness runs on {', '.join(CLOUDS)} only")
    if hypervisor not in HYPERVISORS:
        raise InputError(f"--hypervisor {hypervisor}: this version of the harness has {', '.join(HYPERVISORS)} only")
    live = get("--live")
    return Target(
        flower=check_supported(str(get("--flower"))),
        cloud=cloud,
        hypervisor=hypervisor,
        reports=Path(get("--reports") or config.rootpath / "reports").absolute(),
        nightly=bool(get("--nightly")),
        strategy=_strategy(get("--strategy")),
        service_template=_service_template(get("--service-template")),
        boot_script=_boot_script(get("--boot-script")),
        image=None if get("--image") == REFERENCE else _file("--image", get("--image")),
        image_required=get("--image") is not None,
        image_limit=_bytes("--image-limit", str(get("--image-limit"))),
        expected=_file("--expected", get("--expected")),
        strict=bool(get("--strict")),
        toxiproxy=_file("--toxiproxy", get("--toxiproxy")),
        live=_live(live),
    )


def _live(given: float | None) -> float:
    if given is None:
        return 10.0 if os.isatty(1) else 30.0
    if given < 0:
        raise InputError(f"--live {given}: seconds cannot be negative; 0 turns it off")
    return given


def _file(option: str, given: str | None) -> Path | None:
    if given is None:
        return None
    path = Path(given).absolute()
    if not path.is_file():
        raise InputError(f"{option} {given}: there is no such file")
    return path


def _bytes(option: str, given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given) > 0):
        raise InputError(f"{option} {given}: write a number of bytes above 0, in digits only, e.g. {LIMIT}")
    return int(given)


def _service_template(given: str | None) -> Path | None:
    path = _file("--service-template", given)
    if path is not None:
        # A template that cannot be used is refused now, and not by every scenario.
        read_service_template(path)
    return path


def _boot_script(given: str | None) -> Path | None:
    path = _file("--boot-script", given)
    if path is None:
        return None
    try:
        first = path.read_bytes()[:2]
    except OSError as error:
        raise InputError(f"--boot-script {given}: cannot be read: {error.strerror}") from error
    if first != b"#!":
        raise InputError(f"--boot-script {given}: is no script: its first line does not name its interpreter (`#!`)")
    return path


def _strategy(given: str | None) -> Strategy | None:
    if given is None:
        return None
    file, colon, name = given.rpartition(":")
    if not colon or not name.isidentifier():
        raise InputError(f"--strategy {given}: write FILE.py:CLASS, e.g. strategies.py:MyFedAvg")
    path = _file("--strategy", file)
    assert path is not None
    _check_defines(path, name)
    return Strategy(path, name)


def _check_defines(path: Path, name: str) -> None:
    """Refuse a file that is no Python, or that has nothing of that name; it is read, not run: Flower is not here.

    Raises:
        InputError: The text has the line, or the classes that there are.
    """
    try:
        body = ast.parse(path.read_bytes(), filename=str(path)).body
    except (SyntaxError, ValueError) as error:
        where = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
        raise InputError(f"--strategy {path}{where}: is not Python: {error.args[0]}") from error
    classes = [node.name for node in body if isinstance(node, ast.ClassDef)]
    others: set[str] = set()
    for node in ast.walk(ast.Module(body, [])):
        if isinstance(node, ast.Import | ast.ImportFrom):
            others |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            others.add(node.id)
    if name not in classes and name not in others and "*" not in others:
        raise InputError(f"--strategy {path}: it has no class {name}; it has {', '.join(classes) or 'none'}")
