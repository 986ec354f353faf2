"""Palettes of pictures whose colors are known, and their luma."""

from __future__ import annotations

import pytest
import torch

from stylenet.errors import UsageError
from stylenet.image.color import luma, mean_color, palette
from stylenet.image.files import to_pil


def three_colors() -> torch.Tensor:
    """Half red, a third of the rest each way: 12 columns of red, 8 of green, 4 of blue."""
    image = torch.zeros(1, 3, 10, 24)
    image[:, 0, :, :12] = 1
    image[:, 1, :, 12:20] = 1
    image[:, 2, :, 20:] = 1
    return image


def test_a_palette_has_the_colors_and_their_shares() -> None:
    swatches = palette(three_colors(), 3)
    assert [swatch.color for swatch in swatches] == ["#ff0000", "#00ff00", "#0000ff"]
    assert [swatch.share for swatch in swatches] == pytest.approx([1 / 2, 1 / 3, 1 / 6])


def test_fewer_colors_than_asked_for() -> None:
    assert [swatch.color for swatch in palette(torch.ones(1, 3, 2, 2), 6)] == ["#ffffff"]


def test_shares_add_up_on_any_picture() -> None:
    image = torch.rand(1, 3, 300, 500, generator=torch.Generator().manual_seed(0))
    swatches = palette(image, 6)
    assert len(swatches) == 6
    assert sum(swatch.share for swatch in swatches) == pytest.approx(1)
    assert [swatch.share for swatch in swatches] == sorted((swatch.share for swatch in swatches), reverse=True)
    assert swatches == palette(image, 6)


@pytest.mark.parametrize("count", [0, 257])
def test_a_palette_of_no_colors(count: int) -> None:
    with pytest.raises(UsageError, match=rf"a palette of {count} colors is not possible; allowed are 1\.\.256"):
        palette(torch.ones(1, 3, 2, 2), count)


def test_mean_color() -> None:
    assert mean_color(three_colors()) == "#80552a"


def test_luma_is_what_pillow_takes_for_gray() -> None:
    image = torch.rand((1, 3, 9, 7), generator=torch.Generator().manual_seed(0))
    gray = torch.tensor(list(to_pil(image).convert("L").tobytes()), dtype=torch.float32).view(1, 1, 9, 7) / 255
    assert torch.allclose(luma(image), gray, atol=1.5 / 255)
    assert luma(three_colors())[0, 0, 0, [0, 12, 20]].tolist() == pytest.approx([0.299, 0.587, 0.114])
