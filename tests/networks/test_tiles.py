"""Painting by tiles gives the same result as without tiles."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from stylenet.catalog.networks import JohnsonRecord, SlimRecord
from stylenet.errors import UsageError
from stylenet.networks import slim
from stylenet.networks.files import build
from stylenet.networks.instant import InstantNet
from stylenet.networks.johnson import JohnsonNet
from stylenet.networks.normalization import instance_norm, with_moments
from stylenet.networks.relay import white_noise
from stylenet.networks.slim import SlimNet

SIZES = [(101, 131), (96, 104), (131, 23), (2, 300)]
"""Heights and widths: odd, prime, even, so narrow that a tile is as wide as the picture, or that nothing can be reflected."""


def picture(height: int, width: int) -> Tensor:
    """A picture that varies, so that the moments of a tile differ from those of the whole."""
    generator = torch.Generator().manual_seed(height * width)
    ramp = torch.linspace(0, 1, width).expand(1, 3, height, width)
    return 0.5 * ramp + 0.5 * torch.rand((1, 3, height, width), generator=generator) * ramp


def network(record: SlimRecord | JohnsonRecord) -> Any:
    """A network with random weights in every layer."""
    torch.manual_seed(0)
    made = build(record)
    for name, parameter in made.named_parameters():
        if name.endswith(("scales", "shifts", "bias")):
            parameter.data.add_(0.3 * torch.randn_like(parameter))
    return made.requires_grad_(False).eval()


def same(painted: Tensor, whole: Tensor) -> None:
    assert whole.std() > 0.01
    torch.testing.assert_close(painted, whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "max_px"),
    [((401, 431), 352 * 352), ((384, 416), 368 * 400), ((531, 23), 352 * 352), ((2, 700), 352 * 352)],
)
def test_slim_paints_by_tiles_as_in_one_piece(size: tuple[int, int], max_px: int) -> None:
    net: SlimNet = network(SlimRecord(fine=8, coarse=8, deep=8, blocks=1, mixed=2))
    photo = picture(*size)
    noise = white_noise(*size, 0)
    same(net(photo, noise, max_px=max_px), net(photo, noise))


def test_the_network_of_every_style_paints_by_tiles() -> None:
    net: InstantNet = network(SlimRecord(fine=8, coarse=8, deep=8, blocks=1, mixed=2, code=3))
    photo, noise = picture(401, 417), white_noise(401, 417, 0)
    knobs = net.coder(torch.randn(1, net.coder.description_size), torch.tensor([70.0]))
    same(net.painter(photo, noise, knobs, max_px=352 * 352), net.painter(photo, noise, knobs))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "changes",
    [{}, {"upsampling": "transposed"}, {"normalization": "batch"}, {"factor": 4, "blocks": 2}, {"factor": 4, "upsampling": "transposed"}],
    ids=str,
)
def test_johnsons_paints_by_tiles_as_in_one_piece(size: tuple[int, int], changes: dict[str, Any]) -> None:
    net: JohnsonNet = network(JohnsonRecord(**{"width": 2, "blocks": 1, **changes}))
    photo = picture(*size)
    # Just smaller than the picture, or so that tiles are mostly not halo: of smaller ones there would be hundreds, for every layer.
    max_px = min(88 * 84, size[0] * size[1] - 1)
    same(net(photo, max_px=max_px), net(photo))


def test_several_styles_and_what_is_added_to_the_photo() -> None:
    styled: JohnsonNet = network(JohnsonRecord(width=2, blocks=1, styles=3))
    photo, shares = picture(80, 91), torch.tensor([[0.2, 0.5, 0.3]])
    same(styled(photo, shares, max_px=64 * 60), styled(photo, shares))
    added: JohnsonNet = network(JohnsonRecord(width=2, blocks=1, factor=4, residual=True, normalization="batch"))
    added.leave.weight.data.normal_(std=0.01)
    same(added(photo, max_px=45 * 40), added(photo))


def test_a_picture_that_fits_is_painted_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slim, "paint_by_tiles", None)
    net: SlimNet = network(SlimRecord(fine=4, coarse=4, deep=4, blocks=1))
    noise = white_noise(40, 50, 0)
    assert torch.equal(net(picture(40, 50), noise, max_px=40 * 50), net(picture(40, 50), noise))


def test_no_tile_is_looked_at_that_is_larger_than_asked_for() -> None:
    net: SlimNet = network(SlimRecord(fine=4, coarse=4, deep=4, blocks=1))
    seen: list[int] = []
    net.enter.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].shape[2] * inputs[0].shape[3]))
    net(picture(420, 400), white_noise(420, 400, 0), max_px=352 * 352)
    # The first convolution sees positions of 4 x 4 pixels, and one more on every side.
    assert len(seen) > 5 * 2
    assert max(seen) <= 352 * 352 / 16 + 2 * (352 / 4 + 352 / 4) * 2


def test_limits_below_the_smallest_tile_are_rejected() -> None:
    with pytest.raises(UsageError, match="the smallest one has"):
        network(SlimRecord(fine=4, coarse=4, deep=4, blocks=1))(picture(200, 200), white_noise(200, 200, 0), max_px=40 * 40)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_known_moments_normalize_as_the_whole_does(dtype: torch.dtype) -> None:
    features = (3 * torch.randn((1, 5, 9, 11), generator=torch.Generator().manual_seed(1)) + 2).to(dtype)
    scale, shift = torch.randn((2, 1, 5), generator=torch.Generator().manual_seed(2))
    known = features.float().mean((2, 3)), features.float().var((2, 3), correction=0)
    whole = instance_norm(features, scale, shift)
    part = with_moments(features[:, :, 2:7, 3:], known, scale, shift)
    torch.testing.assert_close(part, whole[:, :, 2:7, 3:], rtol=1e-2 if dtype == torch.bfloat16 else 1e-5, atol=1e-5)
