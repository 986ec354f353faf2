"""Exported graphs give the same results as their networks."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from stylenet.catalog.networks import AnyRecord, JohnsonRecord, SlimRecord, TextureRecord, find_network
from stylenet.catalog.styles import built_in_styles
from stylenet.errors import ShapeError, UsageError, WeightsError
from stylenet.networks.coder import LAYERS
from stylenet.networks.export import OPSET, Painter, to_onnx
from stylenet.networks.files import build, read_network
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import white_noise
from stylenet.networks.slim import SlimNet
from stylenet.networks.slim_geometry import trained_strength
from stylenet.styles.files import read_style
from stylenet.styles.style import moments_at

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

TINY = {"fine": 8, "coarse": 8, "deep": 8, "blocks": 1}
SIZES = [(64, 48), (33, 97), (101, 47), (17, 17), (16, 40), (8, 8), (5, 19), (1, 2)]

# onnxruntime-web 1.30, docs/webgpu-operators.md. What works on sizes, or on a few hundred numbers, may be left to WebAssembly.
WEBGPU = {
    "Abs", "Add", "BatchNormalization", "Clip", "Concat", "Conv", "ConvTranspose", "Div", "Gather", "Gemm", "InstanceNormalization",
    "LeakyRelu", "MatMul", "Mul", "Neg", "Pad", "Relu", "Reshape", "Resize", "Shape", "Sigmoid", "Slice", "Sub", "Transpose",
}  # fmt: skip
ON_SIZES = {"Max", "Min", "Mod", "Range"}


def network(record: AnyRecord) -> Any:
    """A network with seeded random weights, scales, shifts, knobs and moments."""
    torch.manual_seed(0)
    net = build(record).requires_grad_(False).eval()
    for name, value in (*net.named_parameters(), *net.named_buffers()):
        if value.is_floating_point() and not name.endswith(("weight", "blur", "gains")):
            value.add_(0.3 * torch.rand_like(value))
    return net


def painter(net: Any, description: torch.Tensor | None = None) -> Painter:
    return Painter(to_onnx(net, description=description), threads=1)


def photo(height: int, width: int) -> torch.Tensor:
    return torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(height))


def operators(net: Any) -> set[str]:
    return {node.op_type for node in onnx.load_model_from_string(to_onnx(net)).graph.node}


def near(painted: torch.Tensor, expected: torch.Tensor) -> None:
    # Two pixels with repeated noise have channels without a spread, and normalizing enlarges rounding.
    torch.testing.assert_close(painted, expected, rtol=0, atol=2e-5 if painted[0, 0].numel() > 2 else 2e-4)


def test_a_slim_network_paints_alike_at_all_sizes_and_strengths():
    net = network(SlimRecord(**TINY))
    paint = painter(net)
    assert paint.inputs == {"image": [1, 3, "height", "width"], "noise": [1, 1, "height", "width"], "strength": [1]}
    for size in SIZES:
        image = photo(*size)
        for strength in (-5.0, 37.0, 50.0, 81.0, 100.0):
            asked = torch.tensor([strength])
            noise = white_noise(*size, 0)
            painted = paint({"image": image, "noise": noise, "strength": asked})
            expected = net(image, noise, net.knobs_at(torch.tensor([trained_strength(strength)])))
            near(painted, torch.lerp(image, expected, min(1.0, trained_strength(strength) / 10)))


@pytest.mark.parametrize("inside", [False, True])
def test_the_network_of_every_style_paints_alike_with_the_style_inside_or_outside(inside):
    net = network(SlimRecord(**TINY, code=4))
    assert isinstance(net, InstantNet)
    description = torch.randn((1, net.coder.description_size), generator=torch.Generator().manual_seed(1))
    paint = painter(net, description if inside else None)
    assert list(paint.inputs) == (["image", "noise", "strength"] if inside else ["image", "noise", "strength", "style"])
    for size in SIZES:
        image, strength, trained = photo(*size), torch.tensor([float(size[0])]), trained_strength(float(size[0]))
        noise = white_noise(*size, 0)
        given = {"image": image, "noise": noise, "strength": strength} | ({} if inside else {"style": description})
        near(paint(given), torch.lerp(image, net(image, noise, description, torch.tensor([trained])), min(1.0, trained / 10)))


def test_the_network_that_ships_paints_alike_in_the_styles_that_ship():
    """With descriptions of paintings, whose values are larger than random ones."""
    net = read_network(find_network("instant"))[0]
    assert isinstance(net, InstantNet)
    paint = painter(net)
    for (name, path), size in zip(built_in_styles().items(), [(64, 48), (33, 97), (5, 19)] * 2, strict=False):
        description = net.coder.describe(moments_at(read_style(path), 256, LAYERS, torch.device("cpu")))
        assert description.abs().max() > 2, name
        for strength in (20.0, 50.0, 100.0):
            image, noise = photo(*size), white_noise(*size, 0)
            painted = paint({"image": image, "noise": noise, "strength": torch.tensor([strength]), "style": description})
            with torch.inference_mode():
                near(painted, net(image, noise, description, torch.tensor([trained_strength(strength)])))


def test_below_the_least_known_strength_the_photo_shines_through():
    net = network(SlimRecord(**TINY))
    paint, image = painter(net), photo(24, 30)
    noise = white_noise(24, 30, 0)
    least = paint({"image": image, "noise": noise, "strength": torch.tensor([20.0])})
    half = paint({"image": image, "noise": noise, "strength": torch.tensor([10.0])})
    near(half, (image + least) / 2)
    near(paint({"image": image, "noise": noise, "strength": torch.tensor([0.0])}), image)
    assert (least - image).abs().max() > 0.1


def test_a_single_pixel_is_painted():
    """All positions are equal, so that normalization amplifies rounding errors; results only agree for networks with running moments."""
    image, noise = photo(1, 1), white_noise(1, 1, 0)
    slim = painter(network(SlimRecord(**TINY)))
    painted = slim({"image": image, "noise": noise, "strength": torch.tensor([50.0])})
    assert painted.shape == image.shape
    assert 0 <= painted.min() <= painted.max() <= 1
    near(slim({"image": image, "noise": noise, "strength": torch.tensor([0.0])}), image)
    net = network(JohnsonRecord(width=4, blocks=1, normalization="batch"))
    near(painter(net)({"image": image}), net(image))


@pytest.mark.parametrize("normalization", ["instance", "batch"])
@pytest.mark.parametrize("upsampling", ["nearest", "transposed"])
@pytest.mark.parametrize("factor", [1, 4])
def test_johnsons_networks_paint_alike_at_all_sizes(normalization, upsampling, factor):
    net = network(JohnsonRecord(width=4, blocks=1, normalization=normalization, upsampling=upsampling, factor=factor))
    paint = painter(net)
    assert list(paint.inputs) == ["image"]
    for size in SIZES:
        image = photo(*size)
        painted = paint({"image": image})
        assert painted.shape == (1, 3, factor * size[0], factor * size[1])
        torch.testing.assert_close(painted, net(image), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "record",
    [
        SlimRecord(**TINY),
        SlimRecord(**TINY, code=4),
        JohnsonRecord(width=4, blocks=1),
        JohnsonRecord(width=4, blocks=1, normalization="batch", upsampling="transposed"),
    ],
)
def test_browsers_have_the_operators(record):
    assert operators(network(record)) <= WEBGPU | ON_SIZES


def test_only_whole_numbers_need_what_webgpu_lacks():
    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(to_onnx(network(SlimRecord(**TINY)))))
    known = {value.name: value.type.tensor_type.elem_type for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)}
    known |= {value.name: value.data_type for value in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in ON_SIZES:
            assert known[node.input[0]] in {onnx.TensorProto.INT64, onnx.TensorProto.BOOL}, node.name


def test_a_file_describes_its_inputs_and_facts_and_is_reproducible():
    net = network(SlimRecord(**TINY))
    data = to_onnx(net, facts={"style": "waves"})
    model = onnx.load_model_from_string(data)
    assert [(entry.key, entry.value) for entry in model.metadata_props] == [("style", "waves")]
    assert [line.partition(":")[0] for line in model.doc_string.splitlines()] == ["image", "noise", "strength", "painting"]
    assert [entry.version for entry in model.opset_import] == [OPSET]
    assert to_onnx(net, facts={"style": "waves"}) == data


@pytest.mark.parametrize("record", [TextureRecord(scales=2), JohnsonRecord(width=4, blocks=1, styles=2)])
def test_other_networks_are_rejected(record):
    with pytest.raises(WeightsError, match="cannot be exported to ONNX; supported: slim networks, the network for all styles"):
        to_onnx(build(record))


def test_a_painter_without_a_style_is_rejected():
    with pytest.raises(WeightsError, match="cannot be exported to ONNX; supported: slim networks, the network for all styles"):
        to_onnx(SlimNet(SlimRecord(**TINY, code=4)))


def test_a_description_of_another_length_is_rejected():
    with pytest.raises(ShapeError, match=r"have shape \(1, 3994\); got \(1, 5\)"):
        to_onnx(network(SlimRecord(**TINY, code=4)), description=torch.zeros(1, 5))


def test_a_missing_package_is_reported_with_the_command_that_installs_it(monkeypatch):
    net = network(SlimRecord(**TINY))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r'needs onnx; install it with: pip install "stylenet\[onnx\]"'):
        to_onnx(net)
