"""The slim network: a painting in one pass, made for processors.

Convolutions work on a quarter and an eighth of the picture's size, where the processor's matrix units are strong, but for the last small
ones at a half, which see the photo's own pixels once more; at full size pixels are only reshuffled. All that depends on the style are the
scales and shifts of its normalizations and one mixing of channels: a row of numbers, `knobs`. A network of one painting holds its rows
among its weights; the one for every painting has a coder that computes the row.

References:
    Ulyanov et al. 2016b (instance normalization); Dumoulin et al. 2017 (a style as scales and shifts); Ghiasi et al. 2017 (predicted from
    the painting); Shi et al. 2016 (pixel shuffle). Resolutions, widths and the mixing are ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.normalization import Normalize, instance_norm
from stylenet.networks.tiles import Cut, Frame, Geometry, Sight, paint_by_tiles
from stylenet.shapes import check_image

SHUFFLE = 4
"""Pixels on a side that one position at a quarter of the size stands for."""

HALF = 16
"""Channels at half of the size, where the photo's grain comes in and the seams between blocks of shuffled pixels are painted over."""

STRENGTHS = (10.0, 50.0, 90.0)
"""At which a network of one painting holds its knobs; in between they are interpolated."""

STRIDE = 8
MARGIN_PX = 8
"""Pixels around the picture that are painted and cut away, so that no block of shuffled pixels begins at its border."""

APRON_PX = SHUFFLE
"""Pixels beyond the margin that the first convolution uses up: a position of its own."""

FRAME_PX = MARGIN_PX + APRON_PX
"""Pixels that are added to the picture on each side."""


class SlimNet(nn.Module):
    """From a photo and a style's knobs to a painting.

    Args:
        record: The sizes of its parts.
    """

    def __init__(self, record: SlimRecord) -> None:
        super().__init__()
        self.record = record
        fine, coarse, pixels = record.fine, record.coarse, 3 * SHUFFLE**2
        self.enter = nn.Conv2d(pixels, fine, 3)
        self.shrink = _convolution(fine, coarse, stride=2)
        self.blocks = nn.ModuleList(
            nn.ModuleList((_convolution(coarse, coarse), _convolution(coarse, coarse))) for _ in range(record.blocks)
        )
        self.grow = nn.Conv2d(coarse, 4 * fine, 1)
        self.render = _convolution(fine, fine)
        self.leave = _convolution(fine, 4 * HALF)
        self.grain = nn.Conv2d(3 * 2**2, HALF, 3)
        self.polish = _convolution(HALF, HALF)
        self.finish = _convolution(HALF, 3 * 4)
        self._widths = (fine, coarse, *(coarse,) * (2 * record.blocks), fine)
        """Channels of each normalization."""
        self._initialize()
        if record.code == 0:
            self.knobs = nn.Parameter(self.neutral().repeat(len(STRENGTHS), 1))

    @property
    def knob_count(self) -> int:
        """Numbers that tell this network a style."""
        return 2 * sum(self._widths) + 2 * self.record.fine * self.record.mixed

    def neutral(self) -> Tensor:
        """Knobs that a style starts from, shape (1, K): scales of one, but little of each residual; no shift; hardly any mixing."""
        scales = []
        for index, width in enumerate(self._widths):
            ends_block = 2 <= index < len(self._widths) - 1 and index % 2 == 1
            scales.append(torch.full((width,), 0.5 if ends_block else 1.0))
        generator = torch.Generator().manual_seed(0)
        mixing = 0.02 * torch.randn(2 * self.record.fine * self.record.mixed, generator=generator)
        return torch.cat((*scales, torch.zeros(sum(self._widths)), mixing))[None]

    def knobs_at(self, strength: Tensor) -> Tensor:
        """The knobs of a network of one painting, shape (B, K), at strengths (B,); at its ends beyond 10..90.

        Raises:
            ShapeError: the network paints in every style.
        """
        if self.record.code:
            raise ShapeError("this network paints in every style: give the knobs of one, from its coder")
        low, usual, high = STRENGTHS
        place = ((strength.clamp(low, high) - usual) / (high - usual))[:, None]
        return torch.cat(((-place).clamp_min(0), 1 - place.abs(), place.clamp_min(0)), dim=1).to(self.knobs.dtype) @ self.knobs

    def forward(self, image: Tensor, knobs: Tensor | None = None, *, most_px: int | None = None) -> Tensor:
        """The painting, (B, 3, H, W) in 0..1, of photos (B, 3, H, W) in 0..1.

        Args:
            image: Any size from one pixel up.
            knobs: Of one style for all photos or one for each, shape (1 or B, K), blends among them; the network's own, at strength 50,
                where left out.
            most_px: Pixels that are looked at in one piece; a larger picture, a single one, is painted by tiles, with the same result.

        Raises:
            ShapeError: `image` is no picture, or the knobs are not this network's.
            UsageError: even the smallest tile has more pixels.
        """
        check_image(image)
        knobs = self.knobs_at(torch.full((1,), 50.0, device=image.device)) if knobs is None else knobs
        if knobs.dim() != 2 or knobs.shape[0] not in (1, image.shape[0]) or knobs.shape[1] != self.knob_count:
            raise ShapeError(
                f"a style of this network is {self.knob_count} numbers, one row for all pictures or one for each; got {tuple(knobs.shape)}"
            )
        height, width = image.shape[2:]
        if most_px is not None and height * width > most_px:
            return paint_by_tiles(partial(self._part, knobs), image, geometry(self.record, height, width), most_px=most_px)
        cut = slice(MARGIN_PX, MARGIN_PX + height), slice(MARGIN_PX, MARGIN_PX + width)
        return self._part(knobs, _frame(height, width).around(image.to(self.enter.weight.dtype)), cut)

    def _part(self, knobs: Tensor, framed: Tensor, cut: Cut, normalize: Normalize = instance_norm) -> Tensor:
        """The painting of a picture with its frame, or of a part of it, cut out: `tiles.Paint`."""
        total = sum(self._widths)
        framed = framed.to(self.enter.weight.dtype)
        x = functional.pixel_unshuffle(framed, SHUFFLE).contiguous(memory_format=torch.channels_last)
        scales = iter(knobs[:, :total].split(self._widths, dim=1))
        shifts = iter(knobs[:, total : 2 * total].split(self._widths, dim=1))
        fine = functional.relu(normalize(self.enter(x), next(scales), next(shifts)))
        x = functional.relu(normalize(self.shrink(fine), next(scales), next(shifts)))
        for first, second in cast(Iterable[tuple[nn.Module, nn.Module]], self.blocks):
            y = functional.relu(normalize(first(x), next(scales), next(shifts)))
            x = x + normalize(second(y), next(scales), next(shifts))
        x = functional.pixel_shuffle(self.grow(x), 2).contiguous(memory_format=torch.channels_last) + fine
        x = x + self._mixed(x, knobs[:, 2 * total :])
        x = functional.relu(normalize(self.render(x), next(scales), next(shifts)))
        x = functional.relu(functional.pixel_shuffle(self.leave(x), 2).contiguous(memory_format=torch.channels_last))
        x = x + functional.relu(self.polish(x) + self.grain(_blocks_of_two(framed)))
        painted = functional.pixel_shuffle(self.finish(x), 2)
        return torch.sigmoid(painted[:, :, cut[0], cut[1]].float())

    def _mixed(self, x: Tensor, mixing: Tensor) -> Tensor:
        """U V^T x at every position, with U and V of shape (fine, mixed) from the style."""
        batch, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        matrices = mixing.to(x.dtype).view(-1, 2, self.record.mixed, channels).expand(batch, -1, -1, -1)
        rows = rows @ matrices[:, 0].transpose(1, 2) @ matrices[:, 1]
        return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        # Every pixel of a shuffled block starts alike: what differs from the start stays visible as a checkerboard (Aitken et al. 2017).
        for convolution in (self.grow, self.leave, self.finish):
            weight = convolution.weight.data
            weight.copy_(weight[::4].repeat_interleave(4, dim=0))
        self.finish.weight.data.mul_(0.3)


def _blocks_of_two(framed: Tensor) -> Tensor:
    """A framed picture's pixels, 2 x 2 to a position, with an apron of one position."""
    cut = APRON_PX - 2
    inner = framed[:, :, cut:-cut, cut:-cut]
    return functional.pixel_unshuffle(inner, 2).contiguous(memory_format=torch.channels_last)


def _convolution(inputs: int, outputs: int, *, stride: int = 1) -> nn.Conv2d:
    """3 x 3, with reflected borders: zeros would be seen as a frame around the painting."""
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, padding_mode="reflect")


def geometry(record: SlimRecord, height: int, width: int) -> Geometry:
    """How such a network goes over a picture."""
    # Beside a border that is not the picture's, one position is wrong after every convolution from the second on.
    eighth = [STRIDE * index for index in range(1, 2 + 2 * record.blocks)]
    render = eighth[-1] + SHUFFLE
    painting = render + SHUFFLE + 2 * (SHUFFLE // 2)
    return Geometry(
        sights=(Sight(SHUFFLE, 0), *(Sight(STRIDE, reach) for reach in eighth), Sight(SHUFFLE, render), Sight(1, painting)),
        stride_px=STRIDE,
        size=(height + -height % STRIDE + 2 * MARGIN_PX, width + -width % STRIDE + 2 * MARGIN_PX),
        frame=_frame(height, width),
        margin_px=MARGIN_PX,
        apron_px=APRON_PX,
    )


def _frame(height: int, width: int) -> Frame:
    """A margin and what the first convolution uses up, grown to whole strides; reflected where the picture is large enough."""
    bottom, right = FRAME_PX + -height % STRIDE, FRAME_PX + -width % STRIDE
    return Frame((FRAME_PX, right, FRAME_PX, bottom), "reflect" if min(height, width) > FRAME_PX + STRIDE else "replicate")
