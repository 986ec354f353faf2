"""A description of this machine, and a self-test of its speed."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stylenet.engines.sessions import available_cores
from stylenet.events import Done, Step
from stylenet.extras import is_installed, require
from stylenet.image.files import Picture
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options

TEST_PX = 512
"""Side of the picture in the self-test."""

_WARM_UP_STEPS = 2  # the first steps select kernels and allocate memory


@dataclass(frozen=True, kw_only=True)
class Speed:
    """The result of a self-test.

    Attributes:
        steps_per_second: Steps per second of the finest level of the default recipe at `TEST_PX` squared.
        steps: Number of measured steps.
        estimate_seconds: Estimated time for a picture of that size with the default recipe, all levels included.
        device: The device.
        precision: Precision of the features.
    """

    steps_per_second: float
    steps: int
    estimate_seconds: float
    device: str
    precision: str


@dataclass(frozen=True, kw_only=True)
class PassSpeed:
    """The result of a self-test of the network.

    Attributes:
        seconds: Median time of one pass over a picture of `TEST_PX` squared.
        passes: Number of measured passes.
        device: The device.
        precision: Precision of the computation.
    """

    seconds: float
    passes: int
    device: str
    precision: str


def describe_machine() -> Mapping[str, Any]:
    """CPU, memory, accelerators and threads as plain values, without measuring. Accelerators are detected only with torch."""
    details = _torch_details() if is_installed("torch") else {"threads": available_cores(), "bfloat16_units": [], "cuda": [], "mps": False}
    return {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        **details,
        "memory_bytes": _memory_bytes(),
    }


def _torch_details() -> dict[str, Any]:
    torch = require("torch", "describing the machine")
    from stylenet.encoders.precision import bfloat16_units

    cuda = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return {
        "threads": torch.get_num_threads(),
        "bfloat16_units": list(bfloat16_units()),
        "cuda": cuda,
        "mps": bool(torch.backends.mps.is_available()),
    }


def measure_pass(*, seconds: float = 5.0, device: str = "auto", precision: str = "auto", threads: int | None = None) -> PassSpeed:
    """The speed of the network for all styles, measured by painting a synthetic picture for `seconds`.

    Raises:
        StylenetError: painting fails.
    """
    stylizer = open_stylizer("instant", device=device, precision=precision, threads=threads)
    picture, style = _synthetic(seed=1), stylizer.open_style(_synthetic(seed=2).pixels)
    durations: list[float] = []
    start = time.perf_counter()
    while len(durations) < 2 or time.perf_counter() - start < seconds:  # the first pass also measures the style
        pass_start = time.perf_counter()
        for _ in stylizer.stylize(picture, style, Options(size=TEST_PX)):
            pass
        durations.append(time.perf_counter() - pass_start)
    machine = stylizer.machine()
    return PassSpeed(
        seconds=statistics.median(durations[1:]),
        passes=len(durations) - 1,
        device=str(machine["device"]),
        precision=str(machine["precision"]),
    )


def measure_speed(*, seconds: float = 5.0, device: str = "auto", precision: str = "auto") -> Speed:
    """The speed of the default recipe, measured by painting a synthetic picture for `seconds`.

    Raises:
        StylenetError: painting fails.
    """
    default = open_stylizer(device=device, precision=precision)
    stylizer = open_stylizer(changes={"pyramid.coarsest_px": "0", "pyramid.steps": "[100000]"}, device=device, precision=precision)
    picture = _synthetic(seed=1)
    steps: list[Step] = []

    def is_long_enough() -> bool:
        return len(steps) > _WARM_UP_STEPS and time.perf_counter() - start >= seconds

    start = time.perf_counter()
    for event in stylizer.stylize(picture, _synthetic(seed=2), Options(size=TEST_PX), should_stop=is_long_enough):
        if isinstance(event, Step):
            steps.append(event)
        elif isinstance(event, Done):
            break
    measured = steps[_WARM_UP_STEPS:]
    speed = len(measured) / max(steps[-1].seconds - steps[_WARM_UP_STEPS - 1].seconds, 1e-9)
    machine = default.machine()
    return Speed(
        steps_per_second=speed,
        steps=len(measured),
        estimate_seconds=_full_size_steps(default, picture) / speed,
        device=machine["device"],
        precision=machine["precision"],
    )


def _full_size_steps(stylizer: Stylizer, picture: Picture) -> float:
    """The number of full-size steps that take as long as all steps of a recipe; the time of a step is proportional to its pixels."""
    plan = stylizer.plan(picture, Options(size=TEST_PX))
    return sum(level.steps * level.width * level.height for level in plan.levels) / TEST_PX**2


def _synthetic(seed: int) -> Picture:
    """A picture of waves and grain, the same on every machine."""
    generator = np.random.default_rng(seed)
    axis = np.linspace(0, 6.28, TEST_PX, dtype=np.float32)
    phases = generator.random((3, 2), dtype=np.float32) * 6.28
    waves = [np.sin(3 * axis[:, None] + phase[0]) * np.cos(2 * axis[None, :] + phase[1]) for phase in phases]
    grain = generator.random((3, TEST_PX, TEST_PX), dtype=np.float32) - 0.5
    return Picture(pixels=(0.5 + 0.35 * np.stack(waves) + 0.2 * grain).clip(0, 1).astype(np.float32)[None])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None  # Windows
