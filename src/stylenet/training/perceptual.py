"""What a network's pictures are judged by: the everyday recipes' own losses, for a batch of photos with a style each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.content import ContentTarget
from stylenet.losses.equivariance import shift_distance
from stylenet.losses.moments import Moments, Window, watched
from stylenet.losses.smoothness import mesh, total_variation
from stylenet.losses.style import LayerLoss, layer_loss, strength_factor
from stylenet.networks.slim import STRIDE
from stylenet.tiling.halo import strides
from stylenet.training.batches import item_rng

CONTENT_LAYERS = ("relu3_1", "relu4_1")
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

_RIM_PX = 16
"""Features so close to a crop's border do not count as style: they see the zeros beyond it."""

_LEAST = 0.05
"""A photo that is this close to the painting already is treated as if it were so far: else a layer without difference would rule."""


_MOVED_RIM_PX = 32
"""Pixels at the border of a painting, but at most a quarter of it, that are not compared with those of the moved one."""

Shift = tuple[int, int]
"""Rows and columns."""


def drawn_shift(seed: int, step: int) -> Shift:
    """By how much the photos of update `step` are moved to be painted once more: by less than a position of the deepest layer."""
    place = item_rng(seed, step, -1).randrange(1, STRIDE**2)
    return divmod(place, STRIDE)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Of the terms, in the units of the `standard` recipe: content is 1 for a picture without content, style 1 for the photo.

    A mesh that the eye begins to see in a flat sky counts 0.1. It is looked for with the period of the deepest layer, which those of the
    others divide: forbidden to repeat after 4 pixels alone, networks learned to repeat after 8.

    Equivariance: where two paintings of a photo, one moved by a few pixels, differ by a fourteenth of white, it counts 0.3.
    """

    style: float = 7.0
    smoothness: float = 2.0
    mesh: float = 150.0
    equivariance: float = 60.0


@dataclass(frozen=True)
class Goal:
    """A painting, ready to be compared with.

    Attributes:
        losses: Of each of the style layers.
    """

    losses: Mapping[str, LayerLoss]

    @classmethod
    def of(cls, statistics: Mapping[str, Moments]) -> Goal:
        """From a painting's moments, a batch of one."""
        return cls({layer: layer_loss(statistics[layer], "wasserstein", "relative") for layer in STYLE_LAYERS})


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
    def statistics(self, image: Tensor) -> dict[str, Moments]:
        """A painting's moments, as pictures (B, 3, H, W) will be compared with them."""
        return self._look(image)[1]

    def __call__(self, painted: Tensor, photos: Tensor, goals: Sequence[Goal], strengths: Tensor) -> dict[str, Tensor]:
        """The terms, each the mean over the batch; their sum is what is minimized.

        Args:
            painted: The network's pictures, (B, 3, H, W), 0..1.
            photos: What they were painted from.
            goals: What each of them is painted after.
            strengths: 0..100, (B,); see `strength_factor`.
        """
        with torch.no_grad():
            wanted, before = self._look(photos)
        given, now = self._look(painted)
        content, style = [], []
        for index, (goal, strength) in enumerate(zip(goals, strengths.tolist(), strict=True)):
            factor = self._weights.style * strength_factor(strength)
            # Strong ones would drown the others: all have one sum of weights.
            share = (1 + self._weights.style) / (1 + factor)
            own = slice(index, index + 1)
            for layer in CONTENT_LAYERS:
                distance = ContentTarget(wanted[layer][own], "spread").loss(given[layer][own])
                content.append(distance * share / len(CONTENT_LAYERS))
            for layer, loss in goal.losses.items():
                start = loss(_one(before[layer], own)).detach().clamp_min(_LEAST)
                style.append(loss(_one(now[layer], own)) / start * (share * factor / len(goal.losses)))
        count = len(goals)
        return {
            "content": torch.stack(content).sum() / count,
            "style": torch.stack(style).sum() / count,
            "smoothness": total_variation(painted, "mean-square") * self._weights.smoothness,
            "mesh": mesh(painted, STRIDE) * self._weights.mesh,
        }

    def of_shift(self, painted: Tensor, moved: Tensor, shift: Shift) -> dict[str, Tensor]:
        """One term more, of what is painted from the same photos without their first rows and columns."""
        rim_px = min(_MOVED_RIM_PX, min(moved.shape[2:]) // 4)
        return {"equivariance": shift_distance(painted, moved, shift, rim_px=rim_px) * self._weights.equivariance}

    def of_texture(self, painted: Tensor, goal: Goal) -> dict[str, Tensor]:
        """The one term of pictures that no photo is behind: style, relative to the painting's own moments."""
        _, now = self._look(painted)
        each = [loss(_one(now[layer], slice(index, index + 1))) for index in range(len(painted)) for layer, loss in goal.losses.items()]
        return {"style": torch.stack(each).mean()}

    def _look(self, image: Tensor) -> tuple[dict[str, Tensor], dict[str, Moments]]:
        found: dict[str, Moments] = {}

        def observe(layer: str, values: Tensor) -> Tensor:
            if layer in STYLE_LAYERS:
                values, (found[layer],) = watched(values, self._inside(layer, values))
            return values

        features = self._encoder(image, {*STYLE_LAYERS, *CONTENT_LAYERS}, observe)
        return {layer: features[layer] for layer in CONTENT_LAYERS}, found

    def _inside(self, layer: str, values: Tensor) -> Window:
        rim = _RIM_PX // self._strides[layer]
        rows, columns = values.shape[2:]
        if min(rows, columns) <= 2 * rim:
            return 0, 0, rows, columns
        return rim, rim, rows - 2 * rim, columns - 2 * rim


def _one(moments: Moments, own: slice) -> Moments:
    return Moments(moments.mean[own], moments.gram[own], moments.positions)
