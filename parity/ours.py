"""StyleNet's side: the recipe as it ships, through the doors that a person's painting goes through."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import torch
from material import Pictures
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.engines.style_targets import StyleTargets
from stylenet.optimization.adam import Adam
from stylenet.optimization.objective import Objective
from stylenet.optimization.solvers import AdamSolver, LbfgsSolver, ScipySolver, Solver
from stylenet.styles.style import PictureStyle
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights

CPU = torch.device("cpu")


class Ours:
    """A recipe with a framework's weights file, read by our reader; pictures go in and out as in `Reference`."""

    def __init__(self, name: str, weights: Path, pictures: Pictures, *, kind: str | None = None) -> None:
        self.recipe: Recipe = load_recipe(name)
        converted = write_weights(read_weights(weights, kind=kind), weights.with_name(f"{name}.safetensors"))
        self.encoder = open_encoder(self.recipe.encoder, str(converted), device=CPU, dtype=torch.float32).exact
        # The painting's own arithmetic, in float64 where the comparison asks for it: mean and deviation too, from the record.
        precision = _tensor(pictures.photo).dtype
        self.encoder.to(precision)
        for name in ("mean", "std"):
            values = getattr(self.encoder.record.preprocessing, name)
            setattr(self.encoder, name, torch.tensor(values, dtype=precision).view(1, 3, 1, 1))
        converted.unlink()
        photo = _tensor(pictures.photo)
        style = PictureStyle(
            name="painting", pixels=_tensor(pictures.painting).numpy(), encoder=self.encoder, rim_px=self.recipe.picture.rim_px
        )
        size = (photo.shape[3], photo.shape[2])
        targets = StyleTargets(self.recipe, [[(style, 1.0)]], photo_size=size, style_scale=1.0, device=CPU)
        self._objective = Objective(self.recipe, self.encoder, photo, targets(*size))
        self.scale = 255.0 if self.recipe.picture.unit == "bytes" else 1.0
        self._clip = (0.0, self.scale) if self.recipe.picture.clip else None

    @property
    def layers(self) -> tuple[str, ...]:
        """Those that the recipe compares."""
        return tuple(dict.fromkeys((*self.recipe.content.layers, *self.recipe.style.layers)))

    def features(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Of the recipe's layers."""
        return {layer: _array(values) for layer, values in self.encoder(_tensor(picture) / self.scale, self.layers).items()}

    def evaluate(self, picture: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        """The weighted terms, and the gradient of their sum."""
        terms, gradient = self._evaluate(_tensor(picture))
        return terms, _array(gradient)

    def iterates(self, start: np.ndarray, steps: int) -> list[np.ndarray]:
        """The picture after each of the solver's steps."""
        image, section = _tensor(start), self.recipe.solver
        solver: Solver
        if section.name == "adam":
            # The iterates themselves, not their average.
            solver = AdamSolver(Adam(image, msgspec.structs.replace(section, average=0.0)), steps=steps, clip=self._clip)
        else:
            # One step more than is taken: a painting that ends far above its lowest loss would end with that picture, not its last.
            solver = LbfgsSolver(image, section, steps=steps + 1, clip=self._clip)
        return [_array(moved.result()) for _ in range(steps) for moved in solver.advance(self._evaluate)]

    def rounds(self, start: np.ndarray, count: int) -> list[tuple[int, float]]:
        """Evaluations of each round of SciPy's L-BFGS, and the lowest loss in it."""
        solver = ScipySolver(_tensor(start), self.recipe.solver)
        found = []
        for _ in range(count):
            moved = list(solver.advance(self._evaluate))
            found.append((len(moved), min(one.loss for one in moved)))
        return found

    def _evaluate(self, values: Tensor) -> tuple[dict[str, float], Tensor]:
        terms, gradient = self._objective.evaluate(values / self.scale if self.scale != 1.0 else values)
        return terms, gradient / self.scale if self.scale != 1.0 else gradient


def _tensor(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].copy())


def _array(values: Tensor) -> np.ndarray:
    return values.detach()[0].numpy().transpose(1, 2, 0).copy()
