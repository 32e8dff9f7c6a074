"""`harness image build` and `harness image compare`: the reference edge appliance."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.errors import HarnessError, InputError
from harness.image.build.builder import Built, build
from harness.image.build.plan import Plan
from harness.image.compare import compare
from harness.image.reading import read_image
from harness.image.reference import APPLIANCE, BOOT_SCRIPT
from harness.image.rules.breakdown import break_down
from harness.image.rules.finding import megabytes
from harness.image.unread import Unread

_SHOWN = 20

app = typer.Typer(help="The reference edge appliance: build it, compare two builds.", no_args_is_help=True)


@app.command("build")
def build_image(
    *,
    output: Annotated[Path | None, typer.Option(help="Copy the image here; left out, it stays in the cache.")] = None,
    boot_script: Annotated[Path, typer.Option(help="The appliance's boot script.")] = BOOT_SCRIPT,
    flower: Annotated[str, typer.Option(help="Version of the pre-baked Flower.")] = "1.25.0",
    suite: Annotated[str, typer.Option(help="Debian's release.")] = "bookworm",
    mirror: Annotated[str | None, typer.Option(help="Address of a Debian mirror.")] = None,
    context_package: Annotated[
        Path | None, typer.Option(help="A one-context .deb, in the place of the equivalent that the harness has.")
    ] = None,
    compression: Annotated[str, typer.Option(help="zstd or zlib.")] = "zstd",
    fresh: Annotated[bool, typer.Option("--fresh", help="Build even if the cache has it.")] = False,
) -> None:
    """Build the reference QCOW2 (some minutes; root), and print its path, build times and sizes."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", flower):
        raise InputError(f"--flower {flower}: is not a version such as 1.25.0")
    if compression not in ("zstd", "zlib"):
        raise InputError(f"--compression {compression}: is neither zstd nor zlib")
    if output is not None and not output.absolute().parent.is_dir():
        raise InputError(f"--output {output}: its folder does not exist")
    plan = Plan(
        boot_script=boot_script,
        fixture=APPLIANCE / "image",
        flower=flower,
        suite=suite,
        mirror=mirror,
        context_package=context_package,
        compression=compression,
    )
    built = build(plan, fresh=fresh, say=lambda line: typer.echo(line, err=True))
    if output is not None:
        shutil.copyfile(built.image, output)
    _print(built, output or built.image)


@app.command("compare")
def compare_images(
    first: Annotated[Path, typer.Argument(help="A QCOW2.", show_default=False)],
    second: Annotated[Path, typer.Argument(help="Another.", show_default=False)],
) -> None:
    """Compare two images by packages and file list: 0 the same, 1 they differ, 2 bad input."""
    difference = compare(first, second)
    for title, lines in (
        ("packages that differ", difference.packages),
        (f"only in {first}", difference.only_first),
        (f"only in {second}", difference.only_second),
        ("files of another size", difference.sizes),
    ):
        typer.echo(f"{title}: {len(lines)}")
        for line in lines[:_SHOWN]:
            typer.echo(f"  {line}")
        if len(lines) > _SHOWN:
            typer.echo(f"  and {len(lines) - _SHOWN} more")
    typer.echo(f"{difference.files:,} paths: {'the same' if difference.same else 'not the same'}")
    if not difference.same:
        raise typer.Exit(1)


def _print(built: Built, where: Path) -> None:
    parts = break_down(read_image(built.image, full=False))
    total = sum(built.seconds.values())
    steps = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in built.seconds.items())
    typer.echo(f"{where}: {built.image.stat().st_size:,} bytes, content {built.key}")
    typer.echo(f"{'from the cache; it was built' if built.cached else 'built'} in {total:.0f} s: {steps}")
    if not isinstance(parts, Unread):
        for part in parts:
            typer.echo(f"  {part.label:36}{megabytes(part.bytes):>12}{part.estimated():>16}")


if __name__ == "__main__":
    # The same as `harness image`, for these commands alone.
    try:
        app()
    except HarnessError as error:
        typer.echo(str(error), err=True)
        sys.exit(2 if isinstance(error, InputError) else 3)
