"""Compare an encoder with VGG-19 on pictures that it was not trained on.

    python tools/factoring/measure.py WEIGHTS --data DIR [--pictures 18]

Prints, for every layer, on clean crops and on the same crops mixed with noise: the squared errors of the features and of the Gram matrices,
relative to the sums of squares of VGG-19's, and the cosine between the gradients of a Gram loss with respect to the picture.
"""

from __future__ import annotations

import argparse
import random
import tomllib
from pathlib import Path

import torch
from pictures import crop, find
from torch import Tensor
from torch.nn import functional
from train import CONFIG, gram, relative

from stylenet.catalog.encoders import VGG19
from stylenet.encoders.opening import encoder_of
from stylenet.encoders.vgg import VggEncoder
from stylenet.weights.library import find_weights
from stylenet.weights.reading import read_weights

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
CROP_PX = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=18)
    arguments = parser.parse_args()
    config = tomllib.loads(CONFIG.read_text())
    student, teacher = opened(arguments.weights), opened(find_weights("vgg19"))
    _, held_out = find(arguments.data, config["held_out_share"])
    rng = random.Random(1)
    natural, styles = (
        torch.stack([crop(path, CROP_PX, rng, disturb=False) for path in rng.sample(held_out, arguments.pictures)]) for _ in range(2)
    )
    noise = torch.rand(natural.shape, generator=torch.Generator().manual_seed(1))
    print("| crops | layer | features | Gram | gradient |\n|---|---|--:|--:|--:|")
    for name, crops in (("clean", natural), ("half noise", natural.lerp(noise, 0.5))):
        for layer, (features, grams, cosine) in measured(student, teacher, crops, styles).items():
            print(f"| {name} | {layer} | {features:.3f} | {grams:.4f} | {cosine:.3f} |", flush=True)


def opened(path: Path) -> VggEncoder:
    """The encoder with the weights of a file."""
    return encoder_of(read_weights(path, architectures=(VGG19,)))


def measured(student: VggEncoder, teacher: VggEncoder, crops: Tensor, styles: Tensor) -> dict[str, tuple[float, float, float]]:
    """Errors of features and Gram matrices, and the cosine of gradients, by layer; means over the crops."""
    found: dict[str, list[tuple[float, float, float]]] = {layer: [] for layer in LAYERS}
    for one, style in zip(crops.split(1), styles.split(1), strict=True):
        with torch.no_grad():
            targets = {layer: gram(features) for layer, features in teacher(style, LAYERS).items()}
        exact, true_gradients = _features_and_gradients(teacher, one, targets)
        approximate, gradients = _features_and_gradients(student, one, targets)
        for layer in LAYERS:
            cosine = functional.cosine_similarity(gradients[layer].flatten(1), true_gradients[layer].flatten(1)).mean()
            errors = relative(approximate[layer], exact[layer]), relative(gram(approximate[layer]), gram(exact[layer]))
            found[layer].append((float(errors[0]), float(errors[1]), float(cosine)))
    return {layer: tuple(sum(column) / len(column) for column in zip(*rows, strict=True)) for layer, rows in found.items()}  # type: ignore[misc]


def _features_and_gradients(encoder: VggEncoder, image: Tensor, targets: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    image = image.clone().requires_grad_()
    features = encoder(image, LAYERS)
    gradients = {}
    for layer in LAYERS:
        loss = relative(gram(features[layer]), targets[layer])
        (gradients[layer],) = torch.autograd.grad(loss, image, retain_graph=True)
    return {layer: values.detach() for layer, values in features.items()}, gradients


if __name__ == "__main__":
    main()
