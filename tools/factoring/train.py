"""Fine-tune the factored encoder to match VGG-19: features, Gram matrices, and the gradient of a style loss.

    python tools/factoring/train.py START.safetensors --data DIR --state DIR [--output compact.safetensors]

Painting depends on the gradient of the encoder, so the gradient has a loss of its own: in each step, the gradient of a Gram loss at one
layer with respect to the picture should have the direction of VGG-19's. A third of the pictures are partly painted: they are updated with
the network's own gradient in every step, and replaced at intervals.

An interrupted run resumes from its last checkpoint in `--state`, with new partly painted pictures. `--output` writes the moving average of
the weights, in 8 bits per value, with the configuration as provenance.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pictures import find, manifest, mixed, random_crops
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.encoders import COMPACT
from stylenet.encoders.opening import encoder_of
from stylenet.encoders.vgg import VggEncoder
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.library import find_weights
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights

CONFIG = Path(__file__).with_name("compact.toml")
GRADIENT_LAYERS = ("relu2_1", "relu3_1", "relu4_1", "relu4_1", "relu5_1", "relu5_1")
"""Layers whose gradients are compared, one per step, drawn at random; deep ones are listed twice."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start", type=Path, help="weights file written by factor.py")
    parser.add_argument("--data", type=Path, required=True, help="folder with photos/, paintings/ and content/")
    parser.add_argument("--state", type=Path, required=True, help="folder for the checkpoint and the log")
    parser.add_argument("--output", type=Path, help="weights file to write at the end; with --steps 0, from the last checkpoint")
    parser.add_argument("--steps", type=int, help="total number of steps (default: as configured)")
    arguments = parser.parse_args()
    config = tomllib.loads(CONFIG.read_text())
    training = Training.open(arguments.start, config, arguments.data, arguments.state)
    last = config["train"]["steps"] if arguments.steps is None else arguments.steps
    while training.step < min(last, config["train"]["steps"]):
        training.update()
    if arguments.output:
        provenance = {
            "made_by": "tools/factoring/factor.py, then tools/factoring/train.py",
            "config": CONFIG.read_text(),
            "steps": str(training.step),
            "manifest_sha256": hashlib.sha256(manifest(arguments.data).encode()).hexdigest(),
            "licence": "CC BY 4.0",
        }
        arrays = {name: value.numpy() for name, value in training.averaged().items()}
        weights = EncoderWeights(record=COMPACT, tensors=arrays, provenance=provenance)
        write_weights(weights, arguments.output, kernels="int8")


@dataclass
class Training:
    """State of a training run between two steps."""

    config: Mapping[str, Any]
    pictures: dict[str, list[Path]]
    teacher: VggEncoder
    student: VggEncoder
    optimizer: torch.optim.Adam
    average: dict[str, Tensor]
    state: Path
    seed: int
    step: int = 0
    painted: Tensor | None = None

    @classmethod
    def open(cls, start: Path, config: Mapping[str, Any], data: Path, state: Path) -> Training:
        """A new run, or the one of the checkpoint in `state`."""
        teacher, student = encoder_of(read_weights(find_weights("vgg19"))), encoder_of(read_weights(start))
        student.requires_grad_(True)
        trainable = {name: one for name, one in student.named_parameters() if not name.startswith("conv1_1.")}
        student.get_submodule("conv1_1").requires_grad_(False)
        # Adam changes every value by about the learning rate, but the magnitudes of the tensors differ a hundredfold.
        groups = [{"params": [one], "size": float(one.detach().abs().mean())} for one in trainable.values()]
        optimizer = torch.optim.Adam(groups, lr=0.0, betas=(0.9, 0.98))
        average = {name: one.detach().clone() for name, one in student.state_dict().items()}
        pictures, _ = find(data, config["held_out_share"])
        run = cls(config["train"], pictures, teacher, student, optimizer, average, state, config["seed"])
        state.mkdir(parents=True, exist_ok=True)
        if (state / "checkpoint.pt").exists():
            checkpoint = torch.load(state / "checkpoint.pt", weights_only=True)
            student.load_state_dict(checkpoint["student"])
            optimizer.load_state_dict(checkpoint["optimizer"])
            run.average, run.step = checkpoint["average"], checkpoint["step"]
        return run

    def update(self) -> None:
        """One step of the optimizer."""
        config, started = self.config, time.perf_counter()
        rng = random.Random(f"{self.seed}-{self.step}")
        crops = mixed(random_crops(self.pictures, config["crops"], config["crop_px"], rng), rng)
        styles = random_crops(self.pictures, config["crops"], config["crop_px"], rng, disturb=False)
        count = config["painted"]
        if self.painted is None or self.step % config["painted_steps"] == 0:
            self.painted = crops[:count].clone()
        crops[:count] = self.painted
        chosen = rng.choice(GRADIENT_LAYERS)
        terms, direction = self._terms(crops, styles, chosen)
        rate = config["learning_rate"] * 0.5 * (1 + math.cos(math.pi * self.step / config["steps"])) * min(1.0, (self.step + 1) / 20)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["size"]
        self.optimizer.zero_grad(set_to_none=True)
        sum(terms.values()).backward()  # type: ignore[union-attr]
        self.optimizer.step()
        self.painted = (self.painted - config["painted_rate"] * direction[:count]).clamp(0, 1)
        decay = min(config["average"], 1 - 1 / (self.step + 1))
        for name, value in self.student.state_dict().items():
            self.average[name].lerp_(value, 1 - decay)
        self.step += 1
        entry = {"step": self.step, "layer": chosen, **{name: round(term.item(), 5) for name, term in terms.items()}}
        entry["seconds"] = round(time.perf_counter() - started, 2)
        with (self.state / "log.jsonl").open("a") as log:
            log.write(json.dumps(entry) + "\n")
        if self.step % config["checkpoint_every"] == 0:
            self._save()

    def averaged(self) -> dict[str, Tensor]:
        """The moving average of the weights."""
        return {name: value.contiguous() for name, value in self.average.items()}

    def _terms(self, crops: Tensor, styles: Tensor, chosen: str) -> tuple[dict[str, Tensor], Tensor]:
        """The weighted losses, and the normalized gradient of the network's own style loss with respect to the crops, clipped to -1..1."""
        config, weights = self.config, self.config["layers"]
        total = sum(weights.values())
        with torch.no_grad():
            goal = gram(self.teacher(styles, [chosen])[chosen])
        exact, true_gradient = self._encode(self.teacher, crops, (*weights, chosen), chosen=chosen, goal=goal, differentiable=False)
        given, gradient = self._encode(self.student, crops, (*weights, chosen), chosen=chosen, goal=goal, differentiable=True)
        features = [weight * relative(given[layer], exact[layer]) for layer, weight in weights.items()]
        grams = [weight * relative(gram(given[layer]), gram(exact[layer])) for layer, weight in weights.items()]
        cosine = functional.cosine_similarity(gradient.flatten(1), true_gradient.flatten(1)).mean()
        terms = {
            "features": config["feature_weight"] * torch.stack(features).sum() / total,
            "gram": config["gram_weight"] * torch.stack(grams).sum() / total,
            "gradient": config["gradient_weight"] * (1 - cosine),
        }
        gradient = gradient.detach()
        size = gradient.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-30)
        return terms, (gradient / size).clamp(-1, 1)

    @staticmethod
    def _encode(
        encoder: VggEncoder, crops: Tensor, layers: tuple[str, ...], *, chosen: str, goal: Tensor, differentiable: bool
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Features, and the gradient of a relative Gram loss at one layer with respect to the crops."""
        crops = crops.clone().requires_grad_()
        features = encoder(crops, layers)
        loss = relative(gram(features[chosen]), goal) * len(crops)
        (gradient,) = torch.autograd.grad(loss, crops, create_graph=differentiable, retain_graph=differentiable)
        return features if differentiable else {layer: value.detach() for layer, value in features.items()}, gradient

    def _save(self) -> None:
        state = {"student": self.student.state_dict(), "optimizer": self.optimizer.state_dict(), "average": self.average, "step": self.step}
        torch.save(state, self.state / "checkpoint.part")
        (self.state / "checkpoint.part").replace(self.state / "checkpoint.pt")


def gram(features: Tensor) -> Tensor:
    """Mean products of channels, (B, C, C)."""
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[2]


def relative(given: Tensor, exact: Tensor) -> Tensor:
    """Squared error relative to the sum of squares, averaged over the batch."""
    axes = tuple(range(1, given.ndim))
    return ((given - exact).square().sum(axes) / exact.square().sum(axes).clamp_min(1e-20)).mean()


if __name__ == "__main__":
    main()
