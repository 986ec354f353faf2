"""Heat maps of the losses of a picture, which show where it departs from the photo and where it does not match the style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.devices import own_precision
from stylenet.engines.style_targets import AnyStyle
from stylenet.evaluation.measures import on_device
from stylenet.image.files import Picture
from stylenet.image.recolor import parse_color
from stylenet.image.resize import fit_within, resize
from stylenet.losses.gaussian import RANK, gaussian, wasserstein_distance
from stylenet.losses.moments import with_moments
from stylenet.shapes import Image
from stylenet.styles.framing import framed_features
from stylenet.styles.style import moments_at

CONTENT_LAYERS = ("relu3_1", "relu4_1")
STYLE_LAYERS = ("relu2_1", "relu3_1", "relu4_1")
"""Deeper layers are excluded, because their receptive field covers half of the picture."""

_FEATURE_PX = 512
_RIM_PX = 16
_WINDOW_PX = 64

_VIRIDIS = ("#440154", "#3b528b", "#21918c", "#5ec962", "#fde725")
"""Five colors of the matplotlib colormap viridis (CC0), which is perceptually uniform, also for color-blind people."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Heat maps, arrays of shape (1, 1, H, W).

    Attributes:
        content: Squared difference from the photo's features relative to their variance; 0: as in the photo, 1: no content remains.
        style: Relative Wasserstein-2 distance of windows of 64 pixels from the painting. Only differences between positions are
            meaningful: no window contains a whole painting, so even windows of the painting itself are not at 0.
    """

    content: NDArray[np.float32]
    style: NDArray[np.float32]


def explain(result: Picture, photo: Picture, styles: Sequence[AnyStyle], encoder: VggEncoder) -> Explanation:
    """Heat maps of the losses of a picture; several styles have equal weight."""
    size = fit_within(result.width, result.height, _FEATURE_PX)
    painted, target = (on_device(resize(picture.pixels, size), encoder) for picture in (result, photo))
    with own_precision(encoder.mean.device), torch.no_grad():
        content, style = _content(painted, target, encoder), _style(painted, styles, encoder)
    return Explanation(content=content.cpu().numpy(), style=style.cpu().numpy())


def _content(painted: Tensor, target: Tensor, encoder: VggEncoder) -> Tensor:
    given, wanted = (framed_features(encoder, pixels, CONTENT_LAYERS, _RIM_PX)[0] for pixels in (painted, target))
    maps = []
    for layer in CONTENT_LAYERS:
        spread = (wanted[layer] - wanted[layer].mean((2, 3), keepdim=True)).square().sum(1, keepdim=True).mean()
        maps.append(_enlarged((given[layer] - wanted[layer]).square().sum(1, keepdim=True) / spread.clamp_min(1e-12), painted))
    return torch.stack(maps).mean(0)


def _style(painted: Tensor, styles: Sequence[AnyStyle], encoder: VggEncoder) -> Tensor:
    height, width = painted.shape[2:]
    size_px = math.sqrt(height * width)
    features, _ = framed_features(encoder, painted, STYLE_LAYERS, _RIM_PX)
    targets = [moments_at(style, size_px, STYLE_LAYERS, encoder.mean.device) for style in styles]
    maps = []
    for layer in STYLE_LAYERS:
        values = features[layer]
        values = (values.cpu() if values.device.type == "mps" else values).double()  # MPS has no float64
        stride = max(1, height // values.shape[2])
        side = max(2, min(_WINDOW_PX // stride, *values.shape[2:]))
        wanted = [gaussian(target[layer].to(values.device, torch.float64), rank=RANK) for target in targets]
        tops, lefts = (window_starts(length, side) for length in values.shape[2:])
        heat = torch.empty(len(tops), len(lefts))
        for row, top in enumerate(tops):
            for column, left in enumerate(lefts):
                (moments,) = with_moments(values, (top, left, side, side))[1]
                distances = [float(wasserstein_distance(moments, target)) for target in wanted]
                heat[row, column] = max(0.0, sum(distances) / len(distances))
        maps.append(placed(heat[None, None], (height, width), side * stride))
    return torch.stack(maps).mean(0)


def window_starts(length: int, side: int) -> list[int]:
    """Starts of evenly spaced windows of length `side` that overlap by at least half and reach both ends."""
    most = max(0, length - side)
    count = math.ceil(most / (side // 2)) + 1
    return [round(most * index / max(1, count - 1)) for index in range(count)]


def placed(heat: Tensor, size: tuple[int, int], side_px: int) -> Tensor:
    """Interpolate the values of windows (1, 1, h, w) to a map of `size` (H, W): linear between window centers, constant outside.

    The windows are `side_px` wide and high, evenly spaced, and reach the edges of the picture.
    """
    inner = [max(1, length - min(side_px, length) + 1) for length in size]
    between = functional.interpolate(heat.float(), size=inner, mode="bilinear", align_corners=True)
    above, left = ((length - part) // 2 for length, part in zip(size, inner, strict=True))
    rows, columns = (
        (torch.arange(length) - before).clamp(0, part - 1) for length, before, part in zip(size, (above, left), inner, strict=True)
    )
    return between[:, :, rows][..., columns]


def overlay(image: Image, heat: NDArray[np.float32], *, most: float, least: float = 0.0) -> Image:
    """A heat map (1, 1, h, w) in color over a gray picture (1, 3, H, W); `least` and below are darkest, `most` and above brightest."""
    gray = resize(image, (heat.shape[3], heat.shape[2])).mean(axis=1, keepdims=True)
    return gray + np.float32(0.65) * (colored(((heat - least) / max(most - least, 1e-6)).clip(0, 1)) - gray)


def colored(values: NDArray[np.float32]) -> Image:
    """Colors (1, 3, H, W) of values (1, 1, H, W) in 0..1."""
    table = np.array([parse_color(color) for color in _VIRIDIS], np.float32) / 255
    place = values[0, 0].clip(0, 1) * (len(table) - 1)
    bands = [np.interp(place, np.arange(len(table)), table[:, band]) for band in range(3)]
    return np.stack(bands)[None].astype(np.float32)


def _enlarged(heat: Tensor, image: Tensor) -> Tensor:
    size = (int(image.shape[2]), int(image.shape[3]))
    return functional.interpolate(heat.float(), size=size, mode="bilinear", align_corners=False)
