from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from stylenet.catalog.encoders import CAFFE_BGR, COMPACT, VGG16, VGG19, EncoderRecord, Preprocessing
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import ShapeError, UsageError
from stylenet.weights.encoder_weights import EncoderWeights, expected_shapes
from stylenet.weights.probe import probe_activations, probe_picture

TINY = EncoderRecord(name="tiny", widths={"conv1_1": 4, "conv1_2": 4, "conv2_1": 6, "conv3_1": 5}, preprocessing=CAFFE_BGR)


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.rand((2, 3, 21, 27), generator=torch.Generator().manual_seed(3))


def encoder(**changes) -> VggEncoder:
    torch.manual_seed(0)
    return VggEncoder(replace(TINY, **changes)).requires_grad_(False)


@pytest.mark.parametrize("record", [VGG16, VGG19, COMPACT], ids=lambda record: record.name)
def test_state_dict_names_and_shapes(record):
    with torch.device("meta"):
        state = VggEncoder(record).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == expected_shapes(record)


def test_agrees_with_the_plain_computation_of_the_probe():
    network = encoder()
    weights = EncoderWeights(record=TINY, tensors={name: tensor.numpy() for name, tensor in network.state_dict().items()}, provenance={})
    expected = probe_activations(weights)
    given = network(probe_picture(), expected)
    for layer, values in expected.items():
        torch.testing.assert_close(given[layer], values, rtol=1e-5, atol=1e-4)


def test_every_layer_can_be_asked_for_together(picture):
    network = encoder()
    together = network(picture, TINY.layers)
    assert list(together) == list(TINY.layers)
    for layer in TINY.layers:
        assert torch.equal(network(picture, [layer])[layer], together[layer])
    assert together["conv1_1"].min() < 0
    assert together["relu1_1"].min() == 0


def test_stops_at_the_deepest_layer(picture):
    network = encoder()
    del network.conv2_1  # reaching it would fail
    assert set(network(picture, ["relu1_1", "pool1"])) == {"relu1_1", "pool1"}
    assert network(picture, []) == {}


def test_preprocessing(picture):
    rgb = Preprocessing(mean=(0.5, 0.25, 0.1), std=(0.2, 0.5, 2.0))
    expected = (picture - torch.tensor(rgb.mean).view(1, 3, 1, 1)) / torch.tensor(rgb.std).view(1, 3, 1, 1)
    torch.testing.assert_close(encoder(preprocessing=rgb).preprocess(picture), expected)
    bgr = encoder().preprocess(picture)
    torch.testing.assert_close(bgr[:, 0], picture[:, 2] * 255 - 103.939)
    torch.testing.assert_close(bgr[:, 2], picture[:, 0] * 255 - 123.68)


@pytest.mark.parametrize(("rounding", "sizes"), [("down", [(21, 27), (10, 13), (5, 6)]), ("up", [(21, 27), (11, 14), (6, 7)])])
@pytest.mark.parametrize("pooling", ["max", "average", "l2"])
def test_sizes_round_down_or_up(rounding, sizes, pooling, picture):
    features = encoder(rounding=rounding, pooling=pooling)(picture, ["relu1_1", "relu2_1", "relu3_1"])
    assert [tuple(values.shape[2:]) for values in features.values()] == sizes
    assert all(torch.isfinite(values).all() for values in features.values())


def test_tensorflow_sizes_of_the_first_recipe():
    """326 -> 163 -> 82 -> 41, by SAME pooling."""
    widths = {f"conv{block}_1": 1 for block in range(1, 5)}
    network = VggEncoder(EncoderRecord(name="narrow", widths=widths, rounding="up"))
    features = network(torch.zeros(1, 3, 326, 4), [f"conv{block}_1" for block in range(1, 5)])
    assert [values.shape[2] for values in features.values()] == [326, 163, 82, 41]


def test_poolings_by_hand():
    values = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 0.0, 1.0], [2.0, 2.0, 5.0]]]])
    down = {"max": [[4.0]], "average": [[1.75]], "l2": [[21.0**0.5]]}
    # A window at an odd border has fewer positions: the average divides by those, and nothing is added to the others.
    up = {
        "max": [[4.0, 3.0], [2.0, 5.0]],
        "average": [[1.75, 2.0], [2.0, 5.0]],
        "l2": [[21.0**0.5, 10.0**0.5], [8.0**0.5, 5.0]],
    }
    for rounding, expected in (("down", down), ("up", up)):
        for pooling, wanted in expected.items():
            torch.testing.assert_close(encoder(pooling=pooling, rounding=rounding)._pool(values)[0, 0], torch.tensor(wanted))


def test_pooling_scale_multiplies_after_pooling(picture):
    plain = encoder(pooling="average")(picture, ["pool1"])["pool1"]
    scaled = encoder(pooling="average", pooling_scale=2.0)(picture, ["pool1"])["pool1"]
    torch.testing.assert_close(scaled, 2 * plain)


def test_l2_pooling_is_torchs_and_has_a_gradient_at_zero():
    values = torch.rand(1, 2, 6, 6)
    torch.testing.assert_close(encoder(pooling="l2")._pool(values), functional.lp_pool2d(values, 2, 2), rtol=1e-4, atol=1e-4)
    zero = torch.zeros(1, 2, 4, 4, requires_grad=True)
    encoder(pooling="l2")._pool(zero).sum().backward()
    assert zero.grad is not None
    assert torch.isfinite(zero.grad).all()


@pytest.mark.parametrize("padding", ["zeros", "reflect", "replicate"])
def test_padding(padding, picture):
    network = encoder(padding=padding)
    x = network.preprocess(picture)
    mode = {"zeros": "constant"}.get(padding, padding)
    state = network.state_dict()
    expected = functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode=mode), state["conv1_1.weight"], state["conv1_1.bias"])
    torch.testing.assert_close(network(picture, ["conv1_1"])["conv1_1"], expected, rtol=1e-5, atol=1e-3)


def test_factored_convolution_is_the_product_of_its_kernels(picture):
    factored = VggEncoder(replace(TINY, ranks={"conv2_1": 2})).requires_grad_(False)
    whole = encoder()
    state = factored.state_dict()
    kernel = torch.einsum("cr,rikl->cikl", state["conv2_1_expand.weight"].flatten(1), state["conv2_1.weight"])
    bias = state["conv2_1_expand.bias"]
    rest = {name: value for name, value in state.items() if not name.startswith("conv2_1")}
    whole.load_state_dict({**rest, "conv2_1.weight": kernel, "conv2_1.bias": bias})
    layers = ["conv2_1", "relu2_1"]
    for given, expected in zip(factored(picture, layers).values(), whole(picture, layers).values(), strict=True):
        torch.testing.assert_close(given, expected, rtol=1e-4, atol=1e-3)


def test_what_is_asked_wrongly(picture):
    with pytest.raises(
        UsageError, match=r"encoder 'tiny' has no layer 'relu2_2'; it has conv1_1, relu1_1, \.\.\. pool3\. Did you mean 'relu2_1'"
    ):
        encoder()(picture, ["relu2_2"])
    with pytest.raises(ShapeError, match="a picture has shape"):
        encoder()(picture[0], ["relu1_1"])
    with pytest.raises(ShapeError, match="a picture of 3 x 9 is too small for layer relu3_1; give at least 4 pixels on each side"):
        encoder()(torch.rand(1, 3, 9, 3), ["relu3_1"])


@pytest.mark.parametrize("padding", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("rounding", ["down", "up"])
def test_the_smallest_picture_that_is_allowed_works(padding, rounding):
    network = encoder(padding=padding, rounding=rounding)
    for side in range(1, 12):
        try:
            network(torch.rand(1, 3, side, side), ["relu3_1"])
        except ShapeError:
            continue
        break
    assert side == {("zeros", "down"): 4, ("replicate", "down"): 4, ("reflect", "down"): 8, ("reflect", "up"): 5}.get(
        (padding, rounding), 1
    )
