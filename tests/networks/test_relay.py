"""Coarse-to-fine painting of photos."""

from __future__ import annotations

import torch
from torch import Tensor

from stylenet.networks.relay import by_sizes, relayed, white_noise


def sizes(height: int, width: int, *, style_scale: float = 1.0) -> list[tuple[int, int]]:
    """Sizes at which a photo is painted, in order."""
    seen: list[tuple[int, int]] = []

    def paint(picture: Tensor, noise: Tensor) -> Tensor:
        assert noise.shape == (1, 1, *picture.shape[2:])
        seen.append((picture.shape[2], picture.shape[3]))
        return picture

    photo = torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(by_sizes(paint, photo, style_scale=style_scale, seed=3, origin=(0, 0)), photo, rtol=0, atol=1e-5)
    return seen


def test_large_photos_begin_small_and_usual_ones_do_not() -> None:
    assert sizes(384, 512) == [(384, 512)]
    assert sizes(768, 1025) == [(384, 512), (768, 1025)]
    assert sizes(1600, 1600) == [(400, 400), (800, 800), (1600, 1600)]


def test_larger_marks_begin_at_a_smaller_size() -> None:
    assert sizes(384, 512, style_scale=2.0) == [(192, 256), (384, 512)]
    assert sizes(768, 1024, style_scale=0.5) == [(768, 1024)]


def test_a_strip_is_not_halved_to_nothing() -> None:
    assert sizes(100, 9000) == [(100, 9000)]


def test_the_change_of_the_small_painting_is_where_the_large_one_begins() -> None:
    photo = torch.rand((1, 3, 40, 60), generator=torch.Generator().manual_seed(1))
    small = torch.full((1, 3, 20, 30), 0.5)
    torch.testing.assert_close(relayed(small, small, photo), photo)
    torch.testing.assert_close(relayed(small + 0.1, small, photo), (photo + 0.1).clamp(0, 1))


def test_the_origin_of_the_noise_is_at_the_same_place_at_every_size() -> None:
    seen: list[Tensor] = []

    def paint(picture: Tensor, noise: Tensor) -> Tensor:
        seen.append(noise)
        return picture

    by_sizes(paint, torch.full((1, 3, 768, 1024), 0.5), style_scale=1.0, seed=3, origin=(100, 301))
    assert torch.equal(seen[0], white_noise(384, 512, 4, (50, 150)))
    assert torch.equal(seen[1], white_noise(768, 1024, 3, (100, 301)))
