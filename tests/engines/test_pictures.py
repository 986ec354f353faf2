"""Styles for engines that measure pictures with torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from stylenet.catalog.recipe import EncoderSection
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import OpenEncoder, open_encoder
from stylenet.engines.pictures import measured_style
from stylenet.errors import StyleError
from stylenet.image.files import save_image
from stylenet.styles.stored import StoredStyle
from stylenet.styles.style import MixedStyle, PictureStyle

STANDARD = load_recipe("standard")


@pytest.fixture(scope="module")
def compact() -> OpenEncoder:
    return open_encoder(EncoderSection(), device=torch.device("cpu"), dtype=torch.float32)


def test_each_kind_of_source(compact: OpenEncoder, tmp_path: Path) -> None:
    for number in range(2):
        save_image(np.full((1, 3, 70, 80), 0.2 + number / 2, np.float32), tmp_path / f"{number}.png")
    kinds = {type(measured_style(source, STANDARD, compact).value): source for source in (tmp_path / "0.png", tmp_path, "senecio")}
    assert set(kinds) == {PictureStyle, MixedStyle, StoredStyle}


def test_a_small_painting_is_enlarged_on_request(compact: OpenEncoder) -> None:
    pixels = np.random.default_rng(0).random((1, 3, 40, 40), dtype=np.float32)
    plain, enlarged = (measured_style(pixels, STANDARD, compact, min_px=min_px) for min_px in (0, 96))
    assert plain.sha256 == enlarged.sha256
    one, other = (style.value.at(400, ("relu1_1",))["relu1_1"].positions for style in (plain, enlarged))
    assert other > 4 * one


def test_a_style_file_needs_an_encoder_with_the_features_that_it_holds() -> None:
    section = EncoderSection(name="compact", pooling="average")
    encoder = open_encoder(section, device=torch.device("cpu"), dtype=torch.float32)
    with pytest.raises(StyleError, match="senecio"):
        measured_style("senecio", STANDARD, encoder)
