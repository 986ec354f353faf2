"""Knobs of the slim network."""

from __future__ import annotations

import pytest
import torch

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.slim_geometry import STRENGTHS
from stylenet.networks.slim_layers import SlimLayers


def layers(**changes: int) -> SlimLayers:
    torch.manual_seed(0)
    return SlimLayers(SlimRecord(fine=8, coarse=12, deep=16, blocks=2, mixed=2, **changes)).requires_grad_(False)


def test_strengths_are_interpolated_between_the_rows() -> None:
    network = layers()
    network.knobs.copy_(torch.randn(3, network.knob_count))
    low, usual, high = network.knobs
    given = network.knobs_at(torch.tensor([0.0, *STRENGTHS, 30.0, 75.0, 100.0]))
    wanted = torch.stack((low, low, usual, high, (low + usual) / 2, (usual + high) / 2, high))
    torch.testing.assert_close(given, wanted)


def test_a_network_begins_with_scales_and_without_shifts() -> None:
    network = layers()
    scales, shifts, mixing = network.neutral()[0].split(
        [sum(network.widths), sum(network.widths), network.knob_count - 2 * sum(network.widths)]
    )
    assert set(scales.tolist()) == {0.5, 1.0}
    assert not shifts.any()
    assert 0.01 < float(mixing.std()) < 0.03
    torch.testing.assert_close(network.knobs, network.neutral().repeat(3, 1))


def test_the_network_for_all_styles_has_no_knobs_of_its_own() -> None:
    with pytest.raises(ShapeError, match="has no style of its own"):
        layers(code=4).knobs_at(torch.tensor([50.0]))
