"""Forecast memory and time of an optimization before the first step, and choose tiles that fit a memory limit."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import psutil
import torch

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.encoders.freed_memory import return_freed_memory
from stylenet.encoders.opening import OpenEncoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.memory import megabytes, memory_limit
from stylenet.engines.protocol import Forecast
from stylenet.errors import UsageError
from stylenet.optimization.objective import Objective
from stylenet.optimization.pyramid import Level
from stylenet.optimization.terms.base import StyleTarget
from stylenet.optimization.work import SET_UP_STEPS, step_work
from stylenet.styles.framing import Frame
from stylenet.tiling.halo import strides

_OVERHEAD_WHOLE, _OVERHEAD_TILED = 1.12, 2.4
"""Allocated memory divided by memory in use, due to fragmentation; measured without tiles and with tiles."""

_PROBE_PX = (128, 320)
"""Sides of the timed pictures. The two times separate the fixed cost of a step from the cost per pixel."""


def forecast(
    recipe: Recipe, encoder: OpenEncoder, levels: Sequence[Level], *, held_bytes: int, memory_bytes: int | None, timed: bool
) -> Forecast:
    """Forecast memory, tiles and time for these levels.

    Args:
        recipe: The recipe.
        encoder: The encoder.
        levels: Levels from coarse to fine.
        held_bytes: Size of the photo if it is painted at its own size and therefore already in memory.
        memory_bytes: Memory limit of the process; None: most of the machine's free memory.
        timed: Whether to time a few steps, which takes a second or two.

    Raises:
        UsageError: the painting does not fit into memory even with the smallest tiles.
    """
    finest = max(levels, key=lambda level: level.width * level.height)
    pixels = finest.width * finest.height
    layers = (*recipe.style.layers, *recipe.content.layers)
    # The final steps may be computed in float32; these use the most memory.
    network = encoder.exact if recipe.pyramid.exact_steps or recipe.solver.name != "adam" else encoder.fast
    width = torch.finfo(next(network.parameters()).dtype).bits // 8
    return_freed_memory()
    resident = psutil.Process().memory_info().rss - held_bytes
    kept = resident + int(pixels * picture_bytes(recipe, encoder.record, width))
    used = tile_bytes(encoder.record, layers, recipe.style.layers, width)
    limit = memory_limit(memory_bytes, resident, device=next(encoder.exact.parameters()).device)
    fits = kept + _OVERHEAD_WHOLE * used * pixels <= limit
    per_px = used * (_OVERHEAD_WHOLE if fits else _OVERHEAD_TILED)
    tile_px = None if fits else int((limit - kept) / per_px)
    try:
        if tile_px is not None and tile_px < 1:
            raise UsageError("the picture alone exceeds the limit")
        frame = Frame(encoder.record, (finest.width, finest.height), layers, recipe.picture.rim_px, tile_px=tile_px)
    except UsageError:
        smallest = Frame(encoder.record, (finest.width, finest.height), layers, recipe.picture.rim_px).smallest_tile_px
        needed = kept + per_px * smallest
        raise UsageError(
            f"{finest.width} x {finest.height} pixels need at least {megabytes(needed)} MB, and {megabytes(limit)} MB are allowed; "
            "give a larger --memory or a smaller --size",
            code="out-of-memory",
        ) from None
    largest = max(tile.pixels for tile in frame.tiles)
    return Forecast(
        memory_bytes=int(kept + per_px * largest),
        tile_px=tile_px,
        tiles=len(frame.tiles),
        seconds=_seconds(recipe, encoder, levels, tile_px) if timed else None,
    )


def picture_bytes(recipe: Recipe, record: EncoderRecord, width: int) -> float:
    """Bytes per pixel of the whole picture, for the photo, the picture, the state of the solver and the content target.

    `width` is the size of one feature value, in bytes.
    """
    stride_of = strides(record)
    content = sum(record.widths[layer.replace("relu", "conv")] / stride_of[layer] ** 2 for layer in recipe.content.layers)
    match recipe.solver.name:
        case "adam":
            pictures = 5 + bool(recipe.solver.average)  # photo, picture, two moments, gradient; the average
        case "lbfgs":
            pictures = 9 + 2 * min(recipe.solver.history, max(recipe.pyramid.steps))
        case _:
            pictures = 6 + 4 * min(recipe.solver.history, recipe.solver.evaluations_per_round) + 8  # SciPy uses float64
    return 12 * pictures + content * width


def tile_bytes(record: EncoderRecord, layers: Collection[str], measured_layers: Collection[str], width: int) -> float:
    """Bytes per pixel of a tile: the activations saved for the backward pass, the gradients, and the layers that are measured."""
    stride_of = strides(record)
    deepest = max(record.layers.index(layer) for layer in layers)
    total, widest, channels = 3.0 * (width + 4), 0.0, 3
    for layer in record.layers[: deepest + 1]:
        area = stride_of[layer] ** 2
        if layer.startswith("conv"):
            channels = record.widths[layer]
            total += (channels + record.ranks.get(layer, 0)) * width / area
            widest = max(widest, channels * width / area)
        elif layer.startswith("pool"):
            total += channels * (width + (8 if record.pooling == "max" else 0)) / area  # 64-bit indices of the maxima
        if layer in measured_layers:
            total += channels * width / area
    return total + 3 * widest


def _seconds(recipe: Recipe, encoder: OpenEncoder, levels: Sequence[Level], tile_px: int | None) -> float:
    """Seconds of all steps, estimated from steps timed at two sizes."""
    rates = {network: _Rate.of(recipe, encoder, network) for network in dict.fromkeys(_networks(recipe, encoder))}
    evaluations = recipe.solver.evaluations_per_round if recipe.solver.name == "scipy-lbfgs" else 1
    main, final = (rates[network] for network in _networks(recipe, encoder))
    total = 0.0
    for level in levels:
        work = step_work(recipe, encoder.record, level, tile_px)
        exact = min(level.steps, recipe.pyramid.exact_steps) if level is levels[-1] else 0
        total += main.seconds(work) * ((level.steps - exact) * evaluations + SET_UP_STEPS)
        total += final.seconds(work) * exact * evaluations
    return total


def _networks(recipe: Recipe, encoder: OpenEncoder) -> tuple[VggEncoder, VggEncoder]:
    """The encoder of most steps, and that of the final ones."""
    return (encoder.fast if recipe.solver.name == "adam" else encoder.exact), encoder.exact


@dataclass(frozen=True)
class _Rate:
    """Fixed seconds of a step, and seconds per multiply-add."""

    fixed: float
    per_work: float

    @classmethod
    def of(cls, recipe: Recipe, encoder: OpenEncoder, network: VggEncoder) -> _Rate:
        small, large = (_step_seconds(recipe, network, side) for side in _PROBE_PX)
        levels = (Level(width=side, height=side, steps=1, content_factor=1.0, deepest=None) for side in _PROBE_PX)
        small_work, large_work = (step_work(recipe, encoder.record, level, None) for level in levels)
        per_work = max(0.0, large - small) / (large_work - small_work) or large / large_work
        return cls(max(0.0, small - per_work * small_work), per_work)

    def seconds(self, work: float) -> float:
        return self.fixed + self.per_work * work


def _step_seconds(recipe: Recipe, network: VggEncoder, side_px: int) -> float:
    device = next(network.parameters()).device
    picture = torch.rand((1, 3, side_px, side_px), generator=torch.Generator().manual_seed(0)).to(device)
    layers = tuple(recipe.style.layers)
    frame = Frame(network.record, (side_px, side_px), layers, recipe.picture.rim_px)
    moments = {layer: one for layer, (one,) in frame.measure(network, picture.flip(3), moments_of=layers).statistics.items()}
    objective = Objective(recipe, network, picture, [StyleTarget(moments, 1.0)])
    seconds = []
    for _ in range(4):
        started = time.perf_counter()
        objective.evaluate(picture)
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])  # the first step selects kernels
