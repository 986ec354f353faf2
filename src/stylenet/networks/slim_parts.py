"""Building blocks of the slim network."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.networks.slim_geometry import APRON_PX, LEAK


class Wide(nn.Module):
    """Inverted bottleneck: a depthwise 5 x 5 and two 1 x 1 convolutions, after Liu et al. 2022 (A ConvNet for the 2020s)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # Replication padding: reflection needs more positions than a small picture has.
        self.look = nn.Conv2d(width, width, 5, padding=2, groups=width, padding_mode="replicate")
        self.widen = nn.Conv2d(width, 2 * width, 1)
        self.narrow = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.narrow(functional.relu(self.widen(x))))


def noise_pyramid() -> tuple[Tensor, Tensor]:
    """The kernel for downsampling noise, (1, 1, 4, 4), and the gain that restores unit deviation after each downsampling."""
    row = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
    gains, response = [], torch.ones(1, dtype=torch.float64)
    for octave in range(4):
        spread = torch.zeros((len(row) - 1) * 2**octave + 1, dtype=torch.float64)
        spread[:: 2**octave] = row
        response = functional.conv1d(response[None, None], spread.flip(0)[None, None], padding=len(spread) - 1)[0, 0]
        gains.append(1 / response.square().sum())
    return torch.outer(row, row)[None, None].float(), torch.stack(gains).float()


def leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, LEAK, inplace=True)


def twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def within(framed: Tensor, cut: int) -> Tensor:
    return framed[:, :, cut:-cut, cut:-cut].contiguous(memory_format=torch.channels_last)


def blocks_of_two(framed: Tensor) -> Tensor:
    """Blocks of 2 x 2 pixels of a padded picture, with one position of padding."""
    return functional.pixel_unshuffle(within(framed, APRON_PX - 2), 2).contiguous(memory_format=torch.channels_last)


def convolution(inputs: int, outputs: int, *, stride: int = 1) -> nn.Conv2d:
    """3 x 3 convolution with reflection padding: zero padding would cause a visible frame around the painting."""
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, padding_mode="reflect")


def pair(width: int) -> nn.ModuleList:
    return nn.ModuleList((convolution(width, width), convolution(width, width)))
