"""Sequences: from the first style to the last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.events import Notice
from stylenet.image.files import Picture, save_image
from stylenet.painting.painting import stylize
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.painting import Options
from stylenet.requests.several import SequenceRequest
from stylenet.workflows.sequence import paint_sequence, sequence, shares_by_frame


def test_shares_go_from_the_first_style_to_the_last() -> None:
    assert shares_by_frame(2, 3) == [(1, 0), (0.5, 0.5), (0, 1)]
    assert shares_by_frame(3, 5) == [(1, 0, 0), (0.5, 0.5, 0), (0, 1, 0), (0, 0.5, 0.5), (0, 0, 1)]
    for styles, frames in ((1, 5), (2, 1), (2, 1001)):
        with pytest.raises(UsageError, match=f"a sequence of {styles} styles in {frames} frames is not possible"):
            shares_by_frame(styles, frames)


def test_a_sequence_begins_and_ends_with_its_styles(quick: Stylizer, photo: Picture) -> None:
    frames = list(sequence(quick, photo, ["senecio", "goldfish"], 3, options=Options(size=64)))
    assert len(frames) == 3
    first, last = (stylize(photo, style, recipe=quick, size=64).pixels for style in ("senecio", "goldfish"))
    assert np.array_equal(frames[0].image, first)
    assert np.array_equal(frames[2].image, last)


def test_frames_of_a_longer_sequence_are_told(photo: Picture, tmp_path: Path) -> None:
    save_image(photo.pixels, tmp_path / "photo.png")

    def notices(frames: int) -> list[str]:
        request = SequenceRequest.of(
            {
                "photo": str(tmp_path / "photo.png"),
                "styles": ("senecio", "goldfish"),
                "output": str(tmp_path / "out"),
                "frames": frames,
                "recipe": "instant",
                "size": 48,
            }
        )
        return [event.message for event in paint_sequence(request) if isinstance(event, Notice)]

    out = tmp_path / "out"
    assert notices(4) == []
    assert notices(3) == [f"'{out}' also contains 1 frame of a longer sequence, 0004.png"]
    assert notices(2) == [f"'{out}' also contains 2 frames of a longer sequence, 0003.png to 0004.png"]
