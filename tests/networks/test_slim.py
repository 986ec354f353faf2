"""The slim network: sizes, knobs and strengths."""

import pytest
import torch
from torch import Tensor

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.relay import white_noise
from stylenet.networks.slim import SlimNet

TINY = SlimRecord(fine=8, coarse=12, deep=16, blocks=2, mixed=2)


@pytest.fixture(scope="module")
def network() -> SlimNet:
    torch.manual_seed(0)
    return SlimNet(TINY).requires_grad_(False)


def photo(height: int, width: int, count: int = 1) -> Tensor:
    return torch.rand((count, 3, height, width), generator=torch.Generator().manual_seed(1))


def noise(height: int, width: int, count: int = 1) -> Tensor:
    return torch.cat([white_noise(height, width, seed) for seed in range(count)])


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 40), (16, 17), (33, 24), (64, 50)])
def test_paints_every_size_in_range(network: SlimNet, size: tuple[int, int]) -> None:
    painted = network(photo(*size), noise(*size))
    assert painted.shape == (1, 3, *size)
    assert painted.dtype == torch.float32
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_each_picture_of_a_batch_is_painted_alone(network: SlimNet) -> None:
    pictures, grain = photo(24, 32, count=3), noise(24, 32, count=3)
    rows = torch.randn(3, network.knob_count) * 0.1 + network.neutral()
    together = network(pictures, grain, rows)
    for index in range(3):
        alone = network(pictures[index : index + 1], grain[index : index + 1], rows[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-4, atol=1e-5)


def test_one_row_serves_a_whole_batch(network: SlimNet) -> None:
    pictures, grain = photo(16, 16, count=2), noise(16, 16, count=2)
    row = network.neutral() * 1.1
    torch.testing.assert_close(network(pictures, grain, row), network(pictures, grain, row.repeat(2, 1)))


def test_style_without_knobs_is_that_of_strength_50(network: SlimNet) -> None:
    picture, grain = photo(16, 24), noise(16, 24)
    torch.testing.assert_close(network(picture, grain), network(picture, grain, network.knobs[1:2]))


def test_works_in_bfloat16(network: SlimNet) -> None:
    picture, grain = photo(40, 40), noise(40, 40)
    half = SlimNet(TINY)
    half.load_state_dict(network.state_dict())
    half = half.to(torch.bfloat16).requires_grad_(False)
    assert (half(picture, grain) - network(picture, grain)).abs().mean() < 0.03


def test_no_frame_at_the_border() -> None:
    """A flat picture stays flat up to its border, apart from the effect of zeros beyond the margin."""
    torch.manual_seed(0)
    network = SlimNet(SlimRecord(fine=8, coarse=12, deep=12, blocks=1, mixed=1)).requires_grad_(False)
    plain = torch.full((1, 3, 96, 96), 0.4)
    painted = network(plain, noise(96, 96))
    inside = painted[:, :, 40:56, 40:56].mean((2, 3), keepdim=True)
    assert painted.shape == plain.shape
    assert (painted[:, :, 0] - inside[:, :, 0]).abs().mean() < 0.2


def test_a_rim_is_more_of_the_same_painting(network: SlimNet) -> None:
    picture, grain = photo(40, 24), noise(40, 24)
    wider = network(picture, grain, rim_px=16)
    assert wider.shape == (1, 3, 72, 56)
    torch.testing.assert_close(wider[:, :, 16:-16, 16:-16], network(picture, grain))


@pytest.mark.parametrize("shape", [(2, 5), (3, 10), (10,)])
def test_rejects_knobs_of_another_network(network: SlimNet, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=rf"knobs of this network have shape \(1 or B, {network.knob_count}\)"):
        network(photo(16, 16), noise(16, 16), torch.zeros(shape))


@pytest.mark.parametrize("size", [(16, 24), (13, 31), (5, 9)])
def test_the_photos_own_pixels_come_in_where_they_belong(size: tuple[int, int]) -> None:
    network = SlimNet(TINY).requires_grad_(False)
    for convolution in (network.finish, network.pixels, network.render):
        convolution.weight.zero_()
        assert convolution.bias is not None
        convolution.bias.zero_()
    for channel in range(3):
        network.pixels.weight[channel, channel, 1, 1] = network.render.weight[channel, channel, 1, 1] = 1.0
    picture = photo(*size)
    torch.testing.assert_close(network(picture, noise(*size)), torch.sigmoid(picture))


@pytest.mark.parametrize("size", [(48, 32), (40, 56)])
def test_grain_at_half_of_the_size_lies_where_the_photo_has_it(size: tuple[int, int]) -> None:
    network = SlimNet(TINY).requires_grad_(False)
    for convolution in (network.leave, network.polish, network.grain, network.finish, network.pixels, network.render):
        convolution.weight.zero_()
        assert convolution.bias is not None
        convolution.bias.zero_()
    network.grain.weight[0, :4, 1, 1] = 0.25
    network.finish.weight[0, 0, 0, 0] = network.render.weight[0, 0, 1, 1] = 1.0
    picture = torch.zeros(1, 3, *size)
    picture[:, 0, 20:22, 10:12] = 1.0
    found = network(picture, noise(*size))[0, 0]
    assert set(map(tuple, torch.nonzero(found == found.max()).tolist())) == {(20, 10), (20, 11), (21, 10), (21, 11)}


def test_noise_is_seen_at_every_size_with_one_deviation(network: SlimNet) -> None:
    seen: list[Tensor] = []
    for convolution in network.noises:
        convolution.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(photo(512, 512), noise(512, 512))
    for convolution in network.noises:
        convolution._forward_pre_hooks.clear()
    assert [one.shape[2] for one in seen] == [144, 72, 36]
    assert all(abs(float(one.std()) - 1) < 0.1 for one in seen)


def test_noise_changes_the_picture_and_must_fit_it(network: SlimNet) -> None:
    picture = photo(32, 32)
    assert not torch.equal(network(picture, white_noise(32, 32, 1)), network(picture, white_noise(32, 32, 2)))
    with pytest.raises(ShapeError, match=r"noise of this photo has shape \(1, 1, 32, 32\); got \(1, 1, 32, 31\)"):
        network(picture, white_noise(32, 31, 0))


def test_rejects_what_is_no_picture(network: SlimNet) -> None:
    with pytest.raises(ShapeError, match=r"a picture has shape \(B, 3, H, W\)"):
        network(torch.rand(1, 1, 16, 16), noise(16, 16))
