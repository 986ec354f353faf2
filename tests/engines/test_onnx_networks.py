"""Paintings with onnxruntime equal those with torch."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from stylenet.catalog.networks import KEY, JohnsonRecord, NetworkCard, SlimRecord, find_network, network_files
from stylenet.catalog.recipes import load_recipe
from stylenet.catalog.styles import find_style
from stylenet.encoders.opening import open_encoder
from stylenet.engines import onnx_networks
from stylenet.engines.one_pass import InstantEngine, TrainedEngine
from stylenet.engines.onnx_networks import OnnxPainter, open_painter, relayed
from stylenet.engines.protocol import Engine
from stylenet.errors import ShapeError, StyleError, WeightsError
from stylenet.events import Done
from stylenet.networks import picture_sizes
from stylenet.networks.file_arrays import Array
from stylenet.networks.relay import relayed as relayed_by_torch
from stylenet.networks.relay import white_noise
from stylenet.requests.task import Task
from stylenet.styles.files import read_style
from stylenet.styles.stored import StoredStyle
from tests.engines.photos import photo

pytest.importorskip("onnxruntime")

CPU = torch.device("cpu")
SIZES = [(5, 3), (37, 70), (101, 64), (96, 131), (1, 2)]
STRENGTHS = (0.0, 5.0, 30.0, 50.0, 100.0)
STYLES = ("starry-night", "great-wave")
OF_ONE = sorted(set(network_files()) - {"instant"})


@cache
def painter(name: str) -> OnnxPainter:
    return OnnxPainter(name, threads=2)


@cache
def stored(name: str) -> StoredStyle:
    return read_style(find_style(name))


@cache
def by_torch(recipe: str) -> Engine:
    chosen = load_recipe(recipe)
    if recipe == "trained":
        return TrainedEngine(chosen, device=CPU, dtype=torch.float32)
    encoder = open_encoder(chosen.encoder, device=CPU, dtype=torch.float32)
    return InstantEngine(chosen, encoder=encoder, device=CPU, dtype=torch.float32)


def painted_by_torch(image: Array, shares: dict[str, float], strength: float, *, recipe: str = "instant", **options: Any) -> Array:
    engine = by_torch(recipe)
    styles = [[(engine.open_style(name), share) for name, share in shares.items()]]
    (done,) = engine.paint(Task(photo=image, styles=styles, strength=strength, **{"seed": 3, **options}))
    assert isinstance(done, Done)
    return done.image


def painted(image: Array, shares: dict[str, float], strength: float, **options: Any) -> Array:
    return painter("instant").paint(
        image, [(name, stored(name), share) for name, share in shares.items()], strength=strength, **{"seed": 3, **options}
    )


def most_for(size: tuple[int, int]) -> float:
    """Allowed difference. In a few pixels with repeated noise, channels hardly vary, and normalization amplifies rounding errors."""
    return 1e-4 if math.prod(size) > 64 else 1e-3 if min(size) > 1 else 0.05


def near(one: Array, other: Array, most: float = 1e-4) -> None:
    assert one.shape == other.shape
    assert one.dtype == np.float32
    np.testing.assert_allclose(one, other, rtol=0, atol=most)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("style", STYLES)
def test_the_network_of_every_style_paints_alike(style, size):
    image = photo(*size)
    for strength in STRENGTHS:
        near(painted(image, {style: 1.0}, strength), painted_by_torch(image, {style: 1.0}, strength), most_for(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", OF_ONE)
def test_networks_of_one_painting_paint_alike(name, size):
    image = photo(*size)
    for strength in STRENGTHS:
        expected = painted_by_torch(image, {name: 1.0}, strength, recipe="trained")
        near(painter(name).paint(image, strength=strength, seed=3), expected, most_for(size))


def test_blends_and_larger_marks_are_alike():
    image, shares = photo(120, 97), {"starry-night": 0.3, "great-wave": 0.7, "senecio": 0.0}
    near(painted(image, shares, 60, style_scale=1.6), painted_by_torch(image, shares, 60, style_scale=1.6))


def test_a_photo_that_is_painted_from_small_to_large_is_alike():
    image = photo(801, 900)
    assert picture_sizes.half_size(801, 900, 1.0) == (400, 450)
    whole = painted(image, {"starry-night": 1.0}, 50)
    near(whole, painted_by_torch(image, {"starry-night": 1.0}, 50), 2e-4)
    near(painted(image, {"starry-night": 1.0}, 50, part_px=300 * 300), whole, 2e-6)


@pytest.mark.parametrize("part_px", [900, 2000, 6000, 10**6])
@pytest.mark.parametrize("size", [(131, 90), (3, 5), (64, 300)])
def test_parts_are_as_the_whole(size, part_px):
    paint, image = painter("great-wave"), photo(*size)
    noise, knobs = white_noise(size[0], size[1], 0).numpy(), painter("great-wave").knobs((), 65.0, 192)
    near(paint.painted(image, noise, knobs, part_px=part_px), paint.painted(image, noise, knobs), 2e-6)


def test_a_single_pixel_is_painted():
    # All positions are alike, and what rounding leaves of them is divided by next to nothing: no two engines agree.
    image = photo(1, 1)
    result = painter("great-wave").paint(image, strength=80)
    assert result.shape == image.shape
    assert 0 <= result.min() <= result.max() <= 1
    np.testing.assert_array_equal(painter("great-wave").paint(image, strength=0), image)


def test_no_torch_is_imported():
    program = """
import sys
sys.modules["torch"] = None
import numpy as np
from stylenet.catalog.styles import find_style
from stylenet.engines.onnx_encoder import OnnxEncoder, PicturePainting
from stylenet.engines.onnx_networks import OnnxPainter
from stylenet.styles.files import read_style
image = np.random.default_rng(0).random((1, 3, 48, 40), dtype=np.float32)
styles = [("file", read_style(find_style("senecio")), 0.5), ("picture", PicturePainting(image, OnnxEncoder()), 0.5)]
assert OnnxPainter("instant").paint(image, styles).shape == image.shape
assert not any(name.startswith("torch.") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_what_is_remembered_is_bounded_and_measured_once(monkeypatch):
    monkeypatch.setattr(onnx_networks, "_CACHE_SIZE", 4)
    asked = []

    class Counted:
        def at(self, size_px: float, layers: Any, /) -> Any:
            asked.append(size_px)
            return stored("senecio").at(size_px, layers)

    paint = OnnxPainter("instant")
    for strength in (50.0, 60.0, 50.0):
        paint.knobs([("senecio", Counted(), 1.0)], strength, 224)
    assert asked == [224]
    for number in range(6):
        paint.knobs([(f"style {number}", Counted(), 1.0)], 50.0, 224)
    assert len(paint._cache) == 4


@pytest.mark.parametrize("size", [(64, 90), (65, 91), (201, 133)])
def test_what_was_painted_small_is_enlarged_alike(size):
    image, small = photo(*size), photo(size[0] // 2, size[1] // 2, seed=1)
    begun = photo(size[0] // 2, size[1] // 2, seed=2)
    expected = relayed_by_torch(*(torch.from_numpy(value) for value in (begun, small, image)))
    near(relayed(begun, small, image), expected.numpy(), 2e-6)


def test_what_cannot_be_painted_is_rejected():
    with pytest.raises(ShapeError, match=r"got \(1, 3, 4, 4\), float64"):
        painter("great-wave").paint(np.zeros((1, 3, 4, 4)))  # type: ignore[arg-type]  # that is the fault
    with pytest.raises(ShapeError, match=r"got \(3, 4, 4\)"):
        painter("great-wave").paint(np.zeros((3, 4, 4), np.float32))
    with pytest.raises(StyleError, match="'instant' has no style of its own: give at least one"):
        painter("instant").paint(photo(8, 8))
    with pytest.raises(StyleError, match="'great-wave' has its own style: give none"):
        painter("great-wave").paint(photo(8, 8), [("senecio", stored("senecio"), 1.0)])


@pytest.mark.parametrize("record", [JohnsonRecord(), SlimRecord(fine=32)])
def test_other_networks_are_rejected(tmp_path, record):
    path = tmp_path / "other.safetensors"
    card = NetworkCard(name="other", paints="style", record=record)
    save_file({"enter.weight": np.zeros((1, 1), np.float32)}, path, {KEY: msgspec.json.encode(card).decode()})
    with pytest.raises(WeightsError, match="is not a slim network of the standard widths and needs PyTorch"):
        OnnxPainter(path)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("strokes.0.bias", None, "strokes.0.bias is missing"),
        ("leave.bias", np.zeros(5, np.float32), r"leave.bias has shape \(5,\), expected \(24,\)"),
        ("polish.bias", np.full(24, np.nan, np.float32), "contains NaN or infinity"),
        ("knobs", None, "its knobs are missing"),
    ],
)
def test_damaged_files_are_reported(tmp_path, name, value, told):
    path, tensors = tmp_path / "damaged.safetensors", load_file(find_network("great-wave"))
    del tensors[name]
    if value is not None:
        tensors[name] = value
    save_file(tensors, path, {KEY: msgspec.json.encode(painter("great-wave").card).decode()})
    with pytest.raises(WeightsError, match=told):
        OnnxPainter(path)


def test_a_cut_file_is_reported(tmp_path):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(Path(find_network("great-wave")).read_bytes()[:-100])
    with pytest.raises(WeightsError, match="is damaged"):
        OnnxPainter(path)


def test_painters_are_shared():
    assert open_painter("great-wave") is open_painter("great-wave")
