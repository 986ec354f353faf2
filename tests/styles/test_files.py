"""Style files: written, read, and refused when they are not what they claim."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from stylenet.catalog.styles import StyleCard, read_card
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.losses.style import gram_distance
from stylenet.styles.files import LAYERS, measure_style, read_style, write_style
from stylenet.styles.style import PictureStyle, StoredStyle

SHA = "ab" * 32


@pytest.fixture(scope="module")
def style(encoder: VggEncoder, painting: Tensor) -> StoredStyle:
    return measure_style(painting, encoder, StyleCard(name="blue-hills", title="Blue Hills", artist="Nobody"), encoder_sha256=SHA)


@pytest.fixture
def path(style: StoredStyle, tmp_path: Path) -> Path:
    write_style(style, tmp_path / "blue-hills.safetensors")
    return tmp_path / "blue-hills.safetensors"


def rewritten(path: Path, tensors: dict[str, Tensor], **metadata: str) -> Path:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        kept = json.loads(file.read(length))["__metadata__"]
    save_file(tensors, path, metadata={**kept, **metadata})
    return path


def test_round_trip(style: StoredStyle, path: Path) -> None:
    again = read_style(path, encoder_sha256=SHA)
    assert again.card == style.card
    assert again.ladder.keys() == style.ladder.keys()
    for size, layers in style.ladder.items():
        for layer, moments in layers.items():
            torch.testing.assert_close(again.ladder[size][layer].tensors, moments.tensors, rtol=0, atol=0)


def test_the_card_tells_what_was_measured(style: StoredStyle, path: Path) -> None:
    card = read_card(path)
    assert (card.name, card.title, card.artist, card.width, card.height) == ("blue-hills", "Blue Hills", "Nobody", 256, 192)
    assert card.encoder_sha256 == SHA
    assert card.colors
    assert sum(share for _, share in card.colors) == pytest.approx(1, abs=0.01)
    assert card.sizes_px == tuple(style.ladder)


def test_the_file_says_what_the_picture_says(style: StoredStyle, encoder: VggEncoder, painting: Tensor) -> None:
    """Means and variances are whole; of the covariance what 48 directions do not hold is left out."""
    picture = PictureStyle(name="p", pixels=painting, encoder=encoder, rim_px=16)
    for size in style.card.sizes_px:
        exact = picture.at(size, LAYERS)
        for layer in LAYERS:
            kept = style.ladder[size][layer].moments
            torch.testing.assert_close(kept.mean, exact[layer].mean, rtol=1e-6, atol=1e-6)
            variance = exact[layer].covariance.diagonal(dim1=1, dim2=2)
            torch.testing.assert_close(kept.covariance.diagonal(dim1=1, dim2=2), variance, rtol=2e-3, atol=1e-3 * variance.max().item())
            assert gram_distance(kept, exact[layer], "relative").item() < 1e-3


def test_the_file_is_small(path: Path) -> None:
    assert path.stat().st_size < 20_000


def test_nothing_else_is_left_in_the_folder(path: Path) -> None:
    assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == [path.name]


def test_other_encoder_weights_are_refused(path: Path) -> None:
    with pytest.raises(StyleError, match=r"measured with other encoder weights \(abababab, here cdcdcdcd\); make it again"):
        read_style(path, encoder_sha256="cd" * 32)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64, struct.pack("<Q", 20) + b"{}" * 10, b"PK\x03\x04" + bytes(100)])
def test_a_foreign_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(content)
    with pytest.raises(StyleError, match="is not a style file; make one with"):
        read_style(path, encoder_sha256=SHA)


def test_safetensors_of_something_else_are_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(StyleError, match="is not a style file"):
        read_style(tmp_path / "other.safetensors", encoder_sha256=SHA)


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_file_is_refused(keep: float, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(StyleError, match=r"blue-hills\.safetensors' is (broken|not a style file)"):
        read_style(path, encoder_sha256=SHA)


def test_a_file_without_a_layer_is_refused(path: Path) -> None:
    tensors = {name: value for name, value in load_file(path).items() if "relu3_1.rest" not in name}
    with pytest.raises(StyleError, match="is broken"):
        read_style(rewritten(path, tensors), encoder_sha256=SHA)


def test_numbers_that_are_none_are_refused(path: Path) -> None:
    tensors = {name: torch.full_like(value, float("nan")) if name.endswith("rest") else value for name, value in load_file(path).items()}
    with pytest.raises(StyleError, match="it holds values that are not numbers"):
        read_style(rewritten(path, tensors), encoder_sha256=SHA)


def test_parts_that_do_not_belong_together_are_refused(path: Path) -> None:
    tensors = {name: value[:-1].clone() if name.endswith("factor") else value for name, value in load_file(path).items()}
    with pytest.raises(StyleError, match="is broken"):
        read_style(rewritten(path, tensors), encoder_sha256=SHA)


def test_a_card_with_unknown_fields_is_refused(path: Path, style: StoredStyle) -> None:
    card = {**msgspec.to_builtins(style.card), "price": 3}
    with pytest.raises(StyleError, match="is not a style file"):
        read_style(rewritten(path, load_file(path), stylenet_style=json.dumps(card)), encoder_sha256=SHA)


@pytest.mark.parametrize("name", ["Blue Hills", "blue_hills", "-blue", "blue--hills", "", "../blue"])
def test_names_that_cannot_be(name: str, encoder: VggEncoder, painting: Tensor) -> None:
    with pytest.raises(StyleError, match="cannot be a style's name; use small letters, digits and single hyphens"):
        measure_style(painting, encoder, StyleCard(name=name), encoder_sha256=SHA)


def test_too_small_a_painting(encoder: VggEncoder) -> None:
    with pytest.raises(StyleError, match="the painting is 200 x 63 pixels; a style needs at least 64 on the short side"):
        measure_style(torch.rand(1, 3, 63, 200), encoder, StyleCard(name="strip"), encoder_sha256=SHA)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="no style file"):
        read_style(tmp_path / "none.safetensors", encoder_sha256=SHA)
