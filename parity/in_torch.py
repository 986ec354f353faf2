"""The papers and programs that used Torch, PyTorch or Caffe, rebuilt in plain PyTorch from their formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from material import BLOCKS, Pictures
from reference import Reference
from torch import Tensor
from torch.nn import functional

RELUS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CAFFE_MEAN, IMAGENET_MEAN, IMAGENET_STD = (103.939, 116.779, 123.68), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Features = Callable[[Tensor], dict[str, Tensor]]


def vgg19(weights: Path, pictures: Pictures, *, pooling: str = "max", up: bool = False, caffe: bool) -> Features:
    """All layers of VGG-19, before and after ReLU, for a batch of pictures in RGB: 0..255 with Caffe's weights, 0..1 with torchvision's."""
    state = {name: values.to(tensor(pictures.photo).dtype) for name, values in torch.load(weights, weights_only=True).items()}
    kernels = [state[name] for name in state if name.endswith("weight")]
    biases = [state[name] for name in state if name.endswith("bias")]

    def features(image: Tensor) -> dict[str, Tensor]:
        if caffe:
            x = image[:, [2, 1, 0]] - torch.tensor(CAFFE_MEAN, dtype=image.dtype).view(1, 3, 1, 1)
        else:
            mean, std = (torch.tensor(values, dtype=image.dtype).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
            x = (image - mean) / std
        found, number = {}, 0
        for block, count in enumerate(BLOCKS["vgg19"], start=1):
            for index in range(1, count + 1):
                x = found[f"conv{block}_{index}"] = functional.conv2d(x, kernels[number], biases[number], padding=1)
                x = found[f"relu{block}_{index}"] = functional.relu(x)
                number += 1
            if pooling == "max":
                x = functional.max_pool2d(x, 2, ceil_mode=up)
            else:
                x = functional.avg_pool2d(x, 2, ceil_mode=up, count_include_pad=False)
        return found

    return features


def tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].copy())


def array(image: Tensor) -> np.ndarray:
    return image.detach()[0].numpy().transpose(1, 2, 0).copy()


def side(losses: Callable[[Tensor], dict[str, Tensor]], features: Features, *, adam: dict[str, object] | None, clip: float) -> Reference:
    """A `Reference` from the losses; its solver is torch's Adam with these options, or L-BFGS as the ports call it. `clip` 0: none."""

    def evaluate(picture: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        image = tensor(picture).requires_grad_()
        values = losses(image)
        (gradient,) = torch.autograd.grad(torch.stack(list(values.values())).sum(), image)
        return {name: value.item() for name, value in values.items()}, array(gradient)

    def iterates(start: np.ndarray, steps: int) -> list[np.ndarray]:
        image, found = tensor(start).requires_grad_(), []
        if adam is not None:
            solver: torch.optim.Optimizer = torch.optim.Adam([image], **adam)  # type: ignore[arg-type]
        else:
            solver = torch.optim.LBFGS([image], max_iter=steps + 1, max_eval=10 * steps)

        def closure() -> Tensor:
            if adam is None:
                if clip:
                    image.data.clamp_(0, clip)
                found.append(array(image))
            solver.zero_grad()
            loss = torch.stack(list(losses(image).values())).sum()
            loss.backward()
            return loss

        if adam is None:
            solver.step(closure)
            return found[1 : steps + 1]
        for _ in range(steps):
            solver.step(closure)
            if clip:
                image.data.clamp_(0, clip)
            found.append(array(image))
        return found

    return Reference(
        framework=f"PyTorch {torch.__version__.split('+')[0]}, plain",
        features=lambda picture: {name: array(value) for name, value in features(tensor(picture)).items()},
        evaluate=evaluate,
        iterates=iterates,
    )


def plain_gram(values: Tensor) -> Tensor:
    flat = values[0].flatten(1)
    return flat @ flat.T


def gatys_2016(weights: Path, pictures: Pictures, *, pooling: str) -> Reference:
    """The paper's equations 1, 3, 4 and 5."""
    features = vgg19(weights, pictures, pooling=pooling, up=True, caffe=True)
    with torch.no_grad():
        photo = features(tensor(pictures.photo * 255))["conv4_2"]
        painting = features(tensor(pictures.painting * 255))

    def losses(image: Tensor) -> dict[str, Tensor]:
        found, style = features(image), torch.zeros((), dtype=image.dtype)
        for layer in ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"):
            channels, positions = found[layer].shape[1], found[layer][0, 0].numel()
            squares = (plain_gram(found[layer]) - plain_gram(painting[layer])).square().sum()
            style = style + 0.2 * squares / (4 * channels**2 * float(positions) ** 2)
        return {"content": 1e-3 * 0.5 * (found["conv4_2"] - photo).square().sum(), "style": style}

    return side(losses, features, adam=None, clip=0)


def means(
    features: Features,
    pictures: Pictures,
    *,
    scale: float,
    content: tuple[str, float],
    style: dict[str, float],
    smoothness: Callable[[Tensor], Tensor] | None = None,
    clip: float = 0,
) -> Reference:
    """Programs that compare means: mse of features, mse of G / (N M)."""
    with torch.no_grad():
        photo = features(tensor(pictures.photo * scale))[content[0]]
        painting = features(tensor(pictures.painting * scale))

    def gram(values: Tensor) -> Tensor:
        return plain_gram(values) / values.numel()

    def losses(image: Tensor) -> dict[str, Tensor]:
        found = features(image)
        terms = {
            "content": content[1] * functional.mse_loss(found[content[0]], photo),
            "style": torch.stack(
                [weight * functional.mse_loss(gram(found[layer]), gram(painting[layer])) for layer, weight in style.items()]
            ).sum(),
        }
        return terms if smoothness is None else {**terms, "smoothness": smoothness(image)}

    return side(losses, features, adam=None, clip=clip)


def half_squares(image: Tensor) -> Tensor:
    """1e-3 of what nn.TVLoss has the gradient of."""
    down = image[:, :, :-1, :-1] - image[:, :, 1:, :-1]
    right = image[:, :, :-1, :-1] - image[:, :, :-1, 1:]
    return 1e-3 * 0.5 * (down.square() + right.square()).sum()


def style_transfer_pytorch(weights: Path, pictures: Pictures) -> Reference:
    """Wasserstein-2 with an exact matrix root, nine-point smoothness, Adam."""
    features = vgg19(weights, pictures, caffe=False)
    relative = {layer: weight / 341 for layer, weight in zip(RELUS, (256, 64, 16, 4, 1), strict=True)}

    def moments(values: Tensor) -> tuple[Tensor, Tensor]:
        flat = values[0].flatten(1)
        mean = flat.mean(1)
        return mean, flat @ flat.T / flat.shape[1] - torch.outer(mean, mean) + 1e-4 * torch.eye(len(mean), dtype=mean.dtype)

    def root(matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        return vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T

    with torch.no_grad():
        photo = features(tensor(pictures.photo))["relu4_2"]
        painting = {}
        for layer in RELUS:
            mean, covariance = moments(features(tensor(pictures.painting))[layer])
            painting[layer] = mean, covariance, root(covariance.double())

    def distance(values: Tensor, layer: str) -> Tensor:
        mean, covariance = moments(values)
        target_mean, target, target_root = painting[layer]
        inner = target_root @ covariance.double() @ target_root
        cross = torch.linalg.eigvalsh((inner + inner.T) / 2).clamp_min(1e-12).sqrt().sum().to(mean.dtype)
        return (mean - target_mean).square().mean() + (covariance.trace() + target.trace() - 2 * cross) / len(mean)

    def smoothness(image: Tensor) -> Tensor:
        x = functional.pad(image, (1, 1, 1, 1), "replicate")
        inner = slice(1, -1)
        d1 = (x[..., inner, 2:] - x[..., inner, inner]).square().mean() / 3
        d2 = (x[..., 2:, inner] - x[..., inner, inner]).square().mean() / 3
        d3 = (x[..., 1:, 1:] - x[..., :-1, :-1]).square().mean() / 12
        d4 = (x[..., 1:, :-1] - x[..., :-1, 1:]).square().mean() / 12
        return 2 * 2 * (d1 + d2 + d3 + d4)

    def losses(image: Tensor) -> dict[str, Tensor]:
        found = features(image)
        return {
            "content": 0.015 * functional.mse_loss(found["relu4_2"], photo),
            "style": torch.stack([weight * distance(found[layer], layer) for layer, weight in relative.items()]).sum(),
            "smoothness": smoothness(image),
        }

    return side(losses, features, adam={"lr": 0.02, "betas": (0.9, 0.99)}, clip=1.0)
