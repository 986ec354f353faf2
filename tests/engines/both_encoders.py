"""The encoders in onnxruntime and in torch, opened once for all tests."""

from __future__ import annotations

from functools import cache

import torch

from stylenet.catalog.recipe import EncoderSection
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.onnx_encoder import OnnxEncoder
from stylenet.networks.file_arrays import Array
from stylenet.networks.picture_sizes import MIN_STYLE_PX
from stylenet.styles.style import PictureStyle

RIM_PX = load_recipe("instant").picture.rim_px


@cache
def encoder() -> OnnxEncoder:
    return OnnxEncoder(threads=2)


@cache
def by_torch() -> VggEncoder:
    return open_encoder(EncoderSection(), "compact", device=torch.device("cpu"), dtype=torch.float32).exact


def style(pixels: Array) -> PictureStyle:
    return PictureStyle(name="synthetic", pixels=pixels, encoder=by_torch(), rim_px=RIM_PX, min_px=MIN_STYLE_PX)
