"""The slim network: sizes, styles as rows of numbers, strengths."""

import pytest
import torch
from torch import Tensor

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.slim import STRENGTHS, SlimNet

TINY = SlimRecord(fine=8, coarse=12, blocks=2, mixed=2)


@pytest.fixture(scope="module")
def network() -> SlimNet:
    torch.manual_seed(0)
    return SlimNet(TINY).requires_grad_(False)


def photo(height: int, width: int, count: int = 1) -> Tensor:
    return torch.rand((count, 3, height, width), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 40), (16, 17), (33, 24), (64, 50)])
def test_paints_every_size_in_range(network: SlimNet, size: tuple[int, int]) -> None:
    painted = network(photo(*size))
    assert painted.shape == (1, 3, *size)
    assert painted.dtype == torch.float32
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_each_picture_of_a_batch_is_painted_alone(network: SlimNet) -> None:
    pictures = photo(24, 32, count=3)
    rows = torch.randn(3, network.knob_count) * 0.1 + network.neutral()
    together = network(pictures, rows)
    for index in range(3):
        alone = network(pictures[index : index + 1], rows[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone, rtol=1e-4, atol=1e-5)


def test_one_row_serves_a_whole_batch(network: SlimNet) -> None:
    pictures = photo(16, 16, count=2)
    row = network.neutral() * 1.1
    torch.testing.assert_close(network(pictures, row), network(pictures, row.repeat(2, 1)))


def test_strengths_are_interpolated_between_the_rows(network: SlimNet) -> None:
    with torch.no_grad():
        network.knobs.copy_(torch.randn(3, network.knob_count))
    low, usual, high = network.knobs
    given = network.knobs_at(torch.tensor([0.0, *STRENGTHS, 30.0, 80.0, 100.0]))
    wanted = torch.stack((low, low, usual, high, (low + usual) / 2, 0.25 * usual + 0.75 * high, high))
    torch.testing.assert_close(given, wanted)


def test_style_without_knobs_is_that_of_strength_50(network: SlimNet) -> None:
    picture = photo(16, 24)
    torch.testing.assert_close(network(picture), network(picture, network.knobs[1:2]))


def test_works_in_bfloat16(network: SlimNet) -> None:
    picture = photo(40, 40)
    half = SlimNet(TINY)
    half.load_state_dict(network.state_dict())
    half = half.to(torch.bfloat16).requires_grad_(False)
    assert (half(picture) - network(picture)).abs().mean() < 0.03


def test_no_frame_at_the_border() -> None:
    """A plain picture stays plain up to its border, but for what zeros beyond the margin do."""
    torch.manual_seed(0)
    network = SlimNet(SlimRecord(fine=8, coarse=12, blocks=0 + 1, mixed=1)).requires_grad_(False)
    plain = torch.full((1, 3, 96, 96), 0.4)
    painted = network(plain)
    inside = painted[:, :, 40:56, 40:56].mean((2, 3), keepdim=True)
    assert painted.shape == plain.shape
    assert (painted[:, :, 0] - inside[:, :, 0]).abs().mean() < 0.2


@pytest.mark.parametrize("shape", [(2, 5), (3, 10), (10,)])
def test_refuses_knobs_of_another_network(network: SlimNet, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=f"a style of this network is {network.knob_count} numbers"):
        network(photo(16, 16), torch.zeros(shape))


def test_network_of_every_style_has_none_of_its_own() -> None:
    with pytest.raises(ShapeError, match="paints in every style"):
        SlimNet(SlimRecord(fine=8, coarse=8, blocks=1, code=4))(photo(16, 16))


@pytest.mark.parametrize("size", [(16, 24), (13, 31), (5, 9)])
def test_the_photos_own_pixels_come_in_where_they_belong(size: tuple[int, int]) -> None:
    network = SlimNet(TINY).requires_grad_(False)
    for convolution in (network.leave, network.polish, network.grain, network.finish):
        convolution.weight.zero_()
        assert convolution.bias is not None
        convolution.bias.zero_()
    for channel in range(12):
        network.grain.weight[channel, channel, 1, 1] = network.finish.weight[channel, channel, 1, 1] = 1.0
    picture = photo(*size)
    torch.testing.assert_close(network(picture), torch.sigmoid(picture))


def test_refuses_what_is_no_picture(network: SlimNet) -> None:
    with pytest.raises(ShapeError, match=r"a picture has shape \(B, 3, H, W\)"):
        network(torch.rand(1, 1, 16, 16))


def test_blocks_of_shuffled_pixels_start_alike() -> None:
    """Aitken et al. 2017: the four pixels of a block have one kernel at the start, so that no checkerboard is there to begin with."""
    torch.manual_seed(0)
    weight = SlimNet(TINY).finish.weight
    torch.testing.assert_close(weight[0::4], weight[3::4])
