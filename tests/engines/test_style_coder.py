"""The style coder in NumPy gives the same results as the one in torch."""

from __future__ import annotations

import numpy as np
import torch

from stylenet.catalog.networks import find_network
from stylenet.engines import style_coder
from stylenet.networks.coder import StyleCoder
from stylenet.networks.descriptions import LAYERS
from stylenet.networks.file_arrays import read_arrays
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.styles.style import moments_at
from tests.engines.both_encoders import encoder, style
from tests.engines.photos import photo


def test_descriptions_and_knobs_are_alike():
    pixels, path = photo(150, 211), find_network("instant")
    network = read_network(path)[0]
    assert isinstance(network, InstantNet)
    assert isinstance(network.coder, StyleCoder)
    coder = style_coder.StyleCoder(read_arrays(path), path)
    expected = network.coder.describe(moments_at(style(pixels), 192, LAYERS, torch.device("cpu")))
    described = coder.describe(encoder().style_statistics(pixels, 192))
    np.testing.assert_allclose(described, expected[0].numpy(), rtol=0, atol=1e-3)
    for strength in (-5.0, 10.0, 33.0, 100.0, 130.0):
        knobs = network.coder(torch.from_numpy(described)[None], torch.tensor([strength]))
        np.testing.assert_allclose(coder.knobs(described, strength), knobs[0].detach().numpy(), rtol=0, atol=2e-5)
