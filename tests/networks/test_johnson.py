from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from stylenet.catalog.networks import JohnsonRecord
from stylenet.errors import ShapeError
from stylenet.networks.johnson import JohnsonNet


def network(**changes: Any) -> JohnsonNet:
    """A small network with seeded random weights, scales and shifts."""
    torch.manual_seed(0)
    net = JohnsonNet(JohnsonRecord(**{"width": 4, "blocks": 1} | changes))
    for name, parameter in net.named_parameters():
        if name.endswith(("scales", "shifts")):
            parameter.data.add_(0.5 * torch.randn_like(parameter))
    return net.requires_grad_(False).eval()


def photo(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def count(**changes: Any) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in JohnsonNet(JohnsonRecord(**changes)).parameters())


def test_parameters_are_the_papers_but_for_biases_without_effect():
    normalized = 32 + 64 + 128 + 5 * 2 * 128 + 64 + 32
    # Table 1 of the supplementary, with a bias in every convolution and a scale and a shift in every normalization, has 1 679 235.
    assert count() == 1_679_235 - normalized
    assert count(upsampling="transposed") == count(normalization="batch") == count()


def test_a_style_is_3200_numbers():
    # "About 3 K": Dumoulin et al. 2017.
    assert count(styles=8) - count(styles=7) == 3200


def test_super_resolution_has_the_layers_of_table_2():
    layers = 3 * 64 * 81 + (4 * 2 + 2) * 64 * 64 * 9 + 64 * 3 * 81 + 3
    assert count(width=64, blocks=4, factor=4) == layers + 2 * 64 * (1 + 4 * 2 + 2)


@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
@pytest.mark.parametrize("factor", [1, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 13), (3, 2), (5, 5), (8, 6), (21, 34), (35, 16)])
def test_any_size(upsampling, factor, size):
    height, width = size
    painted = network(upsampling=upsampling, factor=factor)(photo(2, 3, height, width))
    assert painted.shape == (2, 3, factor * height, factor * width)
    assert painted.isfinite().all()
    assert painted.min() >= 0
    assert painted.max() <= 1


@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
def test_agrees_with_the_layers_written_out(upsampling):
    net = network(upsampling=upsampling)
    weights = net.state_dict()

    def normalized(x: torch.Tensor, name: str) -> torch.Tensor:
        name += ".normalization"
        return functional.instance_norm(x, weight=weights[f"{name}.scales"][0], bias=weights[f"{name}.shifts"][0])

    def layer(x: torch.Tensor, name: str, stride: int = 1) -> torch.Tensor:
        weight = weights[f"{name}.convolution.weight"]
        reach = weight.shape[-1] // 2
        return normalized(functional.conv2d(functional.pad(x, (reach,) * 4, mode="reflect"), weight, stride=stride), name)

    def doubling(x: torch.Tensor, name: str) -> torch.Tensor:
        if upsampling == "nearest":
            return layer(x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3), name)
        # Zeros between the positions, reflected outside, and a plain convolution with the kernel turned around.
        padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        batch, channels, height, width = padded.shape
        spread = torch.zeros(batch, channels, 2 * height - 1, 2 * width - 1)
        spread[:, :, ::2, ::2] = padded
        kernel = weights[f"{name}.convolution.weight"].transpose(0, 1).flip(2, 3)
        return normalized(functional.conv2d(spread, kernel)[:, :, 1:, 1:], name)

    x = layer(photo(1, 3, 23, 33), "enter").relu()
    x = layer(x, "shrink.0", 2).relu()
    x = layer(x, "shrink.1", 2).relu()
    x = x + layer(layer(x, "blocks.0.first").relu(), "blocks.0.second")
    x = doubling(x, "grow.0").relu()
    x = doubling(x, "grow.1").relu()
    x = functional.conv2d(functional.pad(x, (4,) * 4, mode="reflect"), weights["leave.weight"], weights["leave.bias"])[:, :, :23, :33]
    torch.testing.assert_close(net(photo(1, 3, 23, 33)), (x.tanh() + 1) / 2, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("factor", [1, 4])
def test_one_color_stays_one_color_up_to_the_corners(factor):
    color = torch.tensor([0.9, 0.2, 0.4]).view(1, 3, 1, 1).expand(1, 3, 22, 31)
    painted = network(normalization="batch", factor=factor)(color)
    torch.testing.assert_close(painted, painted[:, :, :1, :1].expand_as(painted), rtol=0, atol=1e-5)


def test_transposed_convolutions_leave_no_border():
    painted = network(normalization="batch", upsampling="transposed")(torch.full((1, 3, 24, 32), 0.8))
    # Their pattern repeats every 4 pixels. The last layer sees it mirrored within 4 pixels of the border, and nothing else may differ.
    inner = painted[:, :, 4:-4, 4:-4]
    torch.testing.assert_close(inner[:, :, 4:], inner[:, :, :-4], rtol=0, atol=1e-5)
    torch.testing.assert_close(inner[:, :, :, 4:], inner[:, :, :, :-4], rtol=0, atol=1e-5)


@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
@pytest.mark.parametrize("factor", [1, 4])
def test_a_moved_photo_gives_a_moved_painting(upsampling, factor):
    # With remembered moments every pixel depends on a neighborhood only, and steps of 4 pixels are steps of whole positions.
    net = network(normalization="batch", upsampling=upsampling, factor=factor)
    picture = photo(1, 3, 72, 80)
    rim = 28 * factor
    whole, moved = net(picture), net(picture[:, :, 4:, 8:])
    torch.testing.assert_close(
        moved[:, :, rim:-rim, rim:-rim], whole[:, :, 4 * factor + rim : -rim, 8 * factor + rim : -rim], rtol=0, atol=1e-5
    )


def test_pictures_of_a_batch_do_not_know_each_other():
    net, pictures = network(), photo(2, 3, 18, 21)
    torch.testing.assert_close(net(pictures)[1:], net(pictures[1:]), rtol=0, atol=1e-4)


def test_styles_are_chosen_and_blended_by_weights():
    net, pictures = network(styles=3), photo(1, 3, 16, 16).expand(3, 3, 16, 16)
    each = net(pictures, torch.eye(3))
    assert (each[0] - each[1]).abs().mean() > 0.01
    torch.testing.assert_close(net(pictures[:1], torch.eye(3)[1:2]), each[1:2], rtol=0, atol=1e-5)
    steps = torch.linspace(0, 1, 3)
    way = net(pictures, torch.stack((1 - steps, steps, 0 * steps), dim=1))
    torch.testing.assert_close(way[[0, 2]], each[[0, 1]], rtol=0, atol=1e-5)
    assert not torch.allclose(way[1], each[0], atol=1e-2)
    assert not torch.allclose(way[1], each[1], atol=1e-2)


def test_bfloat16_paints_nearly_the_same_in_float32():
    net, picture = network(), photo(1, 3, 33, 40)
    expected = net(picture)
    painted = net.to(torch.bfloat16)(picture)
    assert painted.dtype == torch.float32
    assert (painted - expected).abs().mean() < 0.01


def test_every_weight_learns():
    net = network(styles=2).requires_grad_(True)
    net(photo(1, 3, 16, 16), torch.tensor([[0.5, 0.5]])).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in net.parameters())


def test_the_first_painting_is_near_grey():
    painted = network(width=32, blocks=5)(photo(1, 3, 32, 32))
    assert 0.02 < painted.std() < 0.25


def test_wrong_input_is_rejected():
    with pytest.raises(ShapeError, match=r"a picture has shape \(B, 3, H, W\)"):
        network()(photo(1, 4, 8, 8))
    with pytest.raises(ShapeError, match=r"has 3 styles: give their weights"):
        network(styles=3)(photo(1, 3, 8, 8))
    with pytest.raises(ShapeError, match=r"have shape \(1, 3\) for all pictures or \(2, 3\) for each; got \(2, 4\)"):
        network(styles=3)(photo(2, 3, 8, 8), torch.ones(2, 4))
