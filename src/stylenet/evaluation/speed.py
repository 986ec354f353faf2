"""Measuring the speed and memory of recipes, each in its own process."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch

from stylenet.catalog.networks import network_files
from stylenet.catalog.recipes import load_recipe
from stylenet.engines.devices import set_threads
from stylenet.errors import StylenetError, WeightsError
from stylenet.image.files import Picture
from stylenet.image.resize import resize
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options, RecipeOptions

SIZES_PX = (256, 512, 1024, 2048, 4096)

LONGEST_SECONDS = 60.0
"""Default limit on the estimated time of a painting; slower ones are not measured."""

_ENOUGH_SECONDS = 20.0
"""Time after which a measurement is not repeated."""

_STYLE = "starry-night"

_PHOTO_PX = 64
"""Side of the photo for estimates; the size of the painting is an option."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A measurement to make.

    Attributes:
        recipe: Name or file.
        style: The style, as for `stylize`.
        size_px: Side of a square picture.
        repeats: Number of paintings after the first one, which is a warm-up and counts only if it takes so long that there are no others.
        device: The device, as for `open_stylizer`.
        threads: Number of CPU threads; None: torch's default.
    """

    recipe: str
    style: str
    size_px: int
    repeats: int
    device: str = "auto"
    threads: int | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The result of a measurement.

    Attributes:
        recipe: Name or file.
        size_px: Side of the square picture.
        seconds: Time of each painting, with the photo in memory and the style opened before.
        memory_bytes: Peak memory of the process.
        device_bytes: Peak GPU memory.
        forecast_seconds: Estimate for a painting that was skipped because it takes too long.
        problem: Why there is no measurement.
    """

    recipe: str
    size_px: int
    seconds: tuple[float, ...] = ()
    memory_bytes: int = 0
    device_bytes: int = 0
    forecast_seconds: float | None = None
    problem: str = ""

    @property
    def median_seconds(self) -> float:
        """Median time of a painting, if it was measured."""
        return statistics.median(self.seconds)


def bench(
    recipes: Sequence[str],
    sizes_px: Sequence[int],
    *,
    repeats: int,
    longest_seconds: float | None = LONGEST_SECONDS,
    device: str = "auto",
    threads: int | None = None,
) -> Iterator[Measured]:
    """Measure each recipe at each size, one after another; results of failed measurements contain the reason.

    Args:
        recipes: Names or files.
        sizes_px: Sides of square pictures.
        repeats: Number of paintings.
        longest_seconds: Skip measurements with a longer estimate; None: skip none.
        device: The device, as for `open_stylizer`.
        threads: Number of CPU threads.

    Raises:
        RecipeError: a recipe is unknown or invalid.
        UsageError: the device is not available.
    """
    set_threads(RecipeOptions(threads=threads).threads)  # for the estimates, which are made in this process
    for recipe in recipes:
        load_recipe(recipe)  # reports errors now, not after minutes
    for recipe in recipes:
        try:
            stylizer = open_stylizer(recipe, device=device)
            style = _style_for(stylizer)
        except WeightsError as error:
            yield from (Measured(recipe=recipe, size_px=size_px, problem=str(error)) for size_px in sizes_px)
            continue
        for size_px in sizes_px:
            try:
                seconds = None if longest_seconds is None else _forecast_seconds(stylizer, size_px)
            except StylenetError as error:
                yield Measured(recipe=recipe, size_px=size_px, problem=str(error))
                continue
            if longest_seconds is not None and seconds is not None and seconds > longest_seconds:
                yield Measured(recipe=recipe, size_px=size_px, forecast_seconds=seconds)
                continue
            yield measure_in_subprocess(Task(recipe=recipe, style=style, size_px=size_px, repeats=repeats, device=device, threads=threads))


def measure_in_subprocess(task: Task) -> Measured:
    """Run `measure` in a new process."""
    command = [sys.executable, "-c", "from stylenet.evaluation.speed import serve_measurement; serve_measurement()"]
    done = subprocess.run(command, input=msgspec.json.encode(task), capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"its process ended with code {done.returncode}"]
        return Measured(recipe=task.recipe, size_px=task.size_px, problem=reason[0])
    return msgspec.json.decode(done.stdout, type=Measured)


def serve_measurement() -> None:
    """Entry point of the process: read a task from standard input and write its measurement."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    try:
        measured = measure(task)
    except StylenetError as error:
        measured = Measured(recipe=task.recipe, size_px=task.size_px, problem=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(measured))


def measure(task: Task) -> Measured:
    """Measure the time of paintings and the peak memory of this process.

    Raises:
        StylenetError: painting fails.
    """
    set_threads(task.threads)
    stylizer = open_stylizer(task.recipe, device=task.device)
    style = stylizer.open_style(task.style)
    photo = _photo(task.size_px)
    seconds: list[float] = []
    while len(seconds) <= task.repeats and sum(seconds) < _ENOUGH_SECONDS:
        start = time.perf_counter()
        for _ in stylizer.stylize(photo, style, Options(size=task.size_px)):
            pass
        seconds.append(time.perf_counter() - start)
    return Measured(
        recipe=task.recipe,
        size_px=task.size_px,
        seconds=tuple(seconds[1:] or seconds),
        memory_bytes=peak_bytes(),
        device_bytes=torch.cuda.max_memory_allocated() if stylizer.machine()["device"] == "cuda" else 0,
    )


def peak_bytes() -> int:
    """Peak memory of this process."""
    status = Path("/proc/self/status")
    # On Linux, a new process inherits the peak that `getrusage` reports from its parent.
    found = re.search(r"VmHWM:\s*([0-9]+) kB", status.read_text(encoding="utf-8")) if status.exists() else None
    if found is not None:
        return 1024 * int(found[1])
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(psutil.Process().memory_info().peak_wset)  # type: ignore[attr-defined]
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes if sys.platform == "darwin" else 1024 * kilobytes  # macOS counts in bytes


def _forecast_seconds(stylizer: Stylizer, size_px: int) -> float | None:
    """Estimated time of a painting; None if there is no estimate."""
    style = stylizer.open_style(_style_for(stylizer))
    return stylizer.plan(_photo(_PHOTO_PX), Options(size=size_px), styles=[style], timed=True).values.get("seconds")


def _style_for(stylizer: Stylizer) -> str:
    if stylizer.recipe.method != "network" or stylizer.recipe.network.name:
        return _STYLE
    trained = sorted(set(network_files()) - {"instant"})
    if not trained:
        raise WeightsError("there is no included network for one painting")
    return trained[0]


def _photo(side_px: int) -> Picture:
    """A picture of soft spots of color; the content does not affect the time."""
    spots = np.random.default_rng(0).random((1, 3, 16, 16), dtype=np.float32)
    return Picture(pixels=resize(spots, (side_px, side_px)))
