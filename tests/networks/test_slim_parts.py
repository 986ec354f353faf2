"""Building blocks of the slim network."""

from __future__ import annotations

import torch
from torch.nn import functional

from stylenet.networks.slim_geometry import APRON_PX
from stylenet.networks.slim_parts import blocks_of_two, noise_pyramid, twice, within


def test_noise_keeps_its_deviation_at_every_octave() -> None:
    """Each gain is the inverse of the deviation after smoothing, which is the norm of all kernels up to that octave."""
    kernel, gains = noise_pyramid()
    noise = torch.randn(1, 1, 1024, 1024, generator=torch.Generator().manual_seed(0))
    for gain in gains:
        noise = functional.conv2d(noise, kernel, stride=2, padding=1)
        assert 0.95 < float((noise * gain).std()) < 1.05


def test_frames_are_cut_and_split_into_blocks() -> None:
    framed = torch.arange(16.0 * 12).view(1, 1, 16, 12)
    torch.testing.assert_close(within(framed, 2), framed[:, :, 2:-2, 2:-2])
    blocks = blocks_of_two(framed)
    inside = framed[:, :, APRON_PX - 2 : 18 - APRON_PX, APRON_PX - 2 : 14 - APRON_PX]
    assert blocks.shape == (1, 4, inside.shape[2] // 2, inside.shape[3] // 2)
    for channel, (row, column) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        torch.testing.assert_close(blocks[:, channel], inside[:, 0, row::2, column::2])


def test_twice_keeps_slopes() -> None:
    slope = torch.arange(8.0).expand(1, 1, 3, 8)
    assert twice(slope)[0, 0, 0, 1:-1].diff().unique().tolist() == [0.5]
