"""Graphs without weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from stylenet.catalog.encoders import COMPACT
from stylenet.errors import WeightsError
from stylenet.networks.bare_graphs import WEIGHTS, BareGraph, encoder_graph
from stylenet.networks.onnx_graph import convolved

onnx = pytest.importorskip("onnx")


def test_a_weight_is_a_place_in_a_file_and_a_constant_stays() -> None:
    convolution = nn.Conv2d(3, 4, 1)
    graph = BareGraph(nn.Sequential(convolution))
    x = convolved(graph, graph.input("x", (1, 3, "h", "w"), "a picture"), convolution)
    graph.output(graph("Mul", x, graph.constant(torch.tensor(2.0))), "y", (1, 4, "h", "w"), "twice")
    values = {value.name: value for value in graph.model({}).graph.initializer}
    places = {name: {entry.key: entry.value for entry in value.external_data} for name, value in values.items()}
    assert places["0.weight"] == {"location": WEIGHTS, "offset": "0", "length": str(4 * 3 * 4)}
    assert places["0.bias"] == {"location": WEIGHTS, "offset": str(4 * 3 * 4), "length": str(4 * 4)}
    (constant,) = (value for name, value in values.items() if not places[name])
    assert onnx.numpy_helper.to_array(constant) == 2


@pytest.mark.parametrize("changes", [{"padding": "reflect"}, {"pooling": "average"}, {"rounding": "up"}, {"pooling_scale": 2.0}])
def test_other_encoders_are_rejected(changes: dict[str, object]) -> None:
    with pytest.raises(WeightsError, match="encoder 'compact' cannot be exported to ONNX; supported: encoders with zero padding and max"):
        encoder_graph(replace(COMPACT, **changes), ("relu1_1",))  # type: ignore[arg-type]


def test_an_encoder_ends_at_its_deepest_layer() -> None:
    graph = onnx.load_model_from_string(encoder_graph(COMPACT, ("relu1_1", "relu2_1"))).graph
    assert [value.name for value in graph.output] == ["relu1_1", "relu2_1"]
    assert sum(node.op_type == "MaxPool" for node in graph.node) == 1
