"""Plans, and checks before painting."""

from __future__ import annotations

from typing import Any

import pytest

from stylenet.catalog.recipes import load_recipe
from stylenet.errors import ImageError, UsageError
from stylenet.painting.plan import make_plan, smallest_side_px
from stylenet.requests.painting import Options

STANDARD = load_recipe("standard")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 101.0}, r"strength is 101; allowed are 0 \(the photo\) to 100"),
        ({"strength": float("nan")}, "strength is nan; allowed are"),
        ({"style_scale": 0.0}, r"style-scale is 0; allowed are 0\.125"),
        ({"seed": -1}, "seed is -1; allowed are whole numbers from 0"),
        ({"save_every": -5}, "save-every is -5; allowed are"),
        ({"blend": (0.5,)}, "blend has 1 share for 2 styles; give one for each"),
        ({"blend": (0.5, -0.5)}, r"blend is 0\.5, -0\.5; shares are 0 or more"),
        ({"blend": (0.0, 0.0)}, "not all 0"),
    ],
)
def test_values_out_of_range_are_rejected(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Options(**options).check_styles(2)


def test_shares_sum_to_one() -> None:
    assert Options(blend=(3.0, 1.0)).shares(2) == (0.75, 0.25)
    assert Options().shares(4) == (0.25,) * 4


def test_a_large_photo_is_painted_smaller_and_the_plan_says_so() -> None:
    plan = make_plan(STANDARD, (4000, 3000), Options(), {})
    assert (plan.width, plan.height) == (1024, 768)
    assert plan.notices == (
        "painting at 1024 x 768 of the photo's 4000 x 3000; --size full paints at its size and takes about 15 times as long",
    )


def test_size_full_is_the_photos_own() -> None:
    plan = make_plan(STANDARD, (1500, 1000), Options(size="full"), {})
    assert (plan.width, plan.height, plan.notices) == (1500, 1000, ())


@pytest.mark.parametrize("size", [(1, 1), (7, 513)])
def test_too_small_a_photo_is_rejected_with_the_smallest_size(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match=r"needs at least 16 on each side$"):
        make_plan(STANDARD, size, Options(), {})


def test_the_smallest_side_follows_the_deepest_layer() -> None:
    assert smallest_side_px(STANDARD) == 16
    shallow = load_recipe("standard", {"style.layers.relu5_1": "0", "content.layers.relu3_1": "1"})
    assert smallest_side_px(shallow) == 16  # a layer of weight 0 is still computed
