"""Speedup of a step with VGG-19 compared with the plain loop of most projects, and equality of the losses.

    python benchmarks/vgg.py [--curve]

Random weights; Gram matrices at relu1_1 ... relu5_1, content at relu4_2, Adam; 512 x 512. The plain loop uses NCHW in float32, features
from one sequential pass, Gram matrices by flattening and multiplying, mean squared errors, and autograd for all of it. Both are timed
alternately. `--curve` runs 200 steps of each at 256 px and compares the losses. The machine's limit is measured with a matrix product.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import torch
from report import spread, write_result
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.encoders import VGG19
from stylenet.catalog.recipe import Recipe, SolverSection
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.freed_memory import keep_freed_memory
from stylenet.encoders.precision import bfloat16_units
from stylenet.encoders.vgg import VggEncoder
from stylenet.optimization.adam import Adam
from stylenet.optimization.objective import Objective, StyleTarget
from stylenet.optimization.solvers import AdamSolver
from stylenet.styles.framing import framed_features

SIZE_PX, CURVE_PX, CURVE_STEPS, PAIRS = 512, 256, 200, 5
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT = "relu4_2"
STYLE_WEIGHT = 10.0
SOLVER = SolverSection(learning_rate=0.02)


def random_vgg() -> VggEncoder:
    torch.manual_seed(0)
    encoder = VggEncoder(VGG19)
    for parameter in encoder.parameters():
        nn.init.kaiming_normal_(parameter) if parameter.ndim == 4 else nn.init.zeros_(parameter)
    return encoder.requires_grad_(False)


def pictures(side: int) -> tuple[Tensor, Tensor]:
    """A photo and a painting: smooth shapes with grain."""
    generator = torch.Generator().manual_seed(1)
    coarse, grain = torch.rand((2, 3, 12, 12), generator=generator), torch.rand((2, 3, side, side), generator=generator)
    both = 0.7 * functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1) + 0.3 * grain
    return both[:1], both[1:]


class Plain:
    """The usual optimization loop."""

    def __init__(self, encoder: VggEncoder, photo: Tensor, painting: Tensor) -> None:
        self._encoder = encoder
        with torch.no_grad():
            features = self._features(painting)
            self._targets = {layer: self._gram(features[layer]) for layer in STYLE}
            self._content = self._features(photo)[CONTENT]
        self.image = photo.clone().requires_grad_()
        self._optimizer = torch.optim.Adam([self.image], lr=SOLVER.learning_rate)

    def _features(self, image: Tensor) -> dict[str, Tensor]:
        x, found = (image * 255)[:, [2, 1, 0]] - self._encoder.mean, {}
        for name in VGG19.layers[: VGG19.layers.index(STYLE[-1]) + 1]:
            if name.startswith("conv"):
                layer = self._encoder.get_submodule(name)
                x = functional.conv2d(x, layer.weight, layer.bias, padding=1)  # type: ignore[arg-type]
            else:
                x = functional.relu(x) if name.startswith("relu") else functional.max_pool2d(x, 2)
            if name in (*STYLE, CONTENT):
                found[name] = x
        return found

    @staticmethod
    def _gram(features: Tensor) -> Tensor:
        batch, channels, height, width = features.shape
        flat = features.view(batch, channels, height * width)
        return torch.bmm(flat, flat.transpose(1, 2)) / (height * width)

    def step(self) -> float:
        self._optimizer.zero_grad()
        features = self._features(self.image)
        style = [
            functional.mse_loss(self._gram(features[layer]), target) / target.square().mean() for layer, target in self._targets.items()
        ]
        content = functional.mse_loss(features[CONTENT], self._content) / self._content.square().mean()
        loss = content + STYLE_WEIGHT / len(STYLE) * sum(style)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return float(loss)


def ours(encoder: VggEncoder, photo: Tensor, painting: Tensor, dtype: torch.dtype) -> Callable[[], float]:
    recipe: Recipe = load_recipe(
        "standard",
        {
            "encoder.name": "vgg19",
            "style.statistic": "gram",
            "style.balance": "raw",
            "style.weight": str(STYLE_WEIGHT),
            "content.layers": f"{{{CONTENT}=1}}",
            "content.distance": "relative",
            "smoothness.weight": "0",
            "picture.rim_px": "0",
        },
    )
    with torch.no_grad():
        moments = framed_features(encoder, painting, STYLE, 0, moments_of=STYLE)[1]
    fast = VggEncoder(VGG19)
    fast.load_state_dict(encoder.state_dict())
    fast = fast.requires_grad_(False).to(dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    objective = Objective(recipe, fast, photo, [StyleTarget(moments, 1.0)])
    solver = AdamSolver(Adam(photo.clone(), SOLVER), steps=10**9, clip=None)

    def step() -> float:
        (solver_step,) = solver.advance(objective.evaluate)
        return solver_step.loss

    return step


def timed(step: Callable[[], float]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def ceiling(dtype: torch.dtype) -> float:
    """Speed of a matrix product, in TFLOP/s."""
    left, right = (torch.randn(2048, 2048).to(dtype) for _ in range(2))
    times = [timed(lambda: float((left @ right)[0, 0])) for _ in range(6)]
    return 2 * 2048**3 / min(times) / 1e12


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--curve", action="store_true")
    curve = parser.parse_args().curve
    vgg, (photo, painting) = random_vgg(), pictures(SIZE_PX)
    types = {"float32": torch.float32, **({"bfloat16": torch.bfloat16} if bfloat16_units() else {})}
    figures: dict[str, Any] = {"ceiling_tflops": {name: round(ceiling(dtype), 3) for name, dtype in types.items()}}
    plain = Plain(vgg, photo, painting)
    plain_times = [timed(plain.step) for _ in range(PAIRS + 1)][
        1:
    ]  # before the allocator is set to keep freed memory, which is part of our version
    keep_freed_memory()
    for name, dtype in types.items():
        step = ours(vgg, photo, painting, dtype)
        times = [timed(step) for _ in range(PAIRS + 2)][2:]
        figures[name] = {
            "seconds": spread(times),
            "times_faster": spread([other / own for other, own in zip(plain_times, times, strict=True)]),
        }
    figures["plain_seconds"] = spread(plain_times)
    if curve:
        photo, painting = pictures(CURVE_PX)
        plain = Plain(vgg, photo, painting)
        expected = [plain.step() for _ in range(CURVE_STEPS)]
        for name, dtype in types.items():
            step = ours(vgg, photo, painting, dtype)
            given = [step() for _ in range(CURVE_STEPS)]
            differences = [abs(own - other) / other for own, other in zip(given, expected, strict=True)]
            figures[name]["largest_difference_of_losses"] = round(max(differences), 5)
            figures[name]["last_losses"] = [round(given[-1], 5), round(expected[-1], 5)]
    write_result("vgg", figures)
