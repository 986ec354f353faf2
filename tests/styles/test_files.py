"""Style files: writing, reading, and rejecting invalid ones."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load, load_file, save, save_file

from stylenet.catalog.styles import StyleCard, built_in_styles, read_card
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.losses.style import gram_distance
from stylenet.styles.files import LAYERS, read_style, write_style
from stylenet.styles.measuring import measure_style
from stylenet.styles.packed import PACKING
from stylenet.styles.stored import StoredStyle
from stylenet.styles.style import PictureStyle, moments_at

CPU = torch.device("cpu")

ARRAYS = dict[str, NDArray[Any]]
Painting = NDArray[np.float32]


@pytest.fixture(scope="module")
def style(vgg19: VggEncoder, painting: Painting) -> StoredStyle:
    return measure_style(painting, vgg19, StyleCard(name="blue-hills", title="Blue Hills", artist="Nobody"))


@pytest.fixture
def path(style: StoredStyle, tmp_path: Path) -> Path:
    write_style(style, tmp_path / "blue-hills.safetensors")
    return tmp_path / "blue-hills.safetensors"


def rewritten(path: Path, change: Callable[[ARRAYS], object] = lambda arrays: None, *, end: int | None = None, **metadata: str) -> Path:
    """A copy of the file with changed statistics or metadata, or compressed bytes truncated at `end`."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        kept = json.loads(file.read(length))["__metadata__"]
    arrays = {name: values.copy() for name, values in load(zlib.decompress(load_file(path)["statistics"].tobytes())).items()}
    change(arrays)
    data = zlib.compress(save(arrays))[:end]
    save_file({"statistics": np.frombuffer(data, np.uint8)}, path, metadata={**kept, **metadata})
    return path


def test_round_trip(style: StoredStyle, path: Path) -> None:
    again = read_style(path)
    assert again.card == style.card
    assert again.layers.keys() == style.layers.keys() == set(PACKING) > set(LAYERS)
    for layer, moments in style.layers.items():
        assert again.layers[layer].arrays.keys() == moments.arrays.keys()
        for part, values in moments.arrays.items():
            np.testing.assert_array_equal(again.layers[layer].arrays[part], values, strict=True)


def test_the_card_tells_what_was_measured(style: StoredStyle, path: Path) -> None:
    card = read_card(path)
    assert (card.name, card.title, card.artist, card.width, card.height) == ("blue-hills", "Blue Hills", "Nobody", 256, 192)
    assert (card.format, card.measured_with) == (2, "vgg19")
    assert card.colors
    assert sum(share for _, share in card.colors) == pytest.approx(1, abs=0.01)
    assert card.sizes_px == (222, 111, 55, 28)
    assert all(len(values.mean) == 4 for values in style.layers.values())


def test_the_file_says_what_the_picture_says(style: StoredStyle, vgg19: VggEncoder, painting: Painting) -> None:
    """Means and variances are complete; covariances lack the part outside of the stored directions."""
    picture = PictureStyle(name="p", pixels=painting, encoder=vgg19, rim_px=16)
    for size in style.card.sizes_px:
        exact, kept = picture.at(size, PACKING), moments_at(style, size, PACKING, CPU)
        for layer in PACKING:
            scale = exact[layer].gram.diagonal(dim1=1, dim2=2).mean().sqrt().item()
            torch.testing.assert_close(kept[layer].mean, exact[layer].mean, rtol=1e-3, atol=scale / 500)
            variance = exact[layer].covariance.diagonal(dim1=1, dim2=2)
            torch.testing.assert_close(
                kept[layer].covariance.diagonal(dim1=1, dim2=2), variance, rtol=2e-2, atol=2e-2 * variance.max().item()
            )
            assert gram_distance(kept[layer], exact[layer], "relative").item() < 5e-3


def test_between_two_sizes_it_is_nearer_than_either(style: StoredStyle, vgg19: VggEncoder, painting: Painting) -> None:
    exact = PictureStyle(name="p", pixels=painting, encoder=vgg19, rim_px=16).at(157, PACKING)
    blended, *ends = (moments_at(style, size, PACKING, CPU) for size in (157, 111, 222))
    for layer in PACKING:
        errors = [gram_distance(values[layer], exact[layer], "relative").item() for values in (blended, *ends)]
        assert errors[0] < min(errors[1:]) + 1e-4, layer


def test_the_file_is_small(path: Path) -> None:
    """All styles have the same parts, so that file sizes differ by a few percent only."""
    assert 100_000 < path.stat().st_size < 300_000


def test_nothing_else_is_left_in_the_folder(path: Path) -> None:
    assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == [path.name]


def test_an_old_file_is_rejected_with_the_command_that_recreates_it(path: Path) -> None:
    card = {"name": "blue-hills", "title": "Blue Hills", "sizes_px": [222, 111], "encoder_sha256": "ab" * 32, "width": 256, "height": 192}
    for read in (read_card, read_style):
        with pytest.raises(StyleError, match=r"made by an older StyleNet.*; recreate it from the painting: `stylenet styles add PICTURE`"):
            read(rewritten(path, stylenet_style=json.dumps(card)))


@pytest.mark.parametrize(("given", "told"), [({"format": 3, "news": 1}, "format 3"), ({"measured_with": "vgg99"}, "'vgg99'")])
def test_a_newer_file_is_rejected(given: dict[str, object], told: str, path: Path, style: StoredStyle) -> None:
    card = {**msgspec.to_builtins(style.card), **given}
    with pytest.raises(StyleError, match=f"made by a newer StyleNet: .*{told}.*; update stylenet"):
        read_style(rewritten(path, stylenet_style=json.dumps(card)))


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64, struct.pack("<Q", 20) + b"{}" * 10, b"PK\x03\x04" + bytes(100)])
def test_a_foreign_file_is_rejected(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    with pytest.raises(StyleError, match="is not a style file; make one with"):
        read_style(path)


def test_safetensors_of_something_else_are_rejected(tmp_path: Path) -> None:
    save_file({"a": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(StyleError, match="is not a style file"):
        read_style(tmp_path / "other.safetensors")


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_file_is_rejected(keep: float, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(StyleError, match=r"blue-hills\.safetensors' is (broken|not a style file)"):
        read_style(path)


def without_a_part(arrays: ARRAYS) -> None:
    del arrays["relu3_1.rest"]


def not_a_number(arrays: ARRAYS) -> None:
    arrays["conv4_1.units"][1, 0] = float("nan")


def endless_rows(arrays: ARRAYS) -> None:
    arrays["relu1_1.rows"][0, 0] = float("inf")


def no_scale(arrays: ARRAYS) -> None:
    arrays["relu2_1.units"][0, 2] = 0


def negative_scale(arrays: ARRAYS) -> None:
    arrays["relu2_1.rows"][0, 2] = -1


def a_direction_less(arrays: ARRAYS) -> None:
    arrays["relu5_1.basis"] = arrays["relu5_1.basis"][:, :-1].copy()


def a_channel_less(arrays: ARRAYS) -> None:
    for part in ("mean", "rest"):
        arrays[f"relu5_1.{part}"] = arrays[f"relu5_1.{part}"][:, :-1].copy()
    arrays["relu5_1.basis"] = arrays["relu5_1.basis"][:-1].copy()


def a_size_less(arrays: ARRAYS) -> None:
    for name in [name for name in arrays if not name.endswith("basis")]:
        arrays[name] = arrays[name][:-1].copy()


def a_number(arrays: ARRAYS) -> None:
    arrays["conv1_1.basis"] = np.array(3, np.int8)


def other_types(arrays: ARRAYS) -> None:
    arrays["conv2_2.factor"] = arrays["conv2_2.factor"].astype(np.float32)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without_a_part, "'relu3_1.rest' is missing"),
        (not_a_number, "it contains NaN or infinity"),
        (endless_rows, "it contains NaN or infinity"),
        (no_scale, "it contains scales that are not positive"),
        (negative_scale, "it contains scales that are not positive"),
        (a_direction_less, "its parts have inconsistent shapes"),
        (a_channel_less, "its parts have inconsistent shapes"),
        (a_size_less, "its parts have inconsistent shapes"),
        (a_number, "its parts have inconsistent shapes"),
        (other_types, "its parts have wrong types"),
    ],
)
def test_a_broken_file_is_rejected(change: Callable[[ARRAYS], None], told: str, path: Path) -> None:
    with pytest.raises(StyleError, match=rf"blue-hills\.safetensors' is broken: {told}"):
        read_style(rewritten(path, change))


@pytest.mark.parametrize("end", [1, 100, -1000, -1])
def test_statistics_that_break_off_are_rejected(end: int, path: Path) -> None:
    with pytest.raises(StyleError, match=r"is broken"):
        read_style(rewritten(path, end=end))


def test_a_file_that_unpacks_without_end_is_rejected(path: Path) -> None:
    bomb = np.frombuffer(zlib.compress(bytes(1 << 26)), np.uint8)
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        metadata = json.loads(file.read(length))["__metadata__"]
    save_file({"statistics": bomb}, path, metadata=metadata)
    with pytest.raises(StyleError, match=r"is broken"):
        read_style(path)


def test_a_file_that_was_measured_at_no_size_is_rejected(path: Path, style: StoredStyle) -> None:
    card = {**msgspec.to_builtins(style.card), "sizes_px": []}
    with pytest.raises(StyleError, match=r"is broken"):
        read_style(rewritten(path, stylenet_style=json.dumps(card)))


def test_a_card_with_unknown_fields_is_rejected(path: Path, style: StoredStyle) -> None:
    card = {**msgspec.to_builtins(style.card), "price": 3}
    with pytest.raises(StyleError, match="is not a style file"):
        read_style(rewritten(path, stylenet_style=json.dumps(card)))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="no style file"):
        read_style(tmp_path / "none.safetensors")


def test_built_in_styles_are_read_without_torch() -> None:
    code = """
import sys
from stylenet.catalog.styles import find_style
from stylenet.styles import compatibility, files, packed, sources, statistics, stored
assert isinstance(sources.resolve("starry-night"), stored.StoredStyle)
style = files.read_style(find_style("starry-night"))
assert style.at(448, files.LAYERS)["relu5_1"].gram.shape == (512, 512)
sys.exit("torch" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", list(built_in_styles().values())[::6], ids=lambda path: path.stem)
def test_styles_that_ship_are_what_their_files_say(path: Path) -> None:
    """By the formula, from the stored parts."""
    style = read_style(path)
    parts = {name: values.astype(np.float64) for name, values in style.layers["relu4_1"].arrays.items()}
    for step, size in enumerate(style.card.sizes_px):
        mean_step, rest_step, row_unit = parts["units"][step]
        lower = np.zeros((96, 96))
        for value, row, column in zip(parts["factor"][step], *np.tril_indices(96), strict=True):
            lower[row, column] = value * parts["rows"][step, row] * row_unit
        factor = parts["basis"] @ lower
        rest = parts["rest"][step] * rest_step
        shorter = np.sqrt(np.clip(1 - np.where(rest < 0, rest**2, 0) / np.maximum((factor**2).sum(1), 1e-20), 0, None))
        covariance = (shorter[:, None] * factor) @ (shorter[:, None] * factor).T + np.diag(np.where(rest > 0, rest**2, 0))
        kept = style.at(size, ["relu4_1"])["relu4_1"]
        np.testing.assert_allclose(kept.mean, parts["mean"][step] * mean_step, rtol=1e-12)
        np.testing.assert_allclose(kept.covariance, covariance, rtol=1e-6, atol=1e-9 * np.trace(covariance))
