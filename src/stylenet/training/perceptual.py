"""Training loss for stylization: the losses of the standard recipes, for batches with a style per picture."""

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
from stylenet.losses.style import STRENGTH_DECADES
from stylenet.networks.slim_geometry import STRIDE
from stylenet.tiling.halo import strides
from stylenet.training.motion import Motion
from stylenet.training.style_targets import StyleTargets

CONTENT_LAYERS = ("relu3_1", "relu4_1")

STYLE_LAYERS: Mapping[str, float] = {"relu1_1": 0.15, "relu2_1": 0.2, "relu3_1": 0.25, "relu4_1": 0.25, "relu5_1": 0.15}
"""Style layers and their weights, with sum 1."""

HALF_LAYERS: Mapping[str, float] = {"relu2_1": 0.2, "relu3_1": 0.4, "relu4_1": 0.4}
"""The same at half the size, for larger strokes."""

_HALF_SHARE = 1 / 3
"""Share of the style term computed at half the size."""

RIM_PX = 16
"""Width of the border excluded from style and content, because zero padding affects its features. Networks that can paint a margin are
compared with it, so that nothing of the photo is excluded (`with_rim`): otherwise they leave a frame."""

_MIN_DISTANCE = 0.05
"""Lower bound for the initial distance by which a layer is divided, so that layers with small distances do not dominate."""

_MIN_VARIANCE = 0.05
"""Lower bound for the variance of a layer, relative to its mean square."""

_MOVED_RIM_PX = 32
"""Width of the border excluded from equivariance, at most a quarter of the picture."""

_COLOR_PX = 32
"""Side of the squares whose mean colors are compared for symmetry: strokes need not be symmetric."""

Measured = tuple[dict[str, Tensor], dict[str, Centered], dict[str, Centered]]
"""Features of the content layers, moments of the style layers, and moments at half the size."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Weights of the terms. Content is 1 for a picture without content, style is 1 for the photo.

    A mesh that is barely visible in a flat sky has a weighted loss of 0.1; its period is the stride of the deepest layer, a multiple of all
    other strides. Equivariance is 0.3 if the paintings of a photo and of the shifted photo differ by 1/14 of white; symmetry, if the colors
    of the paintings of a photo and of the mirrored photo do.
    """

    style: float = 5.5
    smoothness: float = 1.0
    mesh: float = 100.0
    equivariance: float = 60.0
    symmetry: float = 60.0


class PerceptualLoss:
    """Content, style and smoothness losses of painted pictures.

    Args:
        encoder: The loss network.
        weights: Weights of the terms.
    """

    def __init__(self, encoder: VggEncoder, weights: Weights) -> None:
        self._encoder, self._weights = encoder, weights
        self._strides = strides(encoder.record)

    @torch.no_grad()
    def statistics(self, paintings: Tensor) -> tuple[dict[str, Centered], dict[str, Centered]]:
        """Moments of style images (N, 3, H, W), at their size and at half of it."""
        layers = tuple(STYLE_LAYERS)
        return self._moments(paintings, layers), self._moments(functional.avg_pool2d(paintings, 2), layers)

    def __call__(self, painted: Tensor, photos: Tensor, targets: tuple[StyleTargets, StyleTargets], strengths: Tensor) -> dict[str, Tensor]:
        """The weighted terms, averaged over the batch; their sum is minimized.

        Args:
            painted: The network's pictures, (B, 3, H, W), 0..1.
            photos: Their photos, of the same size.
            targets: Their style targets, at full and at half size.
            strengths: 0..100, (B,); see `losses.style.strength_factor`.
        """
        with torch.no_grad():
            photo_features, *photo_moments = self._measure(photos)
        painted_features, *painted_moments = self._measure(painted)
        factor = self._weights.style * strength_factors(strengths)
        # Normalized to the same sum of weights, so that high strengths do not dominate.
        share = (1 + self._weights.style) / (1 + factor)
        content = torch.stack(
            [_content(self._cropped(layer, painted_features), self._cropped(layer, photo_features)) for layer in CONTENT_LAYERS]
        ).mean(0)
        style = torch.zeros_like(content)
        for target, old, new, weights, part in (
            (targets[0], photo_moments[0], painted_moments[0], STYLE_LAYERS, 1 - _HALF_SHARE),
            (targets[1], photo_moments[1], painted_moments[1], HALF_LAYERS, _HALF_SHARE),
        ):
            start, distances = target.distances(old, new)
            for layer, weight in weights.items():
                style = style + part * weight * distances[layer] / start[layer].clamp_min(_MIN_DISTANCE)
        return {
            "content": (share * content).mean(),
            "style": (share * factor * style).mean(),
            "smoothness": total_variation(painted, "mean-square") * self._weights.smoothness,
            "mesh": mesh(painted, STRIDE) * self._weights.mesh,
        }

    def of_motion(self, painted: Tensor, moved: Tensor, motion: Motion) -> dict[str, Tensor]:
        """The equivariance term, from the paintings of the photos and of the moved photos."""
        rim_px = min(_MOVED_RIM_PX, min(moved.shape[2:]) // 4)
        distance = shift_distance(motion.window(painted), moved, (0, 0), rim_px=rim_px)
        return {"equivariance": distance * self._weights.equivariance}

    def of_mirror(self, painted: Tensor, mirrored: Tensor, motion: Motion) -> dict[str, Tensor]:
        """The symmetry term, from the paintings of the photos and of the mirrored photos.

        A network recognizes the borders of a picture, and so its position in it. Without this term, a network for one painting learns to
        give each part of the frame a color of its own, because the style loss asks for all colors of the painting.
        """
        difference = functional.avg_pool2d(motion.mirror(painted) - mirrored, _COLOR_PX)
        return {"symmetry": difference.square().mean() * self._weights.symmetry}

    def of_texture(self, painted: Tensor, target: StyleTargets) -> dict[str, Tensor]:
        """The style term, relative to the moments of the style image: the only term of textures."""
        (distances,) = target.distances(self._moments(painted, tuple(STYLE_LAYERS)))
        return {"style": torch.stack([distances[layer].mean() for layer in STYLE_LAYERS]).mean()}

    def _measure(self, image: Tensor) -> Measured:
        features, moments = self._encode(image, (*STYLE_LAYERS, *CONTENT_LAYERS))
        half = self._moments(functional.avg_pool2d(image, 2), tuple(HALF_LAYERS))
        return {layer: features[layer] for layer in CONTENT_LAYERS}, moments, half

    def _moments(self, image: Tensor, layers: tuple[str, ...]) -> dict[str, Centered]:
        return self._encode(image, layers)[1]

    def _encode(self, image: Tensor, layers: tuple[str, ...]) -> tuple[dict[str, Tensor], dict[str, Centered]]:
        moments: dict[str, Centered] = {}

        def observe(layer: str, values: Tensor) -> Tensor:
            if layer in STYLE_LAYERS:
                top, left, rows, columns = self._inner_window(layer, values)
                moments[layer] = Centered.of(values[:, :, top : top + rows, left : left + columns])
            return values

        return self._encoder(image, set(layers), observe), moments

    def _cropped(self, layer: str, features: Mapping[str, Tensor]) -> Tensor:
        top, left, rows, columns = self._inner_window(layer, features[layer])
        return features[layer][:, :, top : top + rows, left : left + columns]

    def _inner_window(self, layer: str, values: Tensor) -> Window:
        rim = RIM_PX // self._strides[layer]
        rows, columns = values.shape[2:]
        if min(rows, columns) <= 2 * rim:
            return 0, 0, rows, columns
        return rim, rim, rows - 2 * rim, columns - 2 * rim


def with_rim(photos: Tensor) -> Tensor:
    """Photos (B, 3, H, W), extended by reflection to (B, 3, H + 2 `RIM_PX`, W + 2 `RIM_PX`)."""
    return functional.pad(photos, (RIM_PX,) * 4, mode="reflect")


def without_rim(painted: Tensor) -> Tensor:
    """The inverse of `with_rim`."""
    return painted[:, :, RIM_PX:-RIM_PX, RIM_PX:-RIM_PX]


def strength_factors(strengths: Tensor) -> Tensor:
    """`losses.style.strength_factor` of several strengths."""
    below, above = STRENGTH_DECADES
    low = (10 ** (below * strengths / 50) - 1) / (10**below - 1)
    return torch.where(strengths >= 50, 10 ** (above * (strengths - 50) / 50), low)


def _content(painted: Tensor, photo: Tensor) -> Tensor:
    """The distance `spread` of `losses.content` for each picture of a batch, shape (B)."""
    count = photo.shape[2] * photo.shape[3]
    power = photo.square().sum((1, 2, 3), dtype=torch.float32)
    spread = power - count * photo.mean((2, 3), dtype=torch.float32).square().sum(1)
    return (painted - photo).square().sum((1, 2, 3), dtype=torch.float32) / torch.maximum(spread, _MIN_VARIANCE * power).clamp_min(1e-12)
