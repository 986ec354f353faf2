"""Encoders by name, with the pooling and padding of the recipe."""

from __future__ import annotations

import pytest
import torch

from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
from stylenet.errors import WeightsError

CPU = torch.device("cpu")


def test_the_recipe_chooses_pooling_rounding_and_padding() -> None:
    section = EncoderSection(name="compact", pooling="average", pooling_scale=2.0, rounding="up", padding="reflect")
    for choice in (None, "compact"):
        record = open_encoder(section, choice, device=CPU, dtype=torch.float32).record
        assert (record.pooling, record.pooling_scale, record.rounding, record.padding) == ("average", 2.0, "up", "reflect")
    plain = open_encoder(EncoderSection(name="compact"), device=CPU, dtype=torch.float32).record
    assert (plain.pooling, plain.pooling_scale, plain.rounding, plain.padding) == ("max", 1.0, "down", "zeros")


def test_the_fast_encoder_has_the_precision_and_the_exact_one_float32() -> None:
    same = open_encoder(EncoderSection(), device=CPU, dtype=torch.float32)
    assert same.fast is same.exact
    opened = open_encoder(EncoderSection(), device=CPU, dtype=torch.bfloat16)
    assert {value.dtype for value in opened.fast.parameters()} == {torch.bfloat16}
    assert {value.dtype for value in opened.exact.parameters()} == {torch.float32}
    assert (opened.weights, opened.sha256) == (same.weights, same.sha256)


def test_opening_is_frozen_and_leaves_random_numbers_alone() -> None:
    before = torch.random.get_rng_state()
    opened = open_encoder(EncoderSection(), device=CPU, dtype=torch.float32)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not any(value.requires_grad for value in opened.exact.parameters())


def test_weights_that_are_not_installed() -> None:
    with pytest.raises(WeightsError, match="weights get vgg16-torchvision"):
        open_encoder(EncoderSection(), "vgg16", device=CPU, dtype=torch.float32)
