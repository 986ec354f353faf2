"""How much memory and time a painting will take, told before the first step, and the tiles that fit into a limit."""

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
from stylenet.optimization.work import step_work
from stylenet.styles.framing import Frame
from stylenet.tiling.halo import strides

_TAKEN_WHOLE, _TAKEN_BY_TILES = 1.12, 2.4
"""Memory that is taken over memory that is used in a pass: freed blocks do not always fit what is asked for next. Measured."""

_SET_UP_STEPS = 1.4
"""What it takes to begin a level, in steps: the photo is looked at, and memory is touched for the first time. Measured."""

_PROBE_PX = (128, 320)
"""Sides of the pictures that are timed; between them lies what a step costs beside its pixels."""


def forecast(
    recipe: Recipe, encoder: OpenEncoder, levels: Sequence[Level], *, held_bytes: int, memory_bytes: int | None, timed: bool
) -> Forecast:
    """The forecast for a painting with these levels.

    Args:
        recipe: What is painted.
        encoder: Looks at it.
        levels: Coarse to fine.
        held_bytes: Of the photo, where it is painted at its own size: it is in memory already.
        memory_bytes: That the process may take; None: most of what the machine has free.
        timed: Whether a few steps are timed, which takes a second or two.

    Raises:
        UsageError: it does not fit, however small the tiles.
    """
    finest = max(levels, key=lambda level: level.width * level.height)
    pixels = finest.width * finest.height
    layers = (*recipe.style.layers, *recipe.content.layers)
    # The last steps are computed in float32 and take the most, unless there are none.
    looks = encoder.exact if recipe.pyramid.exact_steps or recipe.solver.name != "adam" else encoder.fast
    width = torch.finfo(next(looks.parameters()).dtype).bits // 8
    return_freed_memory()
    resident = psutil.Process().memory_info().rss - held_bytes
    kept = resident + int(pixels * picture_bytes(recipe, encoder.record, width))
    used = tile_bytes(encoder.record, layers, recipe.style.layers, width)
    limit = memory_limit(memory_bytes, resident, device=next(encoder.exact.parameters()).device)
    fits = kept + _TAKEN_WHOLE * used * pixels <= limit
    on_the_way = used * (_TAKEN_WHOLE if fits else _TAKEN_BY_TILES)
    tile_px = None if fits else int((limit - kept) / on_the_way)
    try:
        if tile_px is not None and tile_px < 1:
            raise UsageError("the picture alone takes more")
        frame = Frame(encoder.record, (finest.width, finest.height), layers, recipe.picture.rim_px, tile_px=tile_px)
    except UsageError:
        smallest = Frame(encoder.record, (finest.width, finest.height), layers, recipe.picture.rim_px).smallest_tile_px
        least = kept + on_the_way * smallest
        raise UsageError(
            f"{finest.width} x {finest.height} pixels need at least {megabytes(least)} MB, and {megabytes(limit)} MB are allowed; "
            "give a larger --memory or a smaller --size"
        ) from None
    largest = max(tile.pixels for tile in frame.tiles)
    return Forecast(
        memory_bytes=int(kept + on_the_way * largest),
        tile_px=tile_px,
        tiles=len(frame.tiles),
        seconds=_seconds(recipe, encoder, levels, tile_px) if timed else None,
    )


def picture_bytes(recipe: Recipe, record: EncoderRecord, width: int) -> float:
    """Bytes for every pixel of the whole picture: the photo, the picture, what the solver remembers, and the content to keep.

    `width` is that of the features' numbers, in bytes.
    """
    stride_of = strides(record)
    content = sum(record.widths[layer.replace("relu", "conv")] / stride_of[layer] ** 2 for layer in recipe.content.layers)
    match recipe.solver.name:
        case "adam":
            pictures = 5 + bool(recipe.solver.average)  # photo, picture, two memories, gradient; the average
        case "lbfgs":
            pictures = 9 + 2 * min(recipe.solver.history, max(recipe.pyramid.steps))
        case _:
            pictures = 6 + 4 * min(recipe.solver.history, recipe.solver.evaluations_per_round) + 8  # SciPy's are in float64
    return 12 * pictures + content * width


def tile_bytes(record: EncoderRecord, layers: Collection[str], watched: Collection[str], width: int) -> float:
    """Bytes for every pixel that the encoder looks at in one pass: what the way back needs, and the gradients on it."""
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
            total += channels * (width + (8 if record.pooling == "max" else 0)) / area  # where the maximum was, as a 64-bit number
        if layer in watched:
            total += channels * width / area
    return total + 3 * widest


def _seconds(recipe: Recipe, encoder: OpenEncoder, levels: Sequence[Level], tile_px: int | None) -> float:
    """Seconds of all steps, from steps that are timed at two sizes: what a step costs at all, and for its work."""
    rates = {looks: _Rate.of(recipe, encoder, looks) for looks in dict.fromkeys(_looks(recipe, encoder))}
    evaluations = recipe.solver.evaluations_per_round if recipe.solver.name == "scipy-lbfgs" else 1
    usual, last = (rates[looks] for looks in _looks(recipe, encoder))
    total = 0.0
    for level in levels:
        work = step_work(recipe, encoder.record, level, tile_px)
        exact = min(level.steps, recipe.pyramid.exact_steps) if level is levels[-1] else 0
        total += usual.seconds(work) * ((level.steps - exact) * evaluations + _SET_UP_STEPS)
        total += last.seconds(work) * exact * evaluations
    return total


def _looks(recipe: Recipe, encoder: OpenEncoder) -> tuple[VggEncoder, VggEncoder]:
    """What most steps look with, and the last ones."""
    return (encoder.fast if recipe.solver.name == "adam" else encoder.exact), encoder.exact


@dataclass(frozen=True)
class _Rate:
    """Seconds of a step: once, and for every multiply-add."""

    once: float
    each: float

    @classmethod
    def of(cls, recipe: Recipe, encoder: OpenEncoder, looks: VggEncoder) -> _Rate:
        small, large = (_step_seconds(recipe, looks, side) for side in _PROBE_PX)
        levels = (Level(width=side, height=side, steps=1, content_factor=1.0, deepest=None) for side in _PROBE_PX)
        least, most = (step_work(recipe, encoder.record, level, None) for level in levels)
        each = max(0.0, large - small) / (most - least) or large / most
        return cls(max(0.0, small - each * least), each)

    def seconds(self, work: float) -> float:
        return self.once + self.each * work


def _step_seconds(recipe: Recipe, looks: VggEncoder, side_px: int) -> float:
    device = next(looks.parameters()).device
    picture = torch.rand((1, 3, side_px, side_px), generator=torch.Generator().manual_seed(0)).to(device)
    layers = tuple(recipe.style.layers)
    frame = Frame(looks.record, (side_px, side_px), layers, recipe.picture.rim_px)
    moments = {layer: one for layer, (one,) in frame.measure(looks, picture.flip(3), watch=layers).statistics.items()}
    objective = Objective(recipe, looks, picture, [StyleTarget(moments, 1.0)])
    taken = []
    for _ in range(4):
        begun = time.perf_counter()
        objective.evaluate(picture)
        taken.append(time.perf_counter() - begun)
    return min(taken[1:])  # the first one chooses kernels
