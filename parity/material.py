"""What both sides start from: three small pictures, and one set of random VGG weights in every framework's own file format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

BLOCKS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)
MEAN_RGB = np.array([123.68, 116.779, 103.939])


def convolutions(architecture: str) -> list[tuple[str, int, int]]:
    """(name, channels in, channels out) of every convolution, `conv1_1` first."""
    found, channels = [], 3
    for block, (count, width) in enumerate(zip(BLOCKS[architecture], WIDTHS, strict=True), start=1):
        for index in range(1, count + 1):
            found.append((f"conv{block}_{index}", channels, width))
            channels = width
    return found


def random_weights(architecture: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Kernels (height, width, in, out) and biases of He's scale, so that activations neither die nor grow."""
    random = np.random.default_rng(19)
    return {
        name: (
            (random.standard_normal((3, 3, inner, outer)) * np.sqrt(2 / (9 * inner))).astype(np.float32),
            (random.standard_normal(outer) * 0.1).astype(np.float32),
        )
        for name, inner, outer in convolutions(architecture)
    }


@dataclass(frozen=True)
class Pictures:
    """RGB, 0..1, (height, width, 3); their type, float32 or float64, is what both sides compute in.

    Attributes:
        photo: Odd, not square.
        painting: At the size at which the recipe looks at it, so that no side resizes.
        probe: Neither of them: where terms and gradients are compared.
    """

    photo: np.ndarray
    painting: np.ndarray
    probe: np.ndarray


HEIGHT, WIDTH = 41, 53


def pictures(rule: str, precision: str) -> Pictures:
    """Three pictures in float32 or float64; the painting fits `rule`, a recipe's `painting.size`, for a photo of 53 x 41."""
    sizes = {"photo": (HEIGHT, WIDTH), "width": (61, WIDTH), "long-side": (WIDTH, 38)}
    random = np.random.default_rng(61)

    def clouds(size: tuple[int, int]) -> np.ndarray:
        """Noise at three scales: something for every layer."""
        total = np.zeros((*size, 3))
        for cell in (1, 5, 16):
            coarse = random.random((size[0] // cell + 2, size[1] // cell + 2, 3))
            total += np.kron(coarse, np.ones((cell, cell, 1)))[: size[0], : size[1]] * cell**0.5
        low, high = total.min(), total.max()
        return ((total - low) / (high - low)).astype(precision)

    photo, painting = clouds((HEIGHT, WIDTH)), clouds(sizes[rule])
    return Pictures(photo, painting, (0.5 * photo + 0.5 * clouds((HEIGHT, WIDTH))).astype(precision))


def write_matconvnet(weights: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """A .mat file as MatConvNet's beta16 wrote it: `layers` as cells of structs, `normalization` with an average image."""
    import scipy.io

    cells = []
    blocks = list(weights)
    for name in blocks:
        kernel, bias = weights[name]
        parts = np.empty((1, 2), dtype=object)
        parts[0, 0], parts[0, 1] = kernel, bias.reshape(1, -1)
        # [0][0][0][0][0] of the texts is the first field of the struct: its weights.
        cells.append({"weights": parts, "type": "conv", "name": name, "pad": np.ones((1, 4)), "stride": np.ones((1, 2))})
        cells.append({"type": "relu", "name": name.replace("conv", "relu")})
        block = name[4]
        if name == [other for other in blocks if other[4] == block][-1]:
            cells.append({"type": "pool", "name": f"pool{block}", "pool": np.full((1, 2), 2.0)})
    layers = np.empty((1, len(cells)), dtype=object)
    layers[0, :] = cells
    average = np.broadcast_to(MEAN_RGB, (224, 224, 3)).astype(np.float64)
    scipy.io.savemat(path, {"layers": layers, "normalization": {"averageImage": average}})


def write_torch(weights: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """A state dict with torchvision's numbers: `features.0.weight`, ..."""
    import torch

    state, number = {}, 0
    names = list(weights)
    for name in names:
        kernel, bias = weights[name]
        state[f"features.{number}.weight"] = torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
        state[f"features.{number}.bias"] = torch.from_numpy(bias.copy())
        number += 2 + (name == [other for other in names if other[4] == name[4]][-1])
    torch.save(state, path)


def write_keras(weights: dict[str, tuple[np.ndarray, np.ndarray]], architecture: str, path: Path) -> None:
    """Keras' own VGG without its classifier, these weights in it, saved by Keras."""
    import keras

    model = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}[architecture](weights=None, include_top=False)
    for name, values in weights.items():
        model.get_layer(f"block{name[4]}_{name[:4]}{name[6]}").set_weights(values)
    model.save_weights(path)
