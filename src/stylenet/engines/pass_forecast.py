"""How much memory and time a painting in one pass takes, and the tiles that fit into a limit."""

from __future__ import annotations

from collections.abc import Collection

import psutil
import torch

from stylenet.catalog.networks import AnyRecord
from stylenet.encoders.freed_memory import return_freed_memory
from stylenet.engines.memory import megabytes, memory_limit
from stylenet.engines.protocol import Forecast
from stylenet.errors import UsageError
from stylenet.networks.picture_sizes import shares_by_size
from stylenet.networks.registry import network_class

_PICTURES_BYTES, _FINISHED_BYTES = 24, 36
"""For every pixel of a painting in one pass: photo and painting; when it is done, the painting with its values bounded, too."""

_SET_UP_BYTES = 24 * 2**20
"""What a network takes beside its tiles: kernels are made for every shape. Measured."""

RETURNED_BYTES = 2**18
"""Blocks of this size and more go back to the system between tiles: these have a shape of their own in every pass. Kept as in optimization,
they took four times the memory; this takes half as much time again."""


def forecast_pass(
    device: torch.device,
    records: Collection[AnyRecord],
    size: tuple[int, int],
    *,
    held_bytes: int,
    memory_bytes: int | None,
    dtype: torch.dtype,
) -> Forecast:
    """The forecast for one pass of networks over a picture.

    Args:
        device: That paints.
        records: Of the networks, which paint one after the other.
        size: Width and height, pixels.
        held_bytes: As in `forecast`.
        memory_bytes: As in `forecast`.
        dtype: What the networks compute with.

    Raises:
        UsageError: it does not fit, nor by tiles.
    """
    width, height = size
    pixels = width * height
    each = max(network_class(record).bytes_per_px(record, torch.finfo(dtype).bits // 8) for record in records)
    if memory_bytes is not None:  # elsewhere it is used again, which is faster
        return_freed_memory()
    resident = psutil.Process().memory_info().rss - held_bytes
    kept = resident + _PICTURES_BYTES * pixels
    limit = memory_limit(memory_bytes, resident, device=device)
    needed = kept + round(each * pixels)
    if needed <= limit:
        return Forecast(memory_bytes=needed, tile_px=None, tiles=1)
    most = max(0, limit - resident) / (_PICTURES_BYTES + each)
    told = f"a picture of {pixels / 1e6:.1f} megapixels takes {megabytes(needed)} MB in one pass, and there are {megabytes(limit)} MB"
    finished = resident + _FINISHED_BYTES * pixels
    tile_px = 0 if limit < finished else max(0, int((limit - kept - _SET_UP_BYTES) / each))
    try:
        tiles = max(_tile_count(record, height, width, tile_px) for record in records)
    except UsageError as error:
        raise UsageError(
            f"{told}: {error}; up to {most / 1e6:.1f} megapixels fit in one piece: give a smaller --size, or more --memory"
        ) from None
    return Forecast(memory_bytes=kept + _SET_UP_BYTES + round(each * tile_px), tile_px=tile_px, tiles=tiles)


def pass_work(record: AnyRecord, size: tuple[int, int], tile_px: int | None) -> float:
    """Pixels that a network goes over in one piece in the time that it takes for a picture.

    By tiles there is a pass for every normalization, each about one layer deeper than the one before.

    Args:
        record: Of the network.
        size: Width and height, pixels.
        tile_px: Pixels of a tile; None: in one piece.
    """
    width, height = size
    network = network_class(record)
    halved = 1 / shares_by_size(height, width, 1.0)[height, width] if network.paints_small_first else 1.0
    seen: float = width * height
    rest = (halved - 1) * seen
    passes = network.geometry(record, height, width)
    if tile_px is not None and seen > tile_px and passes is not None:
        depths = ((index + 1) / len(passes.fields) for index in range(len(passes.fields)))
        seen = sum(depth * tile.pixels for depth, field in zip(depths, passes.fields, strict=True) for tile in passes.tiles(field, tile_px))
    return seen + rest


def _tile_count(record: AnyRecord, height: int, width: int, tile_px: int) -> int:
    """Tiles of the last pass, which have the widest halo."""
    geometry = network_class(record).geometry(record, height, width)
    if geometry is None:
        raise UsageError(f"{record.kind} networks paint in one piece")
    return len(geometry.tiles(geometry.fields[-1], tile_px))
