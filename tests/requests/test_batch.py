"""Requests of batches."""

from __future__ import annotations

from typing import Any

import pytest

from stylenet.errors import OutputError, UsageError
from stylenet.requests.batch import BatchRequest

BATCH: dict[str, Any] = {"photos": ("photos",), "styles": ("senecio",), "output": "out"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"photos": ()}, "no photo is given; name at least one picture or folder"),
        ({"styles": ()}, "no style is given"),
        ({"styles": ("a", "b"), "blend": (0.5, 0.5)}, "--blend mixes styles, but batch paints every photo in each of them; omit it"),
        ({"save_every": 3}, "--save-every is for a single photo; omit it"),
        ({"format": "pgn"}, r"format is 'pgn'; allowed: png, jpg, webp, tif\. Did you mean 'png'"),
        ({"workers": 257}, "workers is 257; allowed are 1 to 256 processes"),
        ({"quality": 0}, "quality is 0; allowed are 1 to 100"),
    ],
)
def test_what_is_not_allowed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        BatchRequest(**{**BATCH, **values})


def test_a_result_does_not_depend_on_where_and_how_fast_it_is_painted() -> None:
    one = BatchRequest(**BATCH, seed=3).result_options()
    other = BatchRequest(photos=("x",), styles=("y",), output="z", workers=4, threads=2, memory="2GB", seed=3).result_options()
    assert one == other
    assert one != BatchRequest(**BATCH, seed=4).result_options()


def test_a_photo_has_the_options_of_the_batch() -> None:
    single = BatchRequest(**BATCH, seed=4, quality=80, format="jpg").single()
    assert (single.seed, single.quality, single.photo, single.styles) == (4, 80, None, ())


def test_a_format_without_quality() -> None:
    with pytest.raises(OutputError, match=r"quality is for \.jpg and \.webp"):
        BatchRequest(**BATCH, quality=80)
