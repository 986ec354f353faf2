"""Forecasts of one-pass painting."""

from __future__ import annotations

import pytest

from stylenet.catalog.networks import JohnsonRecord, SlimRecord
from stylenet.engines.pass_forecast import pass_work
from stylenet.image.files import Picture
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])  # onnxruntime, torch
def test_one_pass_has_a_forecast(photo: Picture, precision: str) -> None:
    instant = open_stylizer("instant", device="cpu", precision=precision)
    small, large = (instant.plan(photo, Options(size=size), timed=True).values["seconds"] for size in (400, 1600))
    assert 0 < small < large


def test_by_tiles_there_is_more_work() -> None:
    for record in (SlimRecord(), JohnsonRecord()):
        whole = pass_work(record, (1000, 800), None)
        assert whole >= 800_000
        assert pass_work(record, (1000, 800), 400_000) > 2 * whole
