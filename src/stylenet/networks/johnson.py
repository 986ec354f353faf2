"""The residual transform network of Johnson et al. 2016: a painting, or a picture four times larger, in one pass.

Where we differ from the paper:

- Borders. The paper found that zeros around the maps leave marks at the borders of the painting; it reflects 40 pixels around the picture
  and lets residual blocks without padding use them up, while its other convolutions still pad with zeros. Here every convolution reflects,
  as in Dumoulin et al. 2017: no zero is ever seen, and no layer works on a wide margin that is
  cut away.
- A convolution before a normalization has no bias: the normalization takes a constant away again.
- Upsampling is nearest and a convolution, where the record does not ask for the paper's.
- Where the record asks for it, the result is added to the picture, at factor 4 to its bicubic enlargement; then there is no tanh.

References:
    Johnson, Alahi, Fei-Fei 2016 (ECCV) and its supplementary, tables 1 and 2 (layers), figure 1 (residual blocks after Gross and Wilber:
    no ReLU behind the sum); Dumoulin, Shlens, Kudlur 2017, arXiv 1610.07629 (reflection; several styles); Odena, Dumoulin, Olah 2016
    (upsampling).
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.networks import JohnsonRecord
from stylenet.encoders.resampling import resize
from stylenet.networks.normalization import Normalization, Normalize, instance_norm
from stylenet.networks.tiles import Cut, Done, Frame, Geometry, Sight, framed, paint_by_tiles
from stylenet.shapes import check_image

_LEAST_PX = 5
"""The side from which on every convolution finds what it reflects: 4 pixels for 9 x 9 and, at a quarter of the size, one for 3 x 3."""

_RESIDUAL = 0.1
"""What a residual is multiplied by: Adam moves all weights of the last layer alike, and there are 81 of every channel behind a pixel."""


class JohnsonNet(nn.Module):
    """From a photo and, where the network knows several, the weights of its styles to a painting.

    Args:
        record: The sizes of its parts. Weights start random.
    """

    def __init__(self, record: JohnsonRecord) -> None:
        super().__init__()
        self.record = record
        fine = record.width
        middle, coarse = (2 * fine, 4 * fine) if record.factor == 1 else (fine, fine)
        self.enter = _Layer(record, 3, fine, size=9)
        self.shrink = nn.ModuleList()
        if record.factor == 1:
            self.shrink.extend((_Layer(record, fine, middle, stride=2), _Layer(record, middle, coarse, stride=2)))
        self.blocks = nn.ModuleList(_Block(record, coarse) for _ in range(record.blocks))
        self.grow = nn.ModuleList((_Doubling(record, coarse, middle), _Doubling(record, middle, fine)))
        self.leave = _convolution(fine, 3, size=9, bias=True)
        self._initialize()

    def forward(
        self, image: Tensor, style_weights: Tensor | None = None, *, most_px: int | None = None, done: Done | None = None
    ) -> Tensor:
        """Paintings, (B, 3, H, W) in 0..1 and float32, of photos (B, 3, H, W) in 0..1; with `factor` 4 (B, 3, 4 H, 4 W).

        Args:
            image: Any size from one pixel up.
            style_weights: Shares of the styles, shape (1 or B, styles), usually of sum 1; may be left out where there is one style.
            most_px: Pixels that are looked at in one piece; a larger picture, a single one, is painted by tiles, with the same result.
            done: See `paint_by_tiles`.

        Raises:
            ShapeError: `image` is no picture, or `style_weights` are not of this network's styles.
            UsageError: even the smallest tile has more pixels.
        """
        check_image(image)
        height, width = image.shape[2:]
        if most_px is not None and height * width > most_px:
            layers = geometry(self.record, height, width)
            painted = paint_by_tiles(partial(self._part, style_weights), image, layers, most_px=most_px, done=done)
        else:
            # Sizes are halved rounding up, and what that adds is cut away.
            cut = slice(height * self.record.factor), slice(width * self.record.factor)
            painted = self._part(style_weights, framed(image, [_frame(height, width)]), cut)
            if done is not None:
                done(1.0)
        if self.record.residual:
            enlarged = resize(image.float(), (width * self.record.factor, height * self.record.factor))
            return (enlarged + _RESIDUAL * painted).clamp(0, 1)
        return painted

    def _part(self, style_weights: Tensor | None, framed: Tensor, cut: Cut, normalize: Normalize = instance_norm) -> Tensor:
        """The painting of a picture with its frame, or of a part of it, cut out: `tiles.Paint`; what a residual network adds."""
        # Not centered: the first normalization does that.
        x = framed.to(self.leave.weight.dtype).contiguous(memory_format=torch.channels_last)
        x = functional.relu(self.enter(x, style_weights, normalize), inplace=True)
        for layer in self.shrink:
            x = functional.relu(layer(x, style_weights, normalize), inplace=True)
        for block in self.blocks:
            x = block(x, style_weights, normalize)
        for doubling in self.grow:
            x = functional.relu(doubling(x, style_weights, normalize), inplace=True)
        painted = self.leave(x)[:, :, cut[0], cut[1]].float()
        # The paper's tanh, scaled to the range of pictures: (tanh(x) + 1) / 2.
        return painted if self.record.residual else torch.sigmoid(2 * painted)

    def _initialize(self) -> None:
        """He et al. 2015; the last layer smaller, so that the first painting is gray, no tanh stuck at its end; a residual is none."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        self.leave.weight.data.mul_(0.0 if self.record.residual else 0.3)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]


class _Layer(nn.Module):
    """A convolution and its normalization."""

    def __init__(self, record: JohnsonRecord, inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.convolution = _convolution(inputs, outputs, size=size, stride=stride)
        self.normalization = Normalization(outputs, kind=record.normalization, styles=record.styles)

    def forward(self, x: Tensor, style_weights: Tensor | None, normalize: Normalize) -> Tensor:
        return self.normalization(self.convolution(x), style_weights, normalize)


class _Block(nn.Module):
    """A residual block without a ReLU behind the sum."""

    def __init__(self, record: JohnsonRecord, channels: int) -> None:
        super().__init__()
        self.first = _Layer(record, channels, channels)
        self.second = _Layer(record, channels, channels)

    def forward(self, x: Tensor, style_weights: Tensor | None, normalize: Normalize) -> Tensor:
        return x + self.second(functional.relu(self.first(x, style_weights, normalize), inplace=True), style_weights, normalize)


class _Doubling(nn.Module):
    """From a map to one of twice its size, and its normalization."""

    def __init__(self, record: JohnsonRecord, inputs: int, outputs: int) -> None:
        super().__init__()
        self.transposed = record.upsampling == "transposed"
        self.convolution = (
            nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, bias=False) if self.transposed else _convolution(inputs, outputs)
        )
        self.normalization = Normalization(outputs, kind=record.normalization, styles=record.styles)

    def forward(self, x: Tensor, style_weights: Tensor | None, normalize: Normalize) -> Tensor:
        if self.transposed:
            # Every second row and column takes from two positions, the last one from one that is outside.
            height, width = x.shape[2:]
            x = self.convolution(functional.pad(x, (0, 1, 0, 1), mode="reflect"))[:, :, : 2 * height, : 2 * width]
        else:
            x = self.convolution(functional.interpolate(x, scale_factor=2, mode="nearest"))
        return self.normalization(x, style_weights, normalize)


def _convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, padding_mode="reflect", bias=bias)


def geometry(record: JohnsonRecord, height: int, width: int) -> Geometry:
    """How such a network goes over a picture."""
    # Each convolution makes as many positions wrong beside a border that is not the picture's as it reaches over it.
    shrinking = [(2.0, 2.0), (4.0, 4.0)] if record.factor == 1 else []
    coarse = 4.0 / record.factor
    layers = [(1.0, 4.0), *shrinking, *[(coarse, coarse)] * (2 * record.blocks), (coarse / 2, coarse), (coarse / 4, coarse / 2)]
    reaches = list(accumulate(reach for _, reach in layers))
    measured = [Sight(stride, reach) for (stride, _), reach in zip(layers, reaches, strict=True)]
    return Geometry(
        sights=(*(measured if record.normalization == "instance" else ()), Sight(1, reaches[-1] + 4 / record.factor)),
        stride_px=4 if record.factor == 1 else 1,
        size=(max(height, _LEAST_PX), max(width, _LEAST_PX)),
        frames=(_frame(height, width),),
        factor=record.factor,
    )


def _frame(height: int, width: int) -> Frame:
    """Tiny pictures are made as large as reflection wants them."""
    rows, columns = (np.minimum(np.arange(max(length, _LEAST_PX)), length - 1) for length in (height, width))
    return Frame(rows, columns)
