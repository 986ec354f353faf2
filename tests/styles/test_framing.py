"""The reflected rim is encoded, but excluded."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from stylenet.encoders.vgg import VggEncoder
from stylenet.styles.files import LAYERS
from stylenet.styles.framing import framed_features


def picture(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [(64, 64), (48, 80), (33, 49), (57, 35), (63, 17)])
def test_features_have_the_size_they_would_have_without_a_rim(size: tuple[int, int], encoder: VggEncoder) -> None:
    framed, plain = framed_features(encoder, picture(*size), LAYERS, 16)[0], encoder(picture(*size), LAYERS)
    assert {layer: values.shape for layer, values in framed.items()} == {layer: values.shape for layer, values in plain.items()}


@pytest.mark.parametrize("size", [(64, 96), (53, 47)])
def test_far_from_the_border_nothing_changes(size: tuple[int, int], encoder: VggEncoder) -> None:
    """The rim is a multiple of the deepest stride, so that pooling windows stay aligned, also for odd sizes."""
    framed, plain = framed_features(encoder, picture(*size), ("relu1_1", "relu2_1"), 16)[0], encoder(picture(*size), ("relu1_1", "relu2_1"))
    for layer, border in (("relu1_1", 1), ("relu2_1", 2)):
        inner = (..., slice(border, -border), slice(border, -border))
        torch.testing.assert_close(framed[layer][inner], plain[layer][inner])
        assert not torch.allclose(framed[layer], plain[layer])


def test_the_border_sees_the_picture_go_on(encoder: VggEncoder) -> None:
    framed = framed_features(encoder, picture(32, 32), ("relu1_1",), 16)[0]["relu1_1"]
    mirrored = encoder(functional.pad(picture(32, 32), (1, 1, 1, 1), mode="reflect"), ("relu1_1",))["relu1_1"][..., 1:-1, 1:-1]
    torch.testing.assert_close(framed, mirrored)


def test_a_flat_picture_has_flat_features(encoder: VggEncoder) -> None:
    """Without a rim, the zero padding would be visible."""
    flat = torch.full((1, 3, 40, 40), 0.6)
    framed, plain = (framed_features(encoder, flat, ("relu1_1",), rim)[0]["relu1_1"] for rim in (16, 0))
    assert framed.std((2, 3)).max() < 1e-6
    assert plain.std((2, 3)).max() > 1e-3


@pytest.mark.parametrize("size", [(16, 200), (8, 8), (1, 1)])
def test_a_picture_too_small_to_mirror_has_no_rim(size: tuple[int, int], encoder: VggEncoder) -> None:
    framed, plain = framed_features(encoder, picture(*size), ("relu1_1",), 16)[0], encoder(picture(*size), ("relu1_1",))
    torch.testing.assert_close(framed["relu1_1"], plain["relu1_1"])


def test_gradients_flow_through_the_frame(encoder: VggEncoder) -> None:
    image = picture(32, 32).requires_grad_()
    framed_features(encoder, image, ("relu2_1",), 16)[0]["relu2_1"].square().sum().backward()
    assert image.grad is not None
    assert (image.grad != 0).any(1).float().mean() > 0.9
