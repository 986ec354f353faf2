"""Contact sheets: positions of the pictures, and captions."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.image.sheet import contact_sheet
from stylenet.shapes import Image

PAPER = np.array([250, 249, 246], np.float32) / 255


def flat(red: float, *, width: int = 40, height: int = 30) -> Image:
    image = np.zeros((1, 3, height, width), np.float32)
    image[:, 0] = red
    return image


def test_pictures_lie_in_rows() -> None:
    sheet = contact_sheet([("one", flat(1.0)), ("two", flat(0.6)), ("three", flat(0.2, width=30, height=40))], columns=2, cell_px=64)
    gap, caption = 4, 30
    assert sheet.shape == (1, 3, gap + 48 + caption + gap + 64 + caption + gap, gap + 2 * (64 + gap))
    assert sheet[0, :, gap + 24, gap + 32].tolist() == [1, 0, 0]
    assert sheet[0, 0, gap + 24, 2 * gap + 64 + 32].item() == pytest.approx(0.6)
    assert sheet[0, 0, gap + 48 + caption + gap + 32, gap + 32].item() == pytest.approx(0.2)
    assert np.array_equal(sheet[0, :, -1, -1], PAPER)


def test_a_lower_picture_lies_in_the_middle_of_its_row() -> None:
    sheet = contact_sheet([("", flat(1.0, width=40, height=40)), ("", flat(1.0, width=40, height=20))], columns=2, cell_px=64)
    is_red = (sheet[0, 1] == 0)[:, 4 + 64 + 4 + 32]
    assert is_red.nonzero()[0].tolist() == list(range(4 + 16, 4 + 48))


def test_captions_are_written_and_kept_within_their_cell() -> None:
    long = "a caption that is far too long for a cell of this width, and then some"
    without = contact_sheet([("", flat(1.0)), ("", flat(1.0))], columns=2, cell_px=100)
    sheet = contact_sheet([(long, flat(1.0)), ("", flat(1.0))], columns=2, cell_px=100)
    changed = (sheet != without).any(axis=1)[0]
    assert changed.any()
    assert not changed[:, 104:].any()
    assert not changed[: 4 + 75].any()


def test_columns_by_default_make_a_square() -> None:
    assert contact_sheet([("", flat(1.0, width=20, height=20))] * 4, cell_px=20).shape[3] == 4 + 2 * 24


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        ([], {}, "a sheet needs at least one"),
        ([("", flat(1))], {"columns": 0}, "a sheet of 0 columns"),
        ([("", flat(1))], {"cell_px": 3}, "of 3 px"),
    ],
)
def test_sheets_that_cannot_be_made(cells: list[tuple[str, Image]], options: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        contact_sheet(cells, **options)
