"""Tiles of the slim network's head: they cover the picture, fit the limit, and give the same result as the whole."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.engines.parts import HALO_PX, FramedPhoto, features_around, parts_of, without_halo
from stylenet.errors import UsageError
from stylenet.networks.slim_geometry import APRON_PX, MARGIN_PX, SHUFFLE, mirrored


@pytest.mark.parametrize(("height", "width"), [(101, 131), (1, 1), (4, 900), (512, 384)])
@pytest.mark.parametrize("max_px", [4_000, 20_000])
def test_parts_cover_the_picture_once_and_fit(height: int, width: int, max_px: int) -> None:
    seen = np.zeros((height, width), int)
    for part in parts_of(height, width, max_px):
        seen[slice(*part.rows), slice(*part.columns)] += 1
        sides = [last - first + 2 * HALO_PX for first, last in (part.rows, part.columns)]
        assert sides[0] * sides[1] <= max_px
        assert part.rows[0] % SHUFFLE == part.columns[0] % SHUFFLE == 0
    assert (seen == 1).all()


def test_a_part_is_cut_from_the_framed_photo_and_from_its_features() -> None:
    photo = np.random.default_rng(0).random((1, 3, 60, 52), dtype=np.float32)
    whole = photo.take(mirrored(60), axis=2).take(mirrored(52), axis=3)
    quarter = whole[:, :1, APRON_PX:-APRON_PX:SHUFFLE, APRON_PX:-APRON_PX:SHUFFLE]
    for part in parts_of(60, 52, 4_000):
        around = FramedPhoto(photo).around(part)
        spans = [(MARGIN_PX + first - HALO_PX, MARGIN_PX + last + HALO_PX + 2 * APRON_PX) for first, last in (part.rows, part.columns)]
        (top, bottom), (left, right) = spans
        np.testing.assert_array_equal(around[:, :, : bottom - top, : right - left], whole[:, :, top:bottom, left:right])
        features = features_around(quarter, part)
        np.testing.assert_array_equal(features, around[:, :1, APRON_PX:-APRON_PX:SHUFFLE, APRON_PX:-APRON_PX:SHUFFLE])
        painting = around[:, :, APRON_PX:-APRON_PX, APRON_PX:-APRON_PX]
        np.testing.assert_array_equal(without_halo(painting, part), photo[:, :, slice(*part.rows), slice(*part.columns)])


def test_too_little_memory_for_any_part() -> None:
    smallest = (SHUFFLE + 2 * HALO_PX) ** 2
    assert len(list(parts_of(9, 9, smallest))) == 9
    with pytest.raises(UsageError, match=f"tiles may have {smallest - 1} pixels, but the smallest one has {smallest}; allow more memory"):
        list(parts_of(9, 9, smallest - 1))
