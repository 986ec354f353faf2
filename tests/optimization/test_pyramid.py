"""Levels from coarse to fine."""

from __future__ import annotations

import pytest

from stylenet.catalog.recipe import PyramidSection
from stylenet.optimization.pyramid import SMALLEST_SIDE_PX, levels


def sizes(width: int, height: int, **section: object) -> list[tuple[int, int]]:
    return [(level.width, level.height) for level in levels(width, height, PyramidSection(**section))]  # type: ignore[arg-type]


def test_one_level_unless_asked() -> None:
    assert sizes(513, 77) == [(513, 77)]


def test_each_level_is_half_of_the_next() -> None:
    assert sizes(512, 384, coarsest_px=128) == [(128, 96), (256, 192), (512, 384)]
    assert sizes(513, 385, coarsest_px=128) == [(128, 96), (256, 192), (513, 385)]


def test_the_scales_of_style_transfer_pytorch() -> None:
    """Its five scales: 512 divided by powers of the root of 2, rounded."""
    assert [width for width, _ in sizes(512, 512, coarsest_px=128, factor=2**0.5)] == [128, 181, 256, 362, 512]


def test_a_small_picture_has_fewer_levels() -> None:
    assert sizes(100, 80, coarsest_px=128) == [(100, 80)]
    assert sizes(1, 1, coarsest_px=128) == [(1, 1)]


@pytest.mark.parametrize("size", [(2000, 70), (70, 2000), (4000, 33)])
@pytest.mark.parametrize("factor", [2.0, 1.5])
def test_a_long_strip_never_gets_thinner_than_the_deepest_layer_sees(size: tuple[int, int], factor: float) -> None:
    found = sizes(*size, coarsest_px=128, factor=factor)
    assert all(min(level) >= SMALLEST_SIDE_PX for level in found)
    assert found[-1] == size


def test_steps_and_weights_of_the_last_level_repeat() -> None:
    section = PyramidSection(coarsest_px=64, steps=(30, 20), content_weights=(2.0,))
    found = levels(512, 512, section)
    assert [level.steps for level in found] == [30, 20, 20, 20]
    assert {level.content_factor for level in found} == {2.0}


def test_deepest_layers_count_from_the_finest_level() -> None:
    section = PyramidSection(coarsest_px=128, deepest=("relu4_1", "relu5_1"))
    assert [level.deepest for level in levels(512, 512, section)] == ["relu5_1", "relu5_1", "relu4_1"]
    assert [level.deepest for level in levels(100, 100, section)] == [None]
    assert [level.deepest for level in levels(512, 512, PyramidSection(coarsest_px=128))] == [None] * 3
