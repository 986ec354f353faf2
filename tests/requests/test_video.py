"""Requests of clips."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from stylenet.errors import UsageError
from stylenet.requests.video import VideoRequest, parse_time

CLIP: dict[str, Any] = {"clip": "a.mp4", "styles": ("senecio",), "output": "out.mp4"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"styles": ()}, "no style is given"),
        ({"save_every": 5}, "--save-every is for a single photo; omit it"),
        ({"strengths": (20.0,)}, r"1 strengths are given; write the first and the last, such as 20\.\.80"),
        ({"strengths": (20.0, 180.0)}, "strength is 180; allowed are"),
        ({"begin": "5", "end": "0:05"}, "--from 5 is not before --to 0:05; give a later --to"),
        ({"begin": "soon"}, "'soon' is not a time; write seconds, 1:05 or 1:02:03.5"),
        ({"feather": 3.0}, "feather is 3, but there is no mask to soften"),
        ({"fps": 0.0}, "fps is 0; allowed are above 0"),
        ({"workers": 0}, "workers is 0; allowed are 1 to 256 processes"),
        ({"quality": 5}, "there is no option 'quality'"),
    ],
)
def test_what_is_not_allowed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        VideoRequest.of({**CLIP, **values})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("12.5", Fraction(25, 2)), ("0.1", Fraction(1, 10)), ("1:05", 65), ("1:02:03.5", Fraction(7447, 2)), (" 90 ", 90)],
)
def test_times_are_exact(text: str, seconds: Fraction) -> None:
    assert parse_time(text) == seconds


def test_strength_moves_evenly_from_first_to_last() -> None:
    request = VideoRequest(**CLIP, strengths=(20.0, 80.0))
    assert [request.strength_at(share) for share in (-1, 0, 0.25, 1, 2)] == [20, 20, 35, 80, 80]
    assert VideoRequest(**CLIP, strength=30.0).strength_at(0.7) == 30


def test_a_frame_has_the_options_of_the_clip() -> None:
    single = VideoRequest(**CLIP, seed=4, recipe="draft", masks=("m.png=photo",)).single()
    assert (single.seed, single.recipe, single.photo, single.masks) == (4, "draft", None, ())
