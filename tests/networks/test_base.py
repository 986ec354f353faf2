"""Default methods of the networks."""

from __future__ import annotations

import pytest
import torch

from stylenet.catalog.networks import TextureRecord
from stylenet.errors import WeightsError
from stylenet.networks.base import BatchSettings, Network, PassSettings

PHOTO = torch.rand(1, 3, 6, 7, generator=torch.Generator().manual_seed(0))


class Negative(Network[TextureRecord]):
    def forward(self, photo: torch.Tensor) -> torch.Tensor:
        return 1 - photo


class NegativeByStrength(Negative):
    has_strengths = True


@pytest.mark.parametrize(("strength", "share"), [(0.0, 0.0), (20.0, 0.4), (50.0, 1.0), (90.0, 1.0)])
def test_below_the_strength_of_training_the_photo_shows_through(strength: float, share: float) -> None:
    settings = PassSettings(strength=strength)
    expected = PHOTO + share * (1 - 2 * PHOTO)
    torch.testing.assert_close(Negative(TextureRecord()).paint(PHOTO, settings), expected)
    torch.testing.assert_close(NegativeByStrength(TextureRecord()).paint(PHOTO, settings), 1 - PHOTO)


def test_defaults() -> None:
    network = Negative(TextureRecord())
    assert (network.period_px, network.geometry(TextureRecord(), 10, 10)) == (1, None)
    settings = BatchSettings(strengths=torch.full((1,), 50.0))
    torch.testing.assert_close(network.paint_batch(PHOTO, settings), 1 - PHOTO)
    with pytest.raises(WeightsError, match="cannot be exported to ONNX; supported: slim networks"):
        network.to_graph(None, "image")  # type: ignore[arg-type]
