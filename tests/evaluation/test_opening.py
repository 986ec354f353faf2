"""Opening the encoder and the styles that finished pictures are measured with."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stylenet.errors import StyleError, WeightsError
from stylenet.evaluation.opening import open_measuring
from stylenet.image.files import Picture


def test_the_encoder_is_exact_and_the_styles_keep_their_order(photo: Picture) -> None:
    encoder, styles = open_measuring("compact", ["starry-night", photo.pixels, "great-wave"], device="cpu")
    assert {parameter.dtype for parameter in [*encoder.parameters(), *encoder.buffers()]} == {torch.float32}
    assert [styles[0].name, styles[2].name] == ["starry-night", "great-wave"]
    assert len(styles) == 3


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no-such-encoder"):
        open_measuring("no-such-encoder", [])
    with pytest.raises(StyleError, match="no-such-style"):
        open_measuring("compact", ["no-such-style"])
