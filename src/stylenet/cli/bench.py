"""`stylenet bench`: speed and memory of the recipes on this machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from stylenet.cli import options
from stylenet.errors import UsageError
from stylenet.extras import require

if TYPE_CHECKING:
    from stylenet.evaluation.speed import Measured

_QUICK_SIZES = "256,512"
_LARGEST_PX = 16384


def bench(
    *,
    recipes: Annotated[
        str | None,
        typer.Option("--recipes", metavar="NAMES", help="Recipes to measure, such as instant,draft; default: the everyday ones."),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option("--sizes", metavar="SIZES", help="Sides of square pictures in pixels, such as 256,512; default: 256 to 4096."),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, max=1000, help="Number of runs; the median is reported.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Small sizes, painted once.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also run measurements expected to take longer than a minute.")] = False,
    device: options.Device = None,
    threads: options.Threads = None,
    json: options.JsonList = False,
) -> None:
    """Measure pictures per second and memory of the recipes at several sizes, each in its own process."""
    from stylenet.catalog.recipes import EVERYDAY, recipe_names

    known = [name for name in EVERYDAY if name in recipe_names()]
    names = known if recipes is None else _words(recipes)
    if not names:
        raise UsageError(f"--recipes is '{recipes}'; allowed are names of recipes, such as {','.join(known)}")
    sides = _sides(_QUICK_SIZES if sizes is None and quick else sizes)

    import msgspec

    require("torch", "measuring the recipes")
    from stylenet.evaluation.machine import describe_machine
    from stylenet.evaluation.speed import LONGEST_SECONDS, SIZES_PX
    from stylenet.evaluation.speed import bench as measurements

    found = measurements(
        names,
        sides or SIZES_PX,
        repeats=1 if quick else repeats,
        longest_seconds=None if everything else LONGEST_SECONDS,
        device=device or "auto",
        threads=threads,
    )
    if json:
        measured = list(found)
        print(msgspec.json.encode({"machine": describe_machine(), "measurements": measured}).decode())
        return
    first = max(len("recipe"), *map(len, names))
    head = f"{'recipe':<{first}}  {'size':>5}  {'pictures/s':>10}  {'seconds':>8}  {'fastest':>8}  {'slowest':>8}  {'memory':>8}"
    for index, row in enumerate(found):
        if index == 0:
            print(head)
        print(f"{row.recipe:<{first}}  {row.size_px:>5}  {_cells(row)}", flush=True)


def _cells(measured: Measured) -> str:
    if measured.problem:
        return measured.problem
    if measured.forecast_seconds is not None:
        return f"would take about {measured.forecast_seconds:.0f} s; --all runs it"
    median = measured.median_seconds
    times = "  ".join(f"{seconds:>8.3g}" for seconds in (median, min(measured.seconds), max(measured.seconds)))
    gpu_memory = f", {measured.device_bytes / 1e9:.2f} GB on the GPU" if measured.device_bytes else ""
    return f"{1 / median:>10.3g}  {times}  {measured.memory_bytes / 1e9:>5.2f} GB{gpu_memory}"


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


def _sides(text: str | None) -> list[int] | None:
    if text is None:
        return None
    words = _words(text)
    if not words or not all(re.fullmatch("[0-9]{1,5}", word) and 16 <= int(word) <= _LARGEST_PX for word in words):
        raise UsageError(f"--sizes is '{text}'; allowed are sides of square pictures, 16 to {_LARGEST_PX} pixels, such as 256,512,1024")
    return [int(word) for word in words]
