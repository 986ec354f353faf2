"""Requests of sheets and sequences."""

from __future__ import annotations

from typing import Any

import pytest

from stylenet.errors import UsageError
from stylenet.requests.several import SequenceRequest, SheetRequest


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"strengths": ()}, "a sheet needs at least one strength, one style scale and one color mode"),
        ({"strengths": (30.0, 101.0)}, "strength is 101; allowed are"),
        ({"style_scales": (1.0, 0.1)}, r"style-scale is 0\.1; allowed are"),
        ({"colors": ("luminanse",)}, "'luminanse' is not a color mode; allowed: painting, .* Did you mean 'luminance'"),
        ({"size": 63}, "size is 63; allowed are 64 to 1024 pixels"),
    ],
)
def test_sheets_that_cannot_be(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        SheetRequest(photo="photo.png", style="senecio", **values)


def test_a_sheet_has_a_cell_for_every_combination() -> None:
    assert SheetRequest(photo="photo.png", style="senecio").count == 3 * 3 * 2
    assert SheetRequest(photo="photo.png", style="senecio", strengths=(50.0,), colors=("painting",)).count == 3


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"styles": ("senecio",)}, "a sequence needs at least two styles"),
        ({"frames": 1}, "frames is 1; allowed are 2 to 1000 pictures"),
        ({"strength": -1.0}, "strength is -1; allowed are"),
    ],
)
def test_sequences_that_cannot_be(values: dict[str, Any], reason: str) -> None:
    given = {"photo": "photo.png", "styles": ("senecio", "goldfish"), "output": "a.gif", **values}
    with pytest.raises(UsageError, match=reason):
        SequenceRequest(**given)
