"""Features of a picture and of a painting, with correlated channels."""

from __future__ import annotations

import torch

CHANNELS = 4


def features(height: int, width: int, seed: int) -> torch.Tensor:
    """Features (1, CHANNELS, height, width) in float64."""
    values = torch.randn(1, CHANNELS, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.einsum("dc,bchw->bdhw", torch.eye(CHANNELS, dtype=torch.float64) + 0.3, values) + 0.5


PAINTED, PAINTING = features(5, 6, seed=1), features(5, 6, seed=2)
