"""Tiles cover every pixel once, start at pooling windows, and have sufficient halos."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.tiling.grid import tile_grid

SIZES = [(1, 1), (15, 17), (64, 64), (97, 31), (101, 103), (400, 130), (131, 517)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("most", [None, 16 * 200, 5000, 20_000])
@pytest.mark.parametrize(("halo", "stride"), [(0, 1), (8, 4), (16, 16), (24, 8)])
def test_tiles_cover_the_picture_once(size: tuple[int, int], most: int | None, halo: int, stride: int) -> None:
    width, height = size
    owned = np.zeros((height, width), int)
    tiles = tile_grid(width, height, max_px=most, halo_px=halo, stride_px=stride)
    for tile in tiles:
        owned[tile.rows.first : tile.rows.last, tile.columns.first : tile.columns.last] += 1
        assert most is None or tile.pixels <= most or len(tiles) == 1
        for span, length in ((tile.columns, width), (tile.rows, height)):
            assert span.first % stride == span.start % stride == 0
            assert span.start == max(0, span.first - halo)
            assert span.stop == min(length, span.last + halo)
            assert span.last - span.first >= min(stride, length), "a tile without a position in the deepest layer"
    assert (owned == 1).all()


def test_one_tile_where_it_may_be() -> None:
    assert len(tile_grid(300, 200, max_px=60_000, halo_px=16, stride_px=16)) == 1
    assert len(tile_grid(300, 200, max_px=59_999, halo_px=16, stride_px=16)) > 1


def test_the_grid_with_the_least_work_is_taken() -> None:
    """Strips across a wide picture would include more halo than nearly square tiles."""
    tiles = tile_grid(4096, 3072, max_px=1_000_000, halo_px=80, stride_px=16)
    assert sum(tile.pixels for tile in tiles) < 1.5 * 4096 * 3072


def test_too_little_is_rejected() -> None:
    with pytest.raises(UsageError, match="tiles may have 1000 pixels, but the smallest one has 30976; allow more memory"):
        tile_grid(800, 800, max_px=1000, halo_px=80, stride_px=16)
