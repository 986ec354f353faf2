"""Adam for a single picture: in place, with steps at several scales, an average of the iterates, resizable state and undo."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.recipe import SolverSection

_STRIP_ROWS = 1024
"""Rows processed at a time, which limits the memory for square roots. A multiple of the coarsest scale."""


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
        height, margin = self.image.shape[2], 2 ** (section.scales + 1) if section.scales else 0
        for top in range(0, height, _STRIP_ROWS):
            # The margin covers all rows that the step of this strip depends on.
            above, bottom = min(top, margin), min(top + _STRIP_ROWS, height)
            rows = slice(top - above, bottom + margin)
            image, gradient, denominator = self.image[:, :, top:bottom], self.gradient[:, :, rows], self.square[:, :, rows].sqrt()
            factor = -rate / first
            if section.epsilon_form == "hat":
                denominator.add_(section.epsilon)
                factor *= second
            else:
                denominator.div_(second).add_(section.epsilon)
            if section.scales:
                step = with_coarser_scales(denominator.reciprocal_().mul_(gradient), section.scales)
                image.add_(step[:, :, above : above + bottom - top], alpha=factor)
            else:
                image.addcdiv_(gradient, denominator, value=factor)

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


def with_coarser_scales(values: Tensor, scales: int) -> Tensor:
    """The sum of `values`, shape (1, C, H, W), and their means over blocks of 2, 4, ... 2^`scales` pixels, interpolated linearly.

    As a preconditioner, this is that of Bramble, Pasciak, Xu 1990 (Parallel Multilevel Preconditioners): large strokes and areas of color
    change as fast as single pixels.
    """
    height, width = values.shape[2:]
    if not scales or min(height, width) == 1:
        return values
    coarse = with_coarser_scales(functional.avg_pool2d(values, 2, ceil_mode=True, count_include_pad=False), scales - 1)
    return functional.interpolate(coarse, scale_factor=2, mode="bilinear")[:, :, :height, :width] + values
