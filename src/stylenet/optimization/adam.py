"""Adam for a single picture: in place, with an average of the iterates, resizable state and undo."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.recipe import SolverSection

_STRIP_ROWS = 1024
"""Rows processed at a time, which limits the memory for square roots."""


class Adam:
    """Adam (Kingma, Ba 2015, algorithm 1) for a single tensor.

    Args:
        image: Shape (1, 3, H, W); changed in place by `step`.
        section: Step size, decay rates and epsilon. `epsilon_form` "hat" adds epsilon before bias correction, like TensorFlow and Keras;
            with the TensorFlow tutorial's epsilon of 0.1, the difference is large.
        previous: Optimizer of a coarser level to continue from.
    """

    def __init__(self, image: Tensor, section: SolverSection, previous: Adam | None = None) -> None:
        self.image, self.section = image, section
        self.count = 0
        self.gradient = torch.zeros_like(image)
        self.square = torch.zeros_like(image)
        if previous is not None:
            size = image.shape[2:]
            # The gradient of a mean over four times the pixels is a quarter per pixel.
            shrink = previous.image.numel() / image.numel()
            self.gradient = functional.interpolate(previous.gradient, size=size, mode="bilinear").mul_(shrink)
            self.square = functional.interpolate(previous.square, size=size, mode="bilinear").mul_(shrink**2)
            self.count = previous.count
        self._last_rate = 0.0
        self._average = torch.zeros_like(image) if section.average else image
        self._average_weight = 0.0

    def step(self, gradient: Tensor, rate_factor: float = 1.0) -> None:
        """Take one step with `gradient`."""
        section = self.section
        self.count += 1
        self.gradient.lerp_(gradient, 1 - section.beta1)
        self.square.mul_(section.beta2).addcmul_(gradient, gradient, value=1 - section.beta2)
        self._last_rate = section.learning_rate * rate_factor
        self._move(self._last_rate)

    def undo(self) -> None:
        """Undo the last step up to rounding; the moments are not restored. Only one step can be undone."""
        # Recomputed, since a copy of the picture in every step would be expensive for a rare case.
        if self._last_rate:
            self._move(-self._last_rate)
        self._last_rate = 0.0

    def _move(self, rate: float) -> None:
        section = self.section
        first, second = 1 - section.beta1**self.count, (1 - section.beta2**self.count) ** 0.5
        strips = zip(*(tensor.split(_STRIP_ROWS, dim=2) for tensor in (self.image, self.gradient, self.square)), strict=True)
        for image, gradient, square in strips:
            denominator = square.sqrt()
            if section.epsilon_form == "hat":
                denominator.add_(section.epsilon)
                image.addcdiv_(gradient, denominator, value=-rate * second / first)
            else:
                denominator.div_(second).add_(section.epsilon)
                image.addcdiv_(gradient, denominator, value=-rate / first)

    def update_average(self) -> None:
        """Add the current picture to the average."""
        decay = self.section.average
        if decay:
            self._average.lerp_(self.image, 1 - decay)
            self._average_weight += (1 - decay) * (1 - self._average_weight)

    @property
    def result(self) -> Tensor:
        """A copy of the average of the iterates if the recipe uses it, else of the last iterate."""
        if self._average_weight == 0.0:
            return self.image.clone()
        return self._average / self._average_weight

    def state(self) -> dict[str, Tensor]:
        """The complete state of the optimizer."""
        numbers = torch.tensor([self.count, self._last_rate, self._average_weight], dtype=torch.float64)
        tensors = {"image": self.image, "gradient": self.gradient, "square": self.square, "numbers": numbers}
        return {**tensors, "average": self._average} if self.section.average else tensors

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Restore a result of `state` for a picture of the same size."""
        for name in ("image", "gradient", "square"):
            getattr(self, name).copy_(state[name])
        count, self._last_rate, self._average_weight = state["numbers"].tolist()
        self.count = int(count)
        if self.section.average:
            self._average.copy_(state["average"])
