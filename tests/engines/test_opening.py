"""Which engine opens a recipe, and what it rejects."""

from __future__ import annotations

import pytest

from stylenet.catalog.recipes import load_recipe
from stylenet.engines.one_pass import InstantEngine, TrainedEngine
from stylenet.engines.onnx_pass import OnnxInstantEngine, OnnxTrainedEngine
from stylenet.engines.opening import open_engine
from stylenet.engines.protocol import Engine


def test_without_units_for_bfloat16_onnxruntime_paints_and_on_request_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    engine: Engine
    for recipe, by_onnx, by_torch in (("instant", OnnxInstantEngine, InstantEngine), ("trained", OnnxTrainedEngine, TrainedEngine)):
        for units in (False, True):
            monkeypatch.setattr("stylenet.engines.opening._has_bfloat16_units", lambda units=units: units)
            engine = open_engine(load_recipe(recipe), device="cpu")
            assert type(engine) is (by_torch if units else by_onnx)
            assert type(open_engine(load_recipe(recipe), device="cpu", precision="float32")) is by_onnx
            assert type(open_engine(load_recipe(recipe), device="cpu", precision="bfloat16")) is by_torch
