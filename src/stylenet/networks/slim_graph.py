"""The slim network as ONNX operators, in two parts: the body up to the last normalization, and the head after it.

After the last normalization, no layer depends on the whole picture, so the head can process a large picture tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise
from typing import TypeAlias, cast

import torch
from torch import nn

from stylenet.networks import normalization, slim_geometry
from stylenet.networks.onnx_graph import Graph, convolved, of_blocks
from stylenet.networks.slim_layers import SlimLayers
from stylenet.networks.slim_parts import Wide

Knobs: TypeAlias = Callable[[int, int], str]
"""Function from the begin and end of a slice to the name of those knobs, shape (1, end - begin)."""


def slim_graph(graph: Graph, network: SlimLayers, image: str, *, noise: str, knobs: Knobs) -> str:
    """Add `SlimNet.forward`: the painting of a photo (1, 3, H, W)."""
    framed = mirrored(graph, image)
    features = slim_body(graph, network, framed, noise=wrapped(graph, noise), knobs=knobs)
    painted = slim_head(graph, network, features, framed)
    margin = graph.constant([slim_geometry.MARGIN_PX] * 2)
    end = graph("Add", graph("Shape", image, start=2), margin)
    return graph("Slice", painted, margin, end, graph.constant([2, 3]))


def slim_body(graph: Graph, network: SlimLayers, framed: str, *, noise: str, knobs: Knobs) -> str:
    """Add the body, `leave` included: the features (1, `HALF`, h / 4, w / 4) of a padded photo and padded noise of height h and width w."""
    widths, mixed = network.widths, network.record.mixed
    total = sum(widths)
    places = iter(zip(accumulate(widths, initial=0), widths, strict=False))
    mixings = iter(zip(accumulate((2 * mixed * width for width in network.mixings), initial=2 * total), network.mixings, strict=False))

    def normalized(x: str) -> str:
        begin, width = next(places)
        scale, shift = (graph("Reshape", knobs(first, first + width), graph.constant([width])) for first in (begin, total + begin))
        return graph("InstanceNormalization", x, scale, shift, epsilon=normalization.EPSILON)

    def mixed_in(x: str) -> str:
        begin, width = next(mixings)
        middle, end = begin + mixed * width, begin + 2 * mixed * width
        directions = graph("Reshape", knobs(begin, middle), graph.constant([mixed, width, 1, 1]))
        colors = graph("Reshape", knobs(middle, end), graph.constant([mixed, width, 1, 1]))
        return graph("Add", x, graph("Conv", graph("Conv", x, directions), graph("Transpose", colors, perm=[1, 0, 2, 3])))

    def residual(x: str, pair: nn.Module) -> str:
        first, second = cast("tuple[nn.Conv2d, nn.Conv2d]", pair)
        y = graph("Relu", normalized(convolved(graph, x, first)))
        return graph("Add", x, normalized(convolved(graph, y, second)))

    noises = noises_of(graph, network, noise)
    fine = graph("Relu", normalized(graph("Add", of_blocks(graph, framed, network.enter, slim_geometry.SHUFFLE), noises[0])))
    x = graph("Relu", normalized(graph("Add", convolved(graph, fine, network.shrink), noises[1])))
    coarse = residual(x, network.before)
    x = graph("Relu", normalized(graph("Add", convolved(graph, coarse, network.sink), noises[2])))
    for block in cast("Iterable[Wide]", network.blocks):
        wide = graph("Relu", convolved(graph, normalized(convolved(graph, x, block.look)), block.widen))
        x = graph("Add", x, convolved(graph, wide, block.narrow))
    x = graph("Add", coarse, twice(graph, convolved(graph, mixed_in(x), network.rise)))
    x = residual(x, network.after)
    x = mixed_in(graph("Add", fine, twice(graph, convolved(graph, mixed_in(x), network.grow))))
    x = graph("Relu", residual(x, network.strokes))
    # A 1 x 1 convolution to few channels: the smallest tensor between body and head.
    return convolved(graph, x, network.leave)


def slim_head(graph: Graph, network: SlimLayers, features: str, framed: str) -> str:
    """Add the head: the painting, (1, 3, 4 m, 4 n), from features (1, `HALF`, m, n) and the padded photo, (1, 3, 4 m + 8, 4 n + 8).

    The outermost `FINISH_REACH_PX` pixels of the painting differ from the network's and must be cropped. In return, zero padding suffices:
    reflection would copy the picture into another memory layout and back.
    """
    x = graph("LeakyRelu", twice(graph, features), alpha=slim_geometry.LEAK)
    grain = of_blocks(graph, inner(graph, framed, slim_geometry.APRON_PX - 2), network.grain, 2)
    polished = graph("Add", convolved(graph, x, network.polish, borders=False), grain)
    x = graph("Add", x, graph("LeakyRelu", polished, alpha=slim_geometry.LEAK))
    pixels = convolved(graph, inner(graph, framed, slim_geometry.APRON_PX - 1), network.pixels)
    x = graph("LeakyRelu", graph("Add", twice(graph, convolved(graph, x, network.finish)), pixels), alpha=slim_geometry.LEAK)
    return graph("Sigmoid", convolved(graph, x, network.render, borders=False))


def mirrored(graph: Graph, image: str) -> str:
    """Pad a photo by reflection: `slim_geometry.mirrored`."""
    one = graph.constant(1)

    def source_index(places: str, side: str) -> str:
        period = graph("Max", one, graph("Mul", graph.constant(2), graph("Sub", side, one)))
        within = graph("Mod", places, period)
        return graph("Min", within, graph("Sub", period, within))

    return _framed(graph, image, source_index)


def wrapped(graph: Graph, noise: str) -> str:
    """Pad noise periodically: `slim_geometry.wrapped`."""
    return _framed(graph, noise, lambda places, side: graph("Mod", places, side))


def _framed(graph: Graph, image: str, source_index: Callable[[str, str], str]) -> str:
    """Pad a picture; `source_index` maps padded positions and the length of a side to indices of pixels.

    Columns are gathered as rows of the transposed picture: onnxruntime copies whole rows, but columns one pixel at a time.
    """
    frame, stride = graph.constant(slim_geometry.FRAME_PX), graph.constant(slim_geometry.STRIDE)
    sides = graph("Shape", image, start=2)

    def padded(image: str, axis: int) -> str:
        side = graph("Gather", sides, graph.constant(axis))
        rounded_up = graph("Add", side, graph("Mod", graph("Neg", side), stride))
        places = graph("Range", graph("Neg", frame), graph("Add", rounded_up, frame), graph.constant(1))
        return graph("Gather", image, source_index(places, side), axis=2)

    transposed = padded(graph("Transpose", image, perm=[0, 1, 3, 2]), 1)
    return padded(graph("Transpose", transposed, perm=[0, 1, 3, 2]), 0)


def noises_of(graph: Graph, network: SlimLayers, framed: str) -> list[str]:
    """Add `SlimNet._noise`: the features of padded noise at a quarter, an eighth and a sixteenth of the size."""
    added, size = [], inner(graph, framed, slim_geometry.APRON_PX)
    for octave, gain in enumerate(network.gains):
        padded = graph("Pad", size, graph.constant([0, 0, 1, 1, 0, 0, 1, 1]), mode="edge")
        size = graph("Conv", padded, graph.constant(network.blur), strides=[2, 2])
        if octave:
            convolution = cast(nn.Conv2d, network.noises[octave - 1])
            added.append(convolved(graph, graph("Mul", size, graph.constant(gain)), convolution))
    return added


def inner(graph: Graph, framed: str, cut: int) -> str:
    """Crop `cut` pixels from each side."""
    return graph("Slice", framed, graph.constant([cut, cut]), graph.constant([-cut, -cut]), graph.constant([2, 3]))


def twice(graph: Graph, x: str) -> str:
    """Upsample by a factor of 2, by linear interpolation."""
    scales = graph.constant(torch.tensor([1.0, 1.0, 2.0, 2.0]))
    return graph("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")


def noise_input(graph: Graph) -> str:
    return graph.input("noise", (1, 1, "height", "width"), "white noise, as large as the photo: mean 0, deviation 1")


def strength_input(graph: Graph) -> str:
    """Add the input `strength` and return the training strength: `slim_geometry.trained_strength`."""
    strength = graph.input("strength", (1,), "0 (the photo) to 100 (the painting); default 50")
    trained, slope = "", 0.0
    for (begin, low), (end, high) in pairwise(slim_geometry.STRENGTH_CURVE):
        # A change of slope at the beginning of each segment.
        bend = graph("Relu", graph("Sub", strength, graph.constant(begin)))
        change = graph("Mul", bend, graph.constant((high - low) / (end - begin) - slope))
        trained, slope = (graph("Add", trained, change) if trained else change), (high - low) / (end - begin)
    return trained


def own_knobs(graph: Graph, network: SlimLayers, strength: str) -> Knobs:
    """The knobs of a network for one style: `SlimNet.knobs_at`."""
    low, middle, high = slim_geometry.STRENGTHS
    offset = normalized_strength(graph, strength, 1.0)
    low_share = graph("Div", graph("Relu", graph("Neg", offset)), graph.constant(middle - low))
    high_share = graph("Div", graph("Relu", offset), graph.constant(high - middle))
    middle_share = graph("Sub", graph("Sub", graph.constant(1.0), low_share), high_share)
    shares = graph("Concat", low_share, middle_share, high_share, axis=1)
    return lambda begin, end: graph("MatMul", shares, graph.constant(network.knobs[:, begin:end]))


def normalized_strength(graph: Graph, strength: str, unit: float) -> str:
    """Add (strength - 50) / `unit`, shape (1, 1), with the strength clipped to the range used in training."""
    low, middle, high = slim_geometry.STRENGTHS
    clipped = graph("Clip", graph("Reshape", strength, graph.constant([1, 1])), graph.constant(low), graph.constant(high))
    return graph("Div", graph("Sub", clipped, graph.constant(middle)), graph.constant(unit))


def faded_graph(graph: Graph, painted: str, image: str, strength: str) -> str:
    """Blend with the photo below the lowest strength used in training: `relay.faded`."""
    share = graph("Clip", graph("Div", strength, graph.constant(slim_geometry.STRENGTHS[0])), graph.constant(0.0), graph.constant(1.0))
    return graph("Add", image, graph("Mul", graph("Sub", painted, image), share))
