"""Which engine opens a recipe, and what it rejects."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from stylenet.catalog.recipes import load_recipe
from stylenet.engines import opening
from stylenet.engines.one_pass import InstantEngine, TrainedEngine
from stylenet.engines.onnx_pass import OnnxInstantEngine, OnnxTrainedEngine
from stylenet.engines.opening import open_engine
from stylenet.engines.protocol import Engine
from stylenet.errors import UsageError


def test_on_a_cpu_onnxruntime_paints_in_one_pass_and_torch_in_bfloat16() -> None:
    pytest.importorskip("onnxruntime")
    engine: Engine
    for recipe, by_onnx, by_torch in (("instant", OnnxInstantEngine, InstantEngine), ("trained", OnnxTrainedEngine, TrainedEngine)):
        for precision, kind in (("auto", by_onnx), ("float32", by_onnx), ("bfloat16", by_torch)):
            engine = open_engine(load_recipe(recipe), device="cpu", precision=precision)
            assert type(engine) is kind


@pytest.mark.parametrize("recipe", ["instant", "draft"])
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"threads": 0}, "threads is 0; allowed are 1 to 1024"),
        ({"threads": 100_000}, "threads is 100000; allowed are 1 to 1024"),
        ({"threads": "2"}, "threads is '2'; allowed are 1 to 1024"),
        ({"encoder": 5}, "encoder is 5; allowed are compact, vgg16, vgg19, or a weights file"),
        ({"encoder": ""}, "encoder is empty"),
    ],
)
def test_values_of_the_machine_are_checked_by_every_engine(recipe: str, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        open_engine(load_recipe(recipe), **values)


@pytest.mark.parametrize("recipe", ["instant", "draft"])
def test_more_threads_than_are_used_are_reported(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "thread_count", lambda threads: 8)
    monkeypatch.setattr(opening, "available_cores", lambda: 2)
    before = torch.get_num_threads()
    try:
        assert open_engine(load_recipe(recipe), threads=1000).notices[-1:] == (
            "painting with 8 threads instead of 1000, at most four for each of 2 cores",
        )
        assert not [notice for notice in open_engine(load_recipe(recipe), threads=8).notices if "threads" in notice]
    finally:
        torch.set_num_threads(before)
