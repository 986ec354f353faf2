"""A small encoder with layers of every depth, a VGG-19 with random weights, and a painting."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylenet.catalog.encoders import VGG19, EncoderRecord
from stylenet.encoders.vgg import VggEncoder

WIDTHS = {"conv1_1": 4, "conv2_1": 5, "conv3_1": 6, "conv4_1": 7, "conv5_1": 8}
RECORD = EncoderRecord(name="compact", widths=MappingProxyType(WIDTHS))


@pytest.fixture(scope="session")
def encoder() -> VggEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return VggEncoder(RECORD).requires_grad_(False).eval()


@pytest.fixture(scope="session")
def vgg19() -> VggEncoder:
    """VGG-19 with random weights that preserve the magnitude of activations."""
    encoder = VggEncoder(VGG19)
    generator = torch.Generator().manual_seed(0)
    for name, values in encoder.named_parameters():
        torch.nn.init.normal_(values, std=0.1 if name.endswith("bias") else (2 / values[0].numel()) ** 0.5, generator=generator)
    return encoder.requires_grad_(False).eval()


@pytest.fixture(scope="session")
def painting() -> NDArray[np.float32]:
    generator = torch.Generator().manual_seed(1)
    pixels = torch.nn.functional.interpolate(torch.rand(1, 3, 24, 32, generator=generator), size=(192, 256), mode="bicubic")
    return pixels.clamp(0, 1).numpy()
