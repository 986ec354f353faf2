"""The built-in graphs equal those written by their script, and contain no weights."""

from __future__ import annotations

import math
import runpy
from importlib import resources
from pathlib import Path

import pytest

from stylenet.engines.graph_files import bare_graph
from tests.networks.test_export import ON_SIZES, WEBGPU

onnx = pytest.importorskip("onnx")

NAMES = ("slim-body", "slim-head", "compact")


def structure(data: bytes) -> object:
    graph = onnx.load_model_from_string(data).graph
    return (
        [(node.op_type, list(node.input), list(node.output), str(node.attribute)) for node in graph.node],
        [str(value) for value in (*graph.input, *graph.output, *graph.initializer)],
    )


def test_graphs_are_as_their_script_writes_them():
    files = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "graphs" / "build.py"))["files"]()
    folder = resources.files("stylenet.engines") / "graphs"
    assert sorted(files) == sorted(item.name for item in folder.iterdir())
    for name, data in files.items():
        shipped = (folder / name).read_bytes()
        # Another version of onnx may order the bytes of a file otherwise.
        assert data == shipped if name.endswith(".json") else structure(data) == structure(shipped), f"run tools/graphs/build.py: {name}"


@pytest.mark.parametrize("name", NAMES)
def test_weights_lie_one_behind_the_other_in_a_file_that_does_not_ship(name):
    graph, end = bare_graph(name), 0
    assert len(graph.data) < 30_000
    for value in onnx.load_model_from_string(graph.data).graph.initializer:
        if value.data_location == onnx.TensorProto.EXTERNAL:
            place = {entry.key: entry.value for entry in value.external_data}
            assert tuple(value.dims) == graph.weights[value.name]
            assert (place["location"], int(place["offset"])) == ("weights", end)
            assert not value.raw_data
            end += int(place["length"])
    assert end == 4 * sum(math.prod(shape) for shape in graph.weights.values())


@pytest.mark.parametrize("name", NAMES)
def test_browsers_have_the_operators(name):
    assert {node.op_type for node in onnx.load_model_from_string(bare_graph(name).data).graph.node} <= WEBGPU | ON_SIZES | {"MaxPool"}
