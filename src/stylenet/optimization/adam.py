"""Adam on one picture: in place, with an iterate average, and able to go on at another size or to take a step back."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.recipe import SolverSection


class Adam:
    """Adam (Kingma, Ba 2015, algorithm 1) for a single tensor.

    Args:
        image: Shape (1, 3, H, W); changed in place by `step`.
        section: Step size, memories and epsilon. `epsilon_form` "hat" adds epsilon before the correction of the bias, as TensorFlow
            and Keras do; with epsilon 0.1, as the TensorFlow tutorial has it, the difference is large.
        previous: State of a coarser level to go on with.
    """

    def __init__(self, image: Tensor, section: SolverSection, previous: Adam | None = None) -> None:
        self.image, self.section = image, section
        self.count = 0
        self.gradient = torch.zeros_like(image)
        self.square = torch.zeros_like(image)
        if previous is not None:
            size = image.shape[2:]
            # A mean over four times the pixels has a quarter of the gradient in each.
            shrink = previous.image.numel() / image.numel()
            self.gradient = functional.interpolate(previous.gradient, size=size, mode="bilinear").mul_(shrink)
            self.square = functional.interpolate(previous.square, size=size, mode="bilinear").mul_(shrink**2)
            self.count = previous.count
        self._before = (self.image.clone(), self.gradient.clone(), self.square.clone())
        self._average = torch.zeros_like(image)
        self._average_weight = 0.0

    def step(self, gradient: Tensor, rate_factor: float = 1.0) -> None:
        """Move the picture against `gradient`."""
        section = self.section
        for kept, now in zip(self._before, (self.image, self.gradient, self.square), strict=True):
            kept.copy_(now)
        self.count += 1
        self.gradient.lerp_(gradient, 1 - section.beta1)
        self.square.mul_(section.beta2).addcmul_(gradient, gradient, value=1 - section.beta2)
        rate = section.learning_rate * rate_factor
        first, second = 1 - section.beta1**self.count, (1 - section.beta2**self.count) ** 0.5
        if section.epsilon_form == "hat":
            denominator = self.square.sqrt().add_(section.epsilon)
            self.image.addcdiv_(self.gradient, denominator, value=-rate * second / first)
        else:
            denominator = self.square.sqrt().div_(second).add_(section.epsilon)
            self.image.addcdiv_(self.gradient, denominator, value=-rate / first)

    def undo(self) -> None:
        """Take the last step back."""
        for kept, now in zip(self._before, (self.image, self.gradient, self.square), strict=True):
            now.copy_(kept)
        self.count = max(0, self.count - 1)

    def remember(self) -> None:
        """Let the picture as it is now enter the average."""
        memory = self.section.average
        if memory:
            self._average.lerp_(self.image, 1 - memory)
            self._average_weight += (1 - memory) * (1 - self._average_weight)

    @property
    def result(self) -> Tensor:
        """The average of the iterates where the recipe asks for it, else the last one; a copy."""
        if self._average_weight == 0.0:
            return self.image.clone()
        return self._average / self._average_weight
