"""How close a distilled encoder is to VGG-19, on pictures that it was not trained on.

    python tools/distillation/measure.py WEIGHTS --data DIR --teachers DIR [--pictures 24]

Prints, for every layer: the normalized squared error of the features, the relative squared error of the Gram matrices, and the cosine
between the gradients of a Gram loss with respect to the picture (exact VGG-19 against W G W^T), for photos, for paintings and for
half-painted pictures (a photo moved halfway to noise).
"""

from __future__ import annotations

import argparse
import random
import tomllib
from pathlib import Path

import torch
from distill import STYLE_LAYERS, correlations
from pictures import crop, find
from teacher import LAYERS, Teacher
from torch import Tensor

from stylenet.encoders.vgg import VggEncoder
from stylenet.weights.reading import read_weights


def gram_gradient(image: Tensor, style: Tensor, layer: str, grams: object) -> Tensor:
    """Gradient with respect to the picture of the squared difference of two Gram matrices at one layer."""
    image = image.detach().requires_grad_()
    target = grams(style, layer).detach()  # type: ignore[operator]
    loss = (grams(image, layer) - target).square().sum()  # type: ignore[operator]
    return torch.autograd.grad(loss, image)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teachers", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=24)
    arguments = parser.parse_args()
    config = tomllib.loads(Path(__file__).with_name("compact.toml").read_text())
    weights = read_weights(arguments.weights)
    student = VggEncoder(weights.record)
    student.load_state_dict(dict(weights.tensors))
    student = student.requires_grad_(False)
    teacher = Teacher(arguments.teachers, torch.float32)
    _, held_out = find(arguments.data, config["held_out_share"])
    rng = random.Random(1)
    chosen = rng.sample(held_out, arguments.pictures)
    natural = torch.stack([crop(path, 192, rng, disturb=False) for path in chosen])
    half = (0.5 * natural + 0.5 * torch.rand(natural.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)

    def student_gram(image: Tensor, layer: str) -> Tensor:
        features = student(image, [layer])[layer]
        readout = student.get_submodule(f"{layer}_readout").weight.flatten(1)
        return readout @ correlations(features, features) @ readout.T

    def teacher_gram(image: Tensor, layer: str) -> Tensor:
        features = teacher.features(image)[layer]
        return correlations(features, features)

    print(f"{'layer':8} {'pictures':12} {'features':>9} {'Gram':>9} {'gradient cosine':>16}")
    for layer in LAYERS:
        for kind, images in (("held out", natural), ("half noise", half)):
            with torch.no_grad():
                target = teacher(images)[layer]
                given = student.readout(student(images, [layer])[layer], layer)
                error = (given - target).square().sum() / target.square().sum()
            gram_error, cosine = "", ""
            if layer in STYLE_LAYERS:
                with torch.no_grad():
                    expected, own = teacher_gram(images, layer), student_gram(images, layer)
                    ratio = (own - expected).square().sum((1, 2)) / expected.square().sum((1, 2))
                    gram_error = f"{ratio.mean():.4f}"
                few, styles = images[:6], natural[6:12]
                first = gram_gradient(few, styles, layer, teacher_gram).flatten(1)
                second = gram_gradient(few, styles, layer, student_gram).flatten(1)
                cosine = f"{torch.cosine_similarity(first, second).mean():.3f}"
            print(f"{layer:8} {kind:12} {error:9.4f} {gram_error:>9} {cosine:>16}")


if __name__ == "__main__":
    main()
