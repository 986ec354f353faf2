from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from stylenet.catalog.networks import TextureRecord
from stylenet.errors import ShapeError
from stylenet.networks.texture import TextureNet


def network(**changes: Any) -> TextureNet:
    """A small network with seeded random weights, scales and shifts."""
    torch.manual_seed(0)
    net = TextureNet(TextureRecord(**{"scales": 3, "width": 4} | changes))
    for name, parameter in net.named_parameters():
        if name.endswith(("scales", "shifts")):
            parameter.data.add_(0.5 * torch.randn_like(parameter))
    return net.requires_grad_(False).eval()


def noise(net: TextureNet, *size: int, batch: int = 1) -> list[torch.Tensor]:
    return net.noise((size[0], size[1]), batch=batch, generator=torch.Generator().manual_seed(2))


def photo(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("inputs", "scales", "content"), [(3, 5, False), (6, 6, True)])
def test_parameters_are_those_of_the_layers(inputs, scales, content):
    widths = [8 * joined for joined in range(2, scales + 1)]
    kernels = scales * (inputs * 8 * 9 + 8 * 8 * 9 + 8 * 8) + sum(19 * width**2 for width in widths) + 8 * scales * 3 + 3
    normalizations = scales * 3 * 8 + sum(3 * width for width in widths) + sum(widths)
    given = sum(parameter.numel() for parameter in TextureNet(TextureRecord(scales=scales, content=content)).parameters())
    assert given == kernels + 2 * normalizations


def test_noise_is_uniform_at_every_scale():
    net = network(noise=2)
    parts = noise(net, 33, 50, batch=3)
    assert [tuple(part.shape) for part in parts] == [(3, 2, 33, 50), (3, 2, 17, 25), (3, 2, 9, 13)]
    assert 0 <= parts[0].min() < 0.01
    assert 0.99 < parts[0].max() <= 1
    assert parts[0].mean() == pytest.approx(0.5, abs=0.02)


def test_the_same_seed_paints_the_same():
    net = network()
    assert torch.equal(net(noise(net, 17, 20)), net(noise(net, 17, 20)))
    assert not torch.allclose(net(noise(net, 17, 20)), net(net.noise((17, 20), generator=torch.Generator().manual_seed(3))), atol=0.01)


@pytest.mark.parametrize("content", [False, True])
@pytest.mark.parametrize("scales", [1, 3, 6])
@pytest.mark.parametrize("size", [(1, 1), (1, 13), (3, 2), (16, 16), (21, 34), (35, 16)])
def test_any_size(content, scales, size):
    net = network(content=content, scales=scales)
    painted = net(noise(net, *size, batch=2), photo(2, 3, *size) if content else None)
    assert painted.shape == (2, 3, *size)
    assert painted.isfinite().all()
    assert painted.min() >= 0
    assert painted.max() <= 1


@pytest.mark.parametrize("content", [False, True])
def test_agrees_with_the_layers_written_out(content):
    net = network(content=content, scales=2)
    weights, parts, picture = net.state_dict(), noise(net, 15, 18), photo(1, 3, 15, 18)

    def normalized(x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.instance_norm(x, weight=weights[f"{name}.scales"][0], bias=weights[f"{name}.shifts"][0])

    def three_layers(x: torch.Tensor, name: str) -> torch.Tensor:
        for index in range(3):
            kernel = weights[f"{name}.{index}.convolution.weight"]
            if kernel.shape[-1] == 3:
                x = functional.pad(x, (1, 1, 1, 1), mode="reflect" if content else "circular")
            x = normalized(functional.conv2d(x, kernel), f"{name}.{index}.normalization")
            x = torch.maximum(x, 0.01 * x)
        return x

    if content:
        # An odd last row is averaged with nothing, which is the same as with itself.
        doubled = torch.cat((picture, picture[:, :, -1:]), dim=2)
        half = (doubled[:, :, ::2] + doubled[:, :, 1::2]) / 2
        half = (half[:, :, :, ::2] + half[:, :, :, 1::2]) / 2
        parts = [torch.cat((parts[0], picture), dim=1), torch.cat((parts[1], half), dim=1)]
    coarse = normalized(three_layers(parts[1], "scales.1.enter"), "scales.0.balance_coarser")
    coarse = coarse.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)[:, :, :15, :18]
    fine = normalized(three_layers(parts[0], "scales.0.enter"), "scales.0.balance")
    x = three_layers(torch.cat((coarse, fine), dim=1), "scales.0.join")
    expected = functional.conv2d(x, weights["leave.weight"], weights["leave.bias"]).sigmoid()
    torch.testing.assert_close(net(noise(net, 15, 18), picture if content else None), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("normalization", ["instance", "batch"])
def test_texture_laid_side_by_side_has_no_seam(normalization):
    # Four copies are what the network paints of noise in four copies: nothing at the borders knows that it is there.
    net = network(normalization=normalization)
    parts = noise(net, 16, 24)
    tile = net(parts)
    painted = net([part.repeat(1, 1, 2, 2) for part in parts])
    torch.testing.assert_close(painted, tile.repeat(1, 1, 2, 2), rtol=0, atol=1e-4)


def test_moved_noise_paints_moved_texture():
    net = network()
    parts = noise(net, 16, 24)
    moved = [part.roll((4 // 2**index, 8 // 2**index), dims=(2, 3)) for index, part in enumerate(parts)]
    torch.testing.assert_close(net(moved), net(parts).roll((4, 8), dims=(2, 3)), rtol=0, atol=1e-4)


def test_one_color_without_noise_stays_one_color_up_to_the_corners():
    net = network(content=True, normalization="batch")
    parts = [torch.zeros_like(part) for part in noise(net, 21, 30)]
    painted = net(parts, torch.full((1, 3, 21, 30), 0.7))
    torch.testing.assert_close(painted, painted[:, :, :1, :1].expand_as(painted), rtol=0, atol=1e-5)


def test_pictures_of_a_batch_do_not_know_each_other():
    net = network(content=True)
    parts, pictures = noise(net, 18, 21, batch=2), photo(2, 3, 18, 21)
    torch.testing.assert_close(net(parts, pictures)[1:], net([part[1:] for part in parts], pictures[1:]), rtol=0, atol=1e-4)


def test_bfloat16_paints_nearly_the_same_in_float32():
    net = network(content=True)
    parts, picture = noise(net, 33, 40), photo(1, 3, 33, 40)
    expected = net(parts, picture)
    net = net.to(torch.bfloat16)
    painted = net([part.bfloat16() for part in parts], picture)
    assert net.noise((4, 4))[0].dtype == torch.bfloat16
    assert painted.dtype == torch.float32
    assert (painted - expected).abs().mean() < 0.02


def test_every_weight_learns():
    net = network(content=True).requires_grad_(True)
    net(noise(net, 16, 16), photo(1, 3, 16, 16)).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in net.parameters())


def test_wrong_noise_is_rejected():
    net = network()
    with pytest.raises(ShapeError, match=r"noise at 3 scales, each \(B, 3, H, W\); got .*8, 8.*4, 4"):
        net(noise(net, 8, 8)[:2])
    with pytest.raises(ShapeError, match=r"noise at 3 scales, each \(B, 3, H, W\); got \[\(3, 8, 8\)"):
        net([part[0] for part in noise(net, 8, 8)])
    with pytest.raises(ShapeError, match=r"for 1 pictures of 8 x 9 has the shapes .*\(1, 3, 5, 4\).*; got .*\(1, 3, 9, 8\)\]"):
        net([noise(net, 9, 8)[0]] * 3)


def test_a_wrong_photo_is_rejected():
    texture, stylizing = network(), network(content=True)
    parts = noise(texture, 8, 10)
    with pytest.raises(ShapeError, match="stylizes photos: give a photo in addition to the noise"):
        stylizing(parts)
    with pytest.raises(ShapeError, match="from noise alone: omit the photo"):
        texture(parts, photo(1, 3, 8, 10))
    with pytest.raises(ShapeError, match=r"for 1 photos of 10 x 8, shape \(1, 3, 8, 10\); got \(1, 3, 10, 8\)"):
        stylizing(parts, photo(1, 3, 10, 8))
