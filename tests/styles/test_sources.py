"""Resolving style sources."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stylenet.catalog.encoders import VGG16, VGG19
from stylenet.catalog.recipes import load_recipe
from stylenet.catalog.styles import list_styles, style_files
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.pictures import measured_style
from stylenet.errors import ImageError, StyleError
from stylenet.events import Done, Started
from stylenet.image.files import Picture, load_image, save_image
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options
from stylenet.styles import sources
from stylenet.styles.sources import StyleFolder, StylePicture, fingerprint, pixels_fingerprint, resolve
from stylenet.styles.stored import StoredStyle
from stylenet.styles.style import MixedStyle, PictureStyle


def opened(record: str, **changes: str) -> OpenEncoder:
    """An encoder without loaded weights."""
    with torch.device("meta"):
        encoder = VggEncoder(replace({"vgg16": VGG16, "vgg19": VGG19}[record], **changes))  # type: ignore[arg-type]
    return OpenEncoder(fast=encoder, exact=encoder, sha256="0" * 64, weights=record)


def test_a_recipe_that_pools_by_average_needs_the_picture() -> None:
    told = r"VGG-19 with max pooling, but recipe 'gatys-2016-average' uses average pooling; give the style image"
    with pytest.raises(StyleError, match=told):
        measured_style("starry-night", load_recipe("gatys-2016-average"), opened("vgg19", pooling="average"))


def test_another_network_needs_the_picture() -> None:
    with pytest.raises(StyleError, match=r"the encoder 'vgg16' is a different network; give the style image, or --encoder vgg19"):
        measured_style("starry-night", load_recipe("keras-2016"), opened("vgg16"))


def test_an_opened_style_file_is_rejected_too() -> None:
    style = resolve("starry-night")
    assert isinstance(style, StoredStyle)
    with pytest.raises(StyleError, match=r"uses average pooling"):
        measured_style(style, load_recipe("gatys-2016-average"), opened("vgg19", pooling="average"))


@pytest.mark.parametrize("recipe", ["gatys-2016", "pytorch-tutorial", "style-transfer-pytorch", "tensorflow-tutorial", "stylenet-2018"])
def test_recipes_of_the_literature_paint_with_a_style_by_name(recipe: str, photo: Picture) -> None:
    stylizer = open_stylizer(recipe, device="cpu", precision="float32", changes={"pyramid.steps": "[3]", "pyramid.save_every": "0"})
    done = [event for event in stylizer.stylize(photo, "starry-night", Options(size="40")) if isinstance(event, Done)]
    assert math.isfinite(done[0].loss)
    assert np.isfinite(done[0].image).all()


def test_a_style_is_known_again_by_its_numbers(photo: Picture, tmp_path: Path) -> None:
    encoder = open_encoder(load_recipe("standard").encoder, device=torch.device("cpu"), dtype=torch.float32)
    one, again, other = (measured_style(name, load_recipe("standard"), encoder) for name in ("starry-night", "starry-night", "great-wave"))
    assert one.sha256 == again.sha256 == fingerprint(resolve("starry-night"))
    assert one.sha256 != other.sha256
    save_image(photo.pixels, tmp_path / "painting.png")
    file = measured_style(tmp_path / "painting.png", load_recipe("standard"), encoder)
    assert file.sha256 == pixels_fingerprint(load_image(tmp_path / "painting.png").pixels)


def test_what_is_given_is_found(photo: Picture, tmp_path: Path) -> None:
    """Resolve names, files, folders and pictures without an encoder."""
    save_image(photo.pixels, tmp_path / "painting.png")
    stored = resolve("starry-night")
    assert isinstance(stored, StoredStyle)
    assert resolve(stored) is stored
    assert resolve(style_files()["starry-night"]).name == "starry-night"
    with os.scandir(os.fsencode(tmp_path)) as entries:
        of_bytes = next(entries)
    given = (
        (photo, "picture"),
        (tmp_path / "painting.png", "painting"),
        (str(tmp_path / "painting.png"), "painting"),
        (of_bytes, "painting"),
    )
    for source, name in given:
        found = resolve(source)
        assert isinstance(found, StylePicture)
        assert found.name == name
        np.testing.assert_allclose(found.pixels, photo.pixels, rtol=0, atol=0.5 / 255 + 1e-6)
    folder = resolve(tmp_path)
    assert isinstance(folder, StyleFolder)
    assert [part.name for part in folder.parts] == ["painting"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(StyleError, match="has no usable picture"):
        resolve(tmp_path / "empty")
    with pytest.raises(StyleError, match="has 80 x 12 pixels; give one with at least 16 on each side"):
        resolve(Picture(pixels=photo.pixels[:, :, :12]))
    with pytest.raises(StyleError, match=r"Did you mean 'starry-night'\?"):
        resolve("starry-nite")


def test_a_picture_is_measured_with_the_recipes_rim_and_other_colors(photo: Picture) -> None:
    recipe, encoder = load_recipe("standard"), opened("vgg19")
    style = measured_style(photo, recipe, encoder, recolor=lambda pixels: 1 - pixels)
    assert isinstance(style.value, PictureStyle)
    assert style.value.encoder is encoder.exact
    assert style.value.rim_px == recipe.picture.rim_px
    assert np.array_equal(style.value.pixels, 1 - photo.pixels)
    assert style.sha256 == pixels_fingerprint(1 - photo.pixels)
    with pytest.raises(StyleError, match="style 'starry-night' has no picture to recolor"):
        measured_style("starry-night", recipe, encoder, recolor=lambda pixels: pixels)


def test_the_built_in_styles_are_whole_and_small() -> None:
    cards = list_styles()
    assert len(cards) >= 42
    assert all(card.title and card.artist and card.year and card.licence == "Public domain" for card in cards)
    assert all(path.stat().st_size < 300_000 for path in style_files().values())
    assert sum(path.stat().st_size for path in style_files().values()) < 9_000_000


def test_a_folder_tells_what_is_left_out(photo: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_FOLDER_MAX_FILES", 6)
    for index in range(8):
        save_image(photo.pixels, tmp_path / f"{index}.png")
    (tmp_path / "2.png").write_bytes((tmp_path / "2.png").read_bytes()[:40])
    stylizer = open_stylizer("draft", device="cpu", precision="float32")
    style = stylizer.open_style(str(tmp_path))
    assert isinstance(style.value, MixedStyle)
    assert [part.name for part in style.value.parts] == ["0", "1", "4", "5", "6"]
    cut, broken = style.notices
    assert "has 8 files; 6 of them are used, selected evenly by name" in cut
    assert "are skipped: cannot read '" in broken
    assert "2.png" in broken
    started = next(stylizer.stylize(photo, style, Options(size=48)))
    assert isinstance(started, Started)
    assert set(style.notices) <= set(started.notices)


@pytest.mark.parametrize("old", [False, True])
def test_a_file_of_pytorch_is_called_so(photo: Picture, tmp_path: Path, old: bool) -> None:
    path = tmp_path / "candy.pth"
    torch.save({"weight": torch.zeros(2)}, path, _use_new_zipfile_serialization=not old)
    with pytest.raises(ImageError, match="it is a PyTorch file with weights or a network"):
        measured_style(str(path), load_recipe("draft"), opened("vgg19"))
