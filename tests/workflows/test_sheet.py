"""Sheets and sequences: every cell is as its caption says."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.image.files import Picture
from stylenet.painting.painting import stylize
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.several import SheetRequest
from stylenet.workflows.sheet import sheet_cells


def test_cells_are_the_paintings_that_their_words_make(quick: Stylizer, photo: Picture) -> None:
    request = SheetRequest(photo="", style="", strengths=(20, 80), style_scales=(1.0,), colors=("painting", "luminance"), size=64)
    made = list(sheet_cells(photo, "senecio", request, stylizer=quick))
    assert [cell.label for cell in made] == [
        "--strength 20 --style-scale 1",
        "--strength 20 --style-scale 1 --keep-colors luminance",
        "--strength 80 --style-scale 1",
        "--strength 80 --style-scale 1 --keep-colors luminance",
    ]
    strong = stylize(photo, "senecio", recipe=quick, size=64, strength=80)
    assert np.array_equal(made[2].image, strong.pixels)
    with pytest.raises(UsageError, match="at least one strength"):
        SheetRequest(photo="", style="", strengths=())
