"""Layers and knobs of the slim network."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.base import Network
from stylenet.networks.slim_geometry import FULL, HALF, SHUFFLE, STRENGTHS, knob_count, mixed_widths, normalized_widths
from stylenet.networks.slim_parts import Wide, convolution, noise_pyramid, pair


class SlimLayers(Network[SlimRecord]):
    """Layers and knobs of the slim network; `slim.SlimNet` paints with them, `slim_graph` writes them as a graph.

    Attributes:
        blur: Kernel for downsampling noise, shape (1, 1, 4, 4).
        gains: Factors that restore unit deviation after each downsampling.
        widths: Channels of each normalization.
        mixings: Channels of each mixing.
    """

    blur: Tensor
    gains: Tensor

    def __init__(self, record: SlimRecord) -> None:
        super().__init__(record)
        fine, coarse, deep = record.fine, record.coarse, record.deep
        self.enter = nn.Conv2d(3 * SHUFFLE**2, fine, 3)
        self.shrink = convolution(fine, coarse, stride=2)
        self.before = pair(coarse)
        self.sink = convolution(coarse, deep, stride=2)
        self.blocks = nn.ModuleList(Wide(deep) for _ in range(record.blocks))
        self.rise = nn.Conv2d(deep, coarse, 1)
        self.after = pair(coarse)
        self.grow = nn.Conv2d(coarse, fine, 1)
        self.strokes = pair(fine)
        self.leave = nn.Conv2d(fine, HALF, 1)
        self.polish = convolution(HALF, HALF)
        self.grain = nn.Conv2d(3 * 2**2, HALF, 3)
        self.finish = nn.Conv2d(HALF, FULL, 1)
        self.pixels = nn.Conv2d(3, FULL, 3)
        self.render = convolution(FULL, 3)
        self.noises = nn.ModuleList(convolution(1, width) for width in (fine, coarse, deep))
        self.widths = normalized_widths(record)
        self._ending = (3, len(self.widths) - 3, len(self.widths) - 1)
        """Indices of the normalizations at the end of a residual block."""
        self.mixings = mixed_widths(record)
        for name, values in zip(("blur", "gains"), noise_pyramid(), strict=True):
            self.register_buffer(name, values, persistent=False)
        self._initialize()
        if record.code == 0:
            self.knobs = nn.Parameter(self.neutral().repeat(len(STRENGTHS), 1))

    @property
    def knob_count(self) -> int:
        """Length K of the knobs."""
        return knob_count(self.record)

    def neutral(self) -> Tensor:
        """Initial knobs, shape (1, K): scales of 1, or 0.5 at the end of residual blocks; shifts of 0; small random mixing matrices."""
        scales = [torch.full((width,), 0.5 if index in self._ending else 1.0) for index, width in enumerate(self.widths)]
        generator = torch.Generator().manual_seed(0)
        mixing = 0.02 * torch.randn(2 * self.record.mixed * sum(self.mixings), generator=generator)
        return torch.cat((*scales, torch.zeros(sum(self.widths)), mixing))[None]

    def knobs_at(self, strength: Tensor) -> Tensor:
        """The knobs of a network for one style, shape (B, K), at strengths (B,), which are clipped to 10..100.

        Raises:
            ShapeError: the network has no style of its own.
        """
        if self.record.code:
            raise ShapeError("this network has no style of its own: give the knobs of a style, from its coder")
        low, middle, high = STRENGTHS
        strength = strength.clamp(low, high)
        below = ((middle - strength) / (middle - low)).clamp_min(0)
        above = ((strength - middle) / (high - middle)).clamp_min(0)
        return torch.stack((below, 1 - below - above, above), dim=1).to(self.knobs.dtype) @ self.knobs

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for block in self.blocks:
            cast(Wide, block).narrow.weight.data.mul_(0.3)
        self.render.weight.data.mul_(0.3)
        for noise in self.noises:
            cast(nn.Conv2d, noise).weight.data.mul_(0.1)
