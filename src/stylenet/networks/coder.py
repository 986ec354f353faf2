"""Predict the knobs of the slim network from the statistics of a style image, without training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn

from stylenet.losses.moments import Centered, Moments
from stylenet.networks.descriptions import (
    BOUNDED,
    DEFAULT_STRENGTH,
    DIRECTIONS,
    FARTHEST,
    MIN_DEVIATION,
    OUTLIERS,
    STRENGTH_UNIT,
    UNBOUNDED,
)
from stylenet.networks.descriptions import LAYERS as LAYERS
from stylenet.networks.slim import SlimNet
from stylenet.networks.slim_geometry import STRENGTHS

Statistics: TypeAlias = Moments | Centered

_HIDDEN = 256


class StyleCoder(nn.Module):
    """Encode the moments of a style image as a description, and map the description and a strength to knobs.

    For each layer, the description holds the means and deviations of the channels, and the correlations projected onto the principal
    directions of the mean correlation matrix of many paintings.

    Args:
        network: The network to compute knobs for.
    """

    center: Tensor
    spread: Tensor
    hidden_low: Tensor
    hidden_high: Tensor
    code_low: Tensor
    code_high: Tensor

    def __init__(self, network: SlimNet) -> None:
        super().__init__()
        for layer, channels in LAYERS.items():
            self.register_buffer(f"directions_{layer}", torch.eye(channels, DIRECTIONS))
        size = 2 * sum(LAYERS.values()) + len(LAYERS) * DIRECTIONS * (DIRECTIONS + 1) // 2
        self.register_buffer("center", torch.zeros(size))
        self.register_buffer("spread", torch.ones(size))
        code = network.record.code
        self.hidden = nn.Linear(size + 1, _HIDDEN)
        self.code = nn.Linear(_HIDDEN, code)
        self.knobs = nn.Linear(code, network.knob_count)
        for layer, width in zip(BOUNDED, (_HIDDEN, code), strict=True):
            self.register_buffer(f"{layer}_low", torch.empty(width))
            self.register_buffer(f"{layer}_high", torch.empty(width))
        self.unbound()
        nn.init.normal_(self.knobs.weight, std=0.1 / code**0.5)
        self.knobs.bias.data.copy_(network.neutral()[0])

    @property
    def description_size(self) -> int:
        """Length D of a description."""
        return self.hidden.in_features - 1

    def describe(self, statistics: Mapping[str, Statistics]) -> Tensor:
        """Normalized descriptions, shape (B, D), from the moments of `LAYERS`."""
        # Clipped: a channel that hardly varied in training would otherwise dominate all others.
        return ((self._raw(statistics) - self.center) / self.spread).clamp(-FARTHEST, FARTHEST)

    def forward(self, description: Tensor, strength: Tensor) -> Tensor:
        """Knobs, shape (B, K), of descriptions (B, D) at strengths (B,), which are clipped to 10..100."""
        styles = self._sums(description).clamp(self.hidden_low, self.hidden_high)
        codes = self._codes(styles, strength).clamp(self.code_low, self.code_high)
        return self.knobs(nn.functional.silu(codes))

    def calibrate(self, paintings: Sequence[Mapping[str, Statistics]]) -> None:
        """Fit directions, means and deviations to batches of paintings, so that their descriptions have mean 0 and deviation 1."""
        for layer in LAYERS:
            common = torch.cat([_correlations(one[layer]) for one in paintings]).mean(0)
            directions = torch.linalg.eigh(common)[1][:, -DIRECTIONS:]
            # The signs of eigenvectors are arbitrary.
            self.directions(layer).copy_(directions * directions.sum(0).sign())
        rows = torch.cat([self._raw(one) for one in paintings])
        self.center.copy_(rows.mean(0))
        self.spread.copy_(rows.std(0).clamp_min(1e-3))

    def bound(self, descriptions: Tensor) -> None:
        """Clip each unit of the inner layers to the range that it has for these descriptions (N, D) at any strength, without outliers.

        Otherwise a picture unlike any painting, such as a flat pattern, drives the knobs to a hundred times their usual range, and the
        result has a single color.
        """
        styles = self._sums(descriptions)
        codes = torch.cat([self._codes(styles, torch.full((len(styles),), strength)) for strength in STRENGTHS])
        for layer, sums in zip(BOUNDED, (styles, codes), strict=True):
            low, high = torch.quantile(sums, torch.tensor([OUTLIERS, 1 - OUTLIERS]), dim=0)
            self.get_buffer(f"{layer}_low").copy_(low)
            self.get_buffer(f"{layer}_high").copy_(high)

    def unbound(self) -> None:
        """Remove the bounds set by `bound`."""
        for layer in BOUNDED:
            self.get_buffer(f"{layer}_low").fill_(-UNBOUNDED)
            self.get_buffer(f"{layer}_high").fill_(UNBOUNDED)

    def _sums(self, description: Tensor) -> Tensor:
        """The first layer, before the strength is added."""
        return nn.functional.linear(description, self.hidden.weight[:, :-1], self.hidden.bias)

    def _codes(self, sums: Tensor, strength: Tensor) -> Tensor:
        offset = (strength.clamp(STRENGTHS[0], STRENGTHS[-1]) - DEFAULT_STRENGTH) / STRENGTH_UNIT
        return cast(Tensor, self.code(nn.functional.silu(sums + offset[:, None] * self.hidden.weight[:, -1])))

    def directions(self, layer: str) -> Tensor:
        """Directions that the correlations of a layer are projected onto, shape (C, directions)."""
        return self.get_buffer(f"directions_{layer}")

    def _raw(self, statistics: Mapping[str, Statistics]) -> Tensor:
        """Means, logarithms of the deviations (which differ up to a hundredfold between paintings), and projected correlations."""
        means = [statistics[layer].mean.float() for layer in LAYERS]
        deviations = [statistics[layer].deviation.float().clamp_min(MIN_DEVIATION).log() for layer in LAYERS]
        rows, columns = torch.triu_indices(DIRECTIONS, DIRECTIONS)
        correlations = []
        for layer in LAYERS:
            directions = self.directions(layer)
            projected = directions.T @ _correlations(statistics[layer]) @ directions
            correlations.append(projected[:, rows, columns])
        return torch.cat((*means, *deviations, *correlations), dim=1)


def _correlations(moments: Statistics) -> Tensor:
    scale = moments.deviation.float().clamp_min(MIN_DEVIATION)
    return moments.covariance.float() / (scale[:, :, None] * scale[:, None, :])
