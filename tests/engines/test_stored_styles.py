"""Style files hold the same for every engine."""

from __future__ import annotations

import zlib

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load, load_file, save, save_file

from stylenet.catalog.styles import find_style
from stylenet.engines.stored_styles import StoredPainting
from stylenet.errors import StyleError
from stylenet.networks.descriptions import LAYERS
from stylenet.styles.files import read_style


@pytest.mark.parametrize("size_px", [60, 192, 300.5, 512, 5000])
def test_statistics_are_alike(size_px):
    path = find_style("view-of-toledo")
    expected, found = read_style(path).at(size_px, LAYERS), StoredPainting(path).at(size_px, LAYERS)
    for layer in LAYERS:
        np.testing.assert_allclose(found[layer].mean, expected[layer].mean[0].numpy(), rtol=1e-12)
        covariance = expected[layer].covariance[0].numpy()
        np.testing.assert_allclose(found[layer].covariance, covariance, rtol=0, atol=1e-12 * covariance.max())


def test_broken_files_are_told(tmp_path):
    source, path = find_style("senecio"), tmp_path / "senecio.safetensors"
    data = load_file(source)["statistics"].tobytes()
    card = StoredPainting(source).card

    def write(statistics: bytes) -> None:
        save_file({"statistics": np.frombuffer(statistics, np.uint8)}, path, {"stylenet_style": msgspec.json.encode(card).decode()})

    write(data[:-9])
    with pytest.raises(StyleError, match="is broken"):
        StoredPainting(path)
    parts = load(zlib.decompress(data))
    parts["relu3_1.basis"] = parts["relu3_1.basis"][:, :-1]
    write(zlib.compress(save({name: np.ascontiguousarray(value) for name, value in parts.items()})))
    with pytest.raises(StyleError, match=r"is broken: relu3_1\.factor is missing, or not what it should be"):
        StoredPainting(path).at(192, LAYERS)
