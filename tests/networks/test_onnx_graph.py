"""Graph operators give the same results as torch's modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from stylenet.networks.onnx_graph import Graph, convolved, linear, of_blocks, silu

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

IMAGE = torch.rand(1, 4, 12, 8, generator=torch.Generator().manual_seed(0))


def computed(build: Callable[[Graph, str], str], given: torch.Tensor = IMAGE) -> torch.Tensor:
    graph = Graph()
    names = [f"side {index}" for index in range(given.ndim - 2)]
    result = build(graph, graph.input("given", (*given.shape[:2], *names), "numbers"))
    graph.output(result, "result", (1, "channels", *(f"{name} of the result" for name in names)), "numbers")
    session = onnxruntime.InferenceSession(graph.written({"fact": "a test"}), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"fact": "a test"}
    return torch.from_numpy(session.run(None, {"given": given.numpy()})[0])


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize(("groups", "stride", "bias"), [(1, 1, True), (4, 1, True), (1, 2, False)])
def test_convolutions(mode: Any, groups: int, stride: int, bias: bool) -> None:
    torch.manual_seed(0)
    module = nn.Conv2d(4, 8, 3, padding=1, padding_mode=mode, groups=groups, stride=stride, bias=bias).requires_grad_(False)
    torch.testing.assert_close(computed(lambda graph, x: convolved(graph, x, module)), module(IMAGE), atol=1e-5, rtol=1e-5)
    plain = nn.functional.conv2d(IMAGE, module.weight, module.bias, stride=stride, padding=1, groups=groups)
    torch.testing.assert_close(computed(lambda graph, x: convolved(graph, x, module, borders=False)), plain, atol=1e-5, rtol=1e-5)


def test_convolutions_of_blocks_of_pixels() -> None:
    torch.manual_seed(0)
    module = nn.Conv2d(12, 5, 3).requires_grad_(False)
    image = IMAGE[:, :3].contiguous()
    expected = module(nn.functional.pixel_unshuffle(image, 2))
    torch.testing.assert_close(computed(lambda graph, x: of_blocks(graph, x, module, 2), image), expected, atol=1e-5, rtol=1e-5)


def test_linear_and_silu() -> None:
    torch.manual_seed(0)
    module, given = nn.Linear(6, 3).requires_grad_(False), torch.randn(1, 6)
    expected = nn.functional.silu(module(given))
    found = computed(lambda graph, x: silu(graph, linear(graph, x, module.weight, module.bias)), given)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_the_same_graph_has_the_same_bytes_and_a_wrong_one_is_found() -> None:
    import onnx

    def written(operator: str) -> bytes:
        graph = Graph()
        graph.output(graph(operator, graph.input("given", (1, "n"), "numbers")), "result", (1, "n"), "numbers")
        return graph.written({"b": "2", "a": "1"})

    assert written("Relu") == written("Relu")
    with pytest.raises(onnx.checker.ValidationError):
        written("Reluu")
    assert np.frombuffer(written("Relu"), np.uint8).size
