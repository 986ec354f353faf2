"""Teach the compact encoder VGG-19's features.

    python tools/distillation/distill.py --data DIR --teachers DIR --run DIR

The run folder keeps the configuration, the data manifest, a log of every update's errors and a checkpoint; the same command
goes on where an interrupted run was. When the last step is done it holds `compact.safetensors`, ready to ship.

Method: the student's linear readouts are trained to give the teacher's features (squared error, normalized by the teacher's power)
and their Gram matrices (relative squared error), on crops of photos and paintings and, from the start of painting on, on pictures in
the middle of being painted by the student itself. Optimization walks through pictures that are neither photos nor paintings; a student
that never saw such pictures is wrong exactly there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
import tomllib
from pathlib import Path
from typing import Any

import torch
from pictures import Crops, crop, find, manifest
from safetensors.torch import save_file
from teacher import LAYERS, Teacher
from torch import Tensor

from stylenet.catalog.encoders import COMPACT
from stylenet.encoders.vgg import VggEncoder

STYLE_LAYERS = tuple(layer for layer in LAYERS if layer != "relu4_2")


def correlations(left: Tensor, right: Tensor) -> Tensor:
    """Products of the channels of two layers averaged over positions, (B, C, H, W) and (B, D, H, W) to (B, C, D).

    On the channels-last memory as it lies, in the features' own precision.
    """
    positions = left.shape[2] * left.shape[3]
    left_rows = left.permute(0, 2, 3, 1).reshape(len(left), positions, -1)
    right_rows = right.permute(0, 2, 3, 1).reshape(len(right), positions, -1)
    return (left_rows.transpose(1, 2) @ right_rows / positions).float()


def student_features(student: VggEncoder, image: Tensor) -> dict[str, Tensor]:
    with torch.autocast("cpu", torch.bfloat16):
        return student(image, LAYERS)


def errors(
    student: VggEncoder, features: dict[str, Tensor], targets: dict[str, Tensor], scales: dict[str, float]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Normalized squared errors of the readout's features and relative squared errors of its Gram matrices, by layer.

    With f the student's features, t the teacher's and W the readout, everything follows from three small matrices and no full-size
    difference is ever made: |Wf - t|^2 = tr(W (ff') W') - 2 tr(W (ft')) + tr(tt'), and the Gram matrix of Wf is W (ff') W'.
    `scales` bring each of the teacher's layers to a mean square of one.
    """
    feature_errors, gram_errors = {}, {}
    for layer, target in targets.items():
        readout = student.get_submodule(f"{layer}_readout").weight.flatten(1)
        expected = correlations(target, target) * scales[layer] ** 2
        cross = correlations(features[layer], target) * scales[layer]
        own = correlations(features[layer], features[layer])
        given = readout @ own @ readout.T
        power = expected.diagonal(dim1=1, dim2=2).sum(1)
        error = given.diagonal(dim1=1, dim2=2).sum(1) - 2 * (readout.T * cross).sum((1, 2)) + power
        # Per picture, so that a faint one counts as much as a loud one; a floor keeps flat pictures from exploding.
        feature_errors[layer] = (error / (power + 0.1 * power.mean())).mean()
        if layer in STYLE_LAYERS:
            scale = expected.square().sum((1, 2))
            gram_errors[layer] = ((given - expected).square().sum((1, 2)) / (scale + 0.1 * scale.mean())).mean()
    return feature_errors, gram_errors


def calibrate(student: VggEncoder, teacher: Teacher, images: Tensor) -> dict[str, float]:
    """Start well: layers that keep the size of their input (He et al. 2015), and least-squares readouts of the first pictures.

    Returns the factors that bring each of the teacher's layers to a mean square of one.
    """
    targets = teacher(images)
    scales = {layer: target.float().square().mean().item() ** -0.5 for layer, target in targets.items()}
    with torch.no_grad():
        for name, module in student.named_modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, nonlinearity="linear" if name.endswith("readout") else "relu")
                if module.bias is not None:
                    module.bias.zero_()
        for layer, features in student_features(student, images).items():
            own = correlations(features, features).mean(0)
            cross = correlations(features, targets[layer]).mean(0) * scales[layer]
            ridge = 1e-3 * own.diagonal().mean() * torch.eye(len(own))
            student.get_submodule(f"{layer}_readout").weight.copy_(torch.linalg.solve(own + ridge, cross).T[:, :, None, None])
    return scales


class Painted:
    """Pictures in the middle of being painted: started from noise, photos or paintings and moved by the student's own style loss."""

    def __init__(self, pictures: dict[str, list[Path]], config: dict[str, Any]) -> None:
        self._pictures, self._config = pictures, config
        self._images: list[Tensor] = []
        self._momentum: list[Tensor] = []
        self._styles: list[Tensor] = []
        self._ages: list[int] = []

    def batch(self, student: VggEncoder, rng: random.Random) -> Tensor:
        count, size_px = self._config["painted"], self._config["crop_px"]
        while len(self._images) < count:
            self._images.append(torch.empty(0))
            self._momentum.append(torch.empty(0))
            self._styles.append(torch.empty(0))
            self._ages.append(10**9)
        for index in range(count):
            if self._ages[index] >= self._config["painted_lifetime"] * (0.5 + rng.random()):
                self._images[index] = self._start(size_px, rng)
                self._momentum[index] = torch.zeros_like(self._images[index])
                self._styles[index] = crop(rng.choice(self._pictures["painting"]), size_px, rng)
                self._ages[index] = 0
        self._move(student, rng)
        return torch.stack(self._images)

    def _start(self, size_px: int, rng: random.Random) -> Tensor:
        kind = rng.choice(("noise", "photo", "photo", "painting"))
        if kind != "noise":
            return crop(rng.choice(self._pictures[kind]), size_px, rng)
        generator = torch.Generator().manual_seed(rng.getrandbits(32))
        cells = rng.choice((size_px, size_px // 2, size_px // 8))
        noise = torch.rand((1, 3, cells, cells), generator=generator)
        return torch.nn.functional.interpolate(noise, size=(size_px, size_px), mode="bilinear")[0]

    def _move(self, student: VggEncoder, rng: random.Random) -> None:
        images = torch.stack(self._images).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            own = student(images, STYLE_LAYERS)
            with torch.no_grad():
                wanted = student(torch.stack(self._styles), STYLE_LAYERS)
        loss = torch.zeros(())
        for layer in STYLE_LAYERS:
            target = correlations(wanted[layer], wanted[layer])
            given = correlations(own[layer], own[layer])
            loss = loss + rng.uniform(0.2, 1.0) * ((given - target).square().sum((1, 2)) / target.square().sum((1, 2))).sum()
        (gradient,) = torch.autograd.grad(loss, images)
        # Like Adam's first steps: every pixel moves by about the rate, whatever the gradient's size.
        scale = gradient.abs().mean((1, 2, 3), keepdim=True) + 1e-12
        step = torch.tanh(gradient / scale)
        for index in range(len(self._images)):
            self._momentum[index] = 0.7 * self._momentum[index] + 0.3 * step[index]
            rate = self._config["painted_rate"] * rng.uniform(0.5, 2.0)
            self._images[index] = (self._images[index] - rate * self._momentum[index]).clamp(0, 1)
            self._ages[index] += 1


def learning_rate(step: int, config: dict[str, Any]) -> float:
    decay_start = config["decay_from"] * config["steps"]
    decay = 1.0 if step < decay_start else (config["steps"] - step) / (config["steps"] - decay_start)
    return config["learning_rate"] * min(1.0, (step + 1) / 100) * decay


def train(config: dict[str, Any], data: Path, teachers: Path, run: Path) -> None:
    run.mkdir(parents=True, exist_ok=True)
    if not (run / "manifest.txt").exists():
        (run / "manifest.txt").write_text(manifest(data))
    torch.manual_seed(config["seed"])
    pictures, _ = find(data, config["held_out_share"])
    teacher = Teacher(teachers)
    student = VggEncoder(COMPACT).to(memory_format=torch.channels_last)
    rng = random.Random(config["seed"])
    first = torch.stack([crop(rng.choice(pictures[kind]), config["crop_px"], rng) for kind in ("photo", "painting") * 16])
    scales = calibrate(student, teacher, first)
    average = {name: value.clone() for name, value in student.state_dict().items()}
    optimizer = torch.optim.AdamW(student.parameters(), lr=config["learning_rate"], betas=(0.9, 0.99), weight_decay=config["weight_decay"])
    step = 0
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(state["student"])
        optimizer.load_state_dict(state["optimizer"])
        average, step = state["average"], state["step"]
    crops = Crops(pictures, count=config["crops"], size_px=config["crop_px"], seed=config["seed"], first_step=step)
    painted = Painted(pictures, config)
    weights = config["layer_weights"]
    with (run / "log.jsonl").open("a") as log:
        while step < config["steps"]:
            started = time.perf_counter()
            rng = random.Random(f"{config['seed']}-painted-{step}")
            images = crops.next()
            if step >= config["painted_from_step"]:
                images = torch.cat((images, painted.batch(student, rng)))
            features, grams = errors(student, student_features(student, images), teacher(images), scales)
            loss = torch.stack([weights[layer] * error for layer, error in features.items()]).sum()
            loss = loss + config["gram_weight"] * torch.stack([weights[layer] * error for layer, error in grams.items()]).sum()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, config)
            optimizer.zero_grad()
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(student.parameters(), 5.0)
            if not torch.isfinite(norm):
                raise FloatingPointError(f"step {step}: the gradient is not finite; lower learning_rate")
            optimizer.step()
            step += 1
            # An average over the last few hundred updates: smoother than any one of them.
            share = min(0.998, step / (step + 10))
            for name, value in student.state_dict().items():
                average[name].lerp_(value, 1 - share)
            if step % 10 == 0:
                row = {"step": step, "loss": loss.item(), "seconds": round(time.perf_counter() - started, 3)}
                row |= {layer: round(error.item(), 4) for layer, error in features.items()}
                row |= {f"gram {layer}": round(error.item(), 4) for layer, error in grams.items()}
                log.write(json.dumps(row) + "\n")
                log.flush()
            if step % config["checkpoint_every"] == 0 or step == config["steps"]:
                state = {"student": student.state_dict(), "optimizer": optimizer.state_dict(), "average": average, "step": step}
                torch.save(state, run / "checkpoint.tmp")
                (run / "checkpoint.tmp").replace(checkpoint)
                export(run / "compact.safetensors", average, scales, config=config, step=step)


def export(path: Path, state: dict[str, Tensor], scales: dict[str, float], *, config: dict[str, Any], step: int) -> None:
    """Write the averaged weights in float16 with the record of where they come from."""
    manifest_hash = hashlib.sha256((path.parent / "manifest.txt").read_bytes()).hexdigest()
    record = {
        "encoder": "compact",
        "distilled_from": "VGG-19 (Simonyan and Zisserman 2014, CC BY 4.0, normalized) to relu3_1; "
        "16x-compressed VGG-19 (Wang et al., Collaborative Distillation, CVPR 2020, MIT) for relu4_1, relu4_2, relu5_1",
        "script": "tools/distillation/distill.py",
        "config": json.dumps(config),
        "step": str(step),
        "data_manifest_sha256": manifest_hash,
        "licence": "Apache-2.0; see NOTICE",
    }
    # Readouts were trained towards the teacher's layers at a mean square of one; the scale goes back into their weights.
    restored = {name: value / scales[name.split("_readout")[0]] if "_readout" in name else value for name, value in state.items()}
    save_file({name: value.half().contiguous() for name, value in restored.items()}, path, metadata=record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("compact.toml"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teachers", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    arguments = parser.parse_args()
    train(tomllib.loads(arguments.config.read_text()), arguments.data, arguments.teachers, arguments.run)


if __name__ == "__main__":
    main()
