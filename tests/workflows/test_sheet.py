"""Sheets and sequences: every cell is what its words say."""

from __future__ import annotations

import pytest
import torch

from stylenet.errors import UsageError
from stylenet.image.files import Picture
from stylenet.stylizers.choosing import cells
from stylenet.stylizers.plan import Options
from stylenet.stylizers.sequence import sequence, shares_on_the_way
from stylenet.stylizers.stylize import stylize
from stylenet.stylizers.stylizer import Stylizer, open_stylizer


@pytest.fixture(scope="module")
def quick() -> Stylizer:
    return open_stylizer("draft", changes={"pyramid.steps": "[2]"}, precision="float32")


def test_cells_are_the_paintings_that_their_words_make(quick: Stylizer, photo: Picture) -> None:
    made = list(
        cells(photo, "senecio", strengths=(20, 80), style_scales=(1.0,), colors=("painting", "luminance"), size_px=64, stylizer=quick)
    )
    assert [cell.words for cell in made] == [
        "--strength 20 --style-scale 1",
        "--strength 20 --style-scale 1 --keep-colors luminance",
        "--strength 80 --style-scale 1",
        "--strength 80 --style-scale 1 --keep-colors luminance",
    ]
    strong = stylize(photo, "senecio", recipe=quick, size=64, strength=80)
    assert torch.equal(made[2].image, strong.pixels)
    with pytest.raises(UsageError, match="at least one strength"):
        next(cells(photo, "senecio", strengths=(), stylizer=quick))


def test_shares_go_from_the_first_style_to_the_last() -> None:
    assert shares_on_the_way(2, 3) == [(1, 0), (0.5, 0.5), (0, 1)]
    assert shares_on_the_way(3, 5) == [(1, 0, 0), (0.5, 0.5, 0), (0, 1, 0), (0, 0.5, 0.5), (0, 0, 1)]
    for styles, frames in ((1, 5), (2, 1), (2, 1001)):
        with pytest.raises(UsageError, match=f"a sequence of {styles} styles in {frames} frames is not possible"):
            shares_on_the_way(styles, frames)


def test_a_sequence_begins_and_ends_with_its_styles(quick: Stylizer, photo: Picture) -> None:
    frames = list(sequence(quick, photo, ["senecio", "goldfish"], 3, options=Options(size=64)))
    assert len(frames) == 3
    first, last = (stylize(photo, style, recipe=quick, size=64).pixels for style in ("senecio", "goldfish"))
    assert torch.equal(frames[0].image, first)
    assert torch.equal(frames[2].image, last)
