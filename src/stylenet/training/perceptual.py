"""What a network's pictures are judged by: the everyday recipes' own losses, for a batch of photos with a style each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.equivariance import shift_distance
from stylenet.losses.moments import Centered, Window
from stylenet.losses.smoothness import mesh, total_variation
from stylenet.losses.style import strength_factor
from stylenet.networks.slim import STRIDE
from stylenet.tiling.halo import strides
from stylenet.training.batches import item_rng
from stylenet.training.style_targets import StyleTargets

CONTENT_LAYERS = ("relu3_1", "relu4_1")

STYLE_LAYERS: Mapping[str, float] = {"relu1_1": 0.15, "relu2_1": 0.2, "relu3_1": 0.25, "relu4_1": 0.25, "relu5_1": 0.15}
"""Layers that styles are compared at, and their weights; the sum is 1."""

HALF_LAYERS: Mapping[str, float] = {"relu2_1": 0.2, "relu3_1": 0.4, "relu4_1": 0.4}
"""The same of pictures made half as large: there, strokes of twice the size are seen."""

_HALF_SHARE = 1 / 3
"""Of the style term that is seen at half of the size."""

_RIM_PX = 16
"""Features so close to a crop's border do not count as style: they see the zeros beyond it."""

_LEAST = 0.05
"""A photo that is this close to the painting already is treated as if it were so far: else a layer without difference would rule."""

_FLATTEST = 0.05
"""Share of a layer's mean square that its spread counts as at least."""

_MOVED_RIM_PX = 32
"""Pixels at the border of a painting, but at most a quarter of it, that are not compared with those of the moved one."""

_GRAIN, _EXPOSURE = 0.01, 0.03
"""Deviation of the noise that a moved photo has beside, and by how much it is brightened or darkened at most."""

Shift = tuple[int, int]
"""Rows and columns."""

Look = tuple[dict[str, Tensor], dict[str, Centered], dict[str, Centered]]
"""Features of the content layers, moments of the style layers, and those of the picture made half as large."""


def drawn_shift(seed: int, step: int) -> Shift:
    """By how much the photos of update `step` are moved to be painted once more: by less than a position of the deepest layer."""
    place = item_rng(seed, step, -1).randrange(1, STRIDE**2)
    return divmod(place, STRIDE)


def moved_photos(photos: Tensor, shift: Shift, seed: int) -> Tensor:
    """Photos without their first rows and columns, a bit brighter or darker and grainier: their paintings should differ by little."""
    rows, columns = shift
    moved = photos[:, :, rows:, columns:]
    generator = torch.Generator(photos.device).manual_seed(seed)
    exposure = 1 + _EXPOSURE * (2 * torch.rand((len(photos), 1, 1, 1), generator=generator, device=photos.device) - 1)
    return (moved * exposure + _GRAIN * torch.randn(moved.shape, generator=generator, device=photos.device)).clamp(0, 1)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Of the terms: content is 1 for a picture without content, style 1 for the photo.

    A mesh that the eye begins to see in a flat sky counts 0.1; it is looked for with the period of the deepest layer, which those of the
    others divide. Equivariance: where two paintings of a photo, one moved by a few pixels, differ by a fourteenth of white, it counts 0.3.
    """

    style: float = 7.0
    smoothness: float = 1.0
    mesh: float = 100.0
    equivariance: float = 60.0


class PerceptualLoss:
    """Content and style of painted pictures against their photos and paintings.

    Args:
        encoder: The loss network.
        weights: Of the terms.
    """

    def __init__(self, encoder: VggEncoder, weights: Weights) -> None:
        self._encoder, self._weights = encoder, weights
        self._strides = strides(encoder.record)

    @torch.no_grad()
    def statistics(self, paintings: Tensor) -> tuple[dict[str, Centered], dict[str, Centered]]:
        """Moments of paintings (N, 3, H, W), as pictures will be compared with them: at their size, and at half of it."""
        layers = tuple(STYLE_LAYERS)
        return self._moments(paintings, layers), self._moments(functional.avg_pool2d(paintings, 2), layers)

    def __call__(self, painted: Tensor, photos: Tensor, targets: tuple[StyleTargets, StyleTargets], strengths: Tensor) -> dict[str, Tensor]:
        """The terms, each the mean over the batch; their sum is what is minimized.

        Args:
            painted: The network's pictures, (B, 3, H, W), 0..1.
            photos: What they were painted from.
            targets: What each of them is painted after, at its size and at half of it.
            strengths: 0..100, (B,); see `strength_factor`.
        """
        with torch.no_grad():
            wanted, *before = self._look(photos)
        given, *now = self._look(painted)
        factor = torch.tensor([self._weights.style * strength_factor(value) for value in strengths.tolist()], device=painted.device)
        # Strong ones would drown the others: all have one sum of weights.
        share = (1 + self._weights.style) / (1 + factor)
        content = torch.stack([_content(given[layer], wanted[layer]) for layer in CONTENT_LAYERS]).mean(0)
        style = torch.zeros_like(content)
        for target, old, new, weights, part in (
            (targets[0], before[0], now[0], STYLE_LAYERS, 1 - _HALF_SHARE),
            (targets[1], before[1], now[1], HALF_LAYERS, _HALF_SHARE),
        ):
            start, apart = target.distances(old, new)
            for layer, weight in weights.items():
                style = style + part * weight * apart[layer] / start[layer].clamp_min(_LEAST)
        return {
            "content": (share * content).mean(),
            "style": (share * factor * style).mean(),
            "smoothness": total_variation(painted, "mean-square") * self._weights.smoothness,
            "mesh": mesh(painted, STRIDE) * self._weights.mesh,
        }

    def of_shift(self, painted: Tensor, moved: Tensor, shift: Shift) -> dict[str, Tensor]:
        """One term more, of what is painted from the same photos without their first rows and columns."""
        rim_px = min(_MOVED_RIM_PX, min(moved.shape[2:]) // 4)
        return {"equivariance": shift_distance(painted, moved, shift, rim_px=rim_px) * self._weights.equivariance}

    def of_texture(self, painted: Tensor, target: StyleTargets) -> dict[str, Tensor]:
        """The one term of pictures that no photo is behind: style, relative to the painting's own moments."""
        (apart,) = target.distances(self._moments(painted, tuple(STYLE_LAYERS)))
        return {"style": torch.stack([apart[layer].mean() for layer in STYLE_LAYERS]).mean()}

    def _look(self, image: Tensor) -> Look:
        features, found = self._watched(image, (*STYLE_LAYERS, *CONTENT_LAYERS))
        half = self._moments(functional.avg_pool2d(image, 2), tuple(HALF_LAYERS))
        return {layer: features[layer] for layer in CONTENT_LAYERS}, found, half

    def _moments(self, image: Tensor, layers: tuple[str, ...]) -> dict[str, Centered]:
        return self._watched(image, layers)[1]

    def _watched(self, image: Tensor, layers: tuple[str, ...]) -> tuple[dict[str, Tensor], dict[str, Centered]]:
        found: dict[str, Centered] = {}

        def observe(layer: str, values: Tensor) -> Tensor:
            if layer in STYLE_LAYERS:
                top, left, rows, columns = self._inside(layer, values)
                found[layer] = Centered.of(values[:, :, top : top + rows, left : left + columns])
            return values

        return self._encoder(image, set(layers), observe), found

    def _inside(self, layer: str, values: Tensor) -> Window:
        rim = _RIM_PX // self._strides[layer]
        rows, columns = values.shape[2:]
        if min(rows, columns) <= 2 * rim:
            return 0, 0, rows, columns
        return rim, rim, rows - 2 * rim, columns - 2 * rim


def _content(given: Tensor, wanted: Tensor) -> Tensor:
    """`spread` of `losses.content` for each picture of a batch, shape (B)."""
    count = wanted.shape[2] * wanted.shape[3]
    power = wanted.square().sum((1, 2, 3), dtype=torch.float32)
    spread = power - count * wanted.mean((2, 3), dtype=torch.float32).square().sum(1)
    return (given - wanted).square().sum((1, 2, 3), dtype=torch.float32) / torch.maximum(spread, _FLATTEST * power).clamp_min(1e-12)
