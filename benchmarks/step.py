"""Time of a painting step relative to the encoder's forward and backward pass.

    python benchmarks/step.py

Both are measured alternately, at 512 px, for every everyday recipe; the ratio should be below 1.5.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from report import spread, write_result

from stylenet.catalog.recipes import EVERYDAY, load_recipe
from stylenet.encoders.freed_memory import keep_freed_memory
from stylenet.engines.optimizing import OptimizationEngine
from stylenet.optimization.adam import Adam
from stylenet.optimization.objective import Objective, StyleTarget
from stylenet.optimization.solvers import AdamSolver
from stylenet.styles.framing import framed_features

SIZE_PX = 512
ROUNDS = 15


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(name: str) -> dict[str, object]:
    """Seconds of a step and of the encoder alone, and the ratios of pairs."""
    recipe = load_recipe(name)
    encoder = OptimizationEngine(recipe, device="cpu").encoder.fast
    generator = torch.Generator().manual_seed(0)
    photo, painting = torch.rand((2, 1, 3, SIZE_PX, SIZE_PX), generator=generator)
    layers = tuple(recipe.style.layers)
    with torch.no_grad():
        target = StyleTarget(framed_features(encoder, painting, layers, recipe.picture.rim_px, moments_of=layers)[1], 1.0)
    objective = Objective(recipe, encoder, photo, [target])
    solver = AdamSolver(Adam(photo.clone(), recipe.solver), steps=10**6, clip=(0.0, 1.0))
    deepest = max((*layers, *recipe.content.layers), key=encoder.record.layers.index)

    def encoder_alone() -> None:
        image = photo.clone().requires_grad_()
        features = framed_features(encoder, image, [deepest], recipe.picture.rim_px)[0][deepest]
        torch.autograd.grad(features, image, torch.ones_like(features))

    def step() -> None:
        list(solver.advance(objective.evaluate))

    for _ in range(3):
        step()
        encoder_alone()
    pairs = [(timed(step), timed(encoder_alone)) for _ in range(ROUNDS)]
    return {
        "step_seconds": spread([step for step, _ in pairs]),
        "encoder_seconds": spread([alone for _, alone in pairs]),
        "ratio": spread([step / alone for step, alone in pairs]),
    }


if __name__ == "__main__":
    keep_freed_memory()
    write_result("step", {name: measure(name) for name in EVERYDAY})
