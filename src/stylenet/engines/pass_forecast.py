"""Forecast memory and time of one-pass networks, and choose tiles that fit a memory limit."""

from __future__ import annotations

from collections.abc import Collection

import psutil
import torch

from stylenet.catalog.networks import AnyRecord
from stylenet.encoders.freed_memory import return_freed_memory
from stylenet.engines.memory import megabytes, memory_limit
from stylenet.engines.passes import program_does_not_fit
from stylenet.engines.protocol import Forecast
from stylenet.errors import UsageError
from stylenet.networks.picture_sizes import shares_by_size
from stylenet.networks.registry import network_class

_PICTURES_BYTES, _FINISHED_BYTES = 24, 36
"""Memory per pixel for photo and painting, and at the end also for the clipped painting."""

_SET_UP_BYTES = 24 * 2**20
"""Memory of a network in addition to its tiles, for kernels compiled for each shape. Measured."""

RETURNED_BYTES = 2**18
"""Blocks of this size or more are returned to the system between tiles, whose shapes differ in every pass. Keeping freed memory, as in
optimization, quadruples the memory; returning it takes 50 % more time."""


def forecast_pass(
    device: torch.device,
    records: Collection[AnyRecord],
    size: tuple[int, int],
    *,
    held_bytes: int,
    memory_bytes: int | None,
    dtype: torch.dtype,
) -> Forecast:
    """Forecast memory and tiles of networks for a picture.

    Args:
        device: Device of the networks.
        records: Architectures of the networks, which paint one after the other.
        size: Width and height in pixels.
        held_bytes: As in `forecast`.
        memory_bytes: As in `forecast`.
        dtype: Dtype of the networks.

    Raises:
        UsageError: the picture does not fit into memory, even with tiles.
    """
    width, height = size
    pixels = width * height
    per_px = max(network_class(record).bytes_per_px(record, torch.finfo(dtype).bits // 8) for record in records)
    if memory_bytes is not None:  # otherwise kept for reuse, which is faster
        return_freed_memory()
    resident = psutil.Process().memory_info().rss - held_bytes
    kept = resident + _PICTURES_BYTES * pixels
    limit = memory_limit(memory_bytes, resident, device=device)
    needed = kept + round(per_px * pixels)
    if needed <= limit:
        return Forecast(memory_bytes=needed, tile_px=None, tiles=1)
    if limit <= resident:
        raise program_does_not_fit(resident, limit, needed)
    max_px = (limit - resident) / (_PICTURES_BYTES + per_px)
    problem = f"a picture of {pixels / 1e6:.1f} megapixels needs {megabytes(needed)} MB without tiles; {megabytes(limit)} MB are allowed"
    finished = resident + _FINISHED_BYTES * pixels
    tile_px = 0 if limit < finished else max(0, int((limit - kept - _SET_UP_BYTES) / per_px))
    try:
        tiles = max(_tile_count(record, height, width, tile_px) for record in records)
    except UsageError as error:
        raise UsageError(
            f"{problem}: {error}; up to {max_px / 1e6:.1f} megapixels fit without tiles: give a smaller --size, or more --memory",
            code="out-of-memory",
        ) from None
    return Forecast(memory_bytes=kept + _SET_UP_BYTES + round(per_px * tile_px), tile_px=tile_px, tiles=tiles)


def pass_work(record: AnyRecord, size: tuple[int, int], tile_px: int | None) -> float:
    """Work for a picture, in pixels of one forward pass without tiles.

    With tiles there is a pass for every normalization, each about one layer deeper than the one before.

    Args:
        record: Architecture of the network.
        size: Width and height in pixels.
        tile_px: Pixels per tile; None: no tiles.
    """
    width, height = size
    network = network_class(record)
    all_sizes = 1 / shares_by_size(height, width, 1.0)[height, width] if network.paints_small_first else 1.0
    work: float = width * height
    smaller = (all_sizes - 1) * work
    passes = network.geometry(record, height, width)
    if tile_px is not None and work > tile_px and passes is not None:
        depths = ((index + 1) / len(passes.fields) for index in range(len(passes.fields)))
        work = sum(depth * tile.pixels for depth, field in zip(depths, passes.fields, strict=True) for tile in passes.tiles(field, tile_px))
    return work + smaller


def _tile_count(record: AnyRecord, height: int, width: int, tile_px: int) -> int:
    """Number of tiles of the last pass, which has the widest halo."""
    geometry = network_class(record).geometry(record, height, width)
    if geometry is None:
        raise UsageError(f"{record.kind} networks do not support tiles")
    return len(geometry.tiles(geometry.fields[-1], tile_px))
