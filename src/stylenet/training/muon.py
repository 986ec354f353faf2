"""Muon: momentum whose update is orthogonalized, for matrices; Adam for all other parameters.

Adam scales every weight by itself. Muon replaces the update of a whole matrix by the nearest orthogonal one, so that rare directions of
the gradient, such as those of single styles, are learned as fast as common ones.

References:
    Jordan et al. 2024 (Muon: an optimizer for hidden layers in neural networks); Liu et al. 2025, arXiv 2502.16982 (the scale by which the
    learning rates of Adam apply).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_MIN_ROWS, _MIN_COLUMNS = 16, 32
"""Smallest matrix that is orthogonalized. Below are layers of few channels, depthwise convolutions, biases and knobs."""

_SCALE = 0.2
"""Root mean square of an update relative to the learning rate: about that of Adam."""

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz iteration, by Jordan et al.: singular values end between 0.7 and 1.2, which is enough."""

_ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon for convolutions and linear layers, Adam for the rest, with one learning rate.

    The update consists of tensor operations alone, so that it can be recorded as a CUDA graph; the learning rate is a tensor.

    Args:
        parameters: The parameters.
        rate: Learning rate.
        momentum: Decay rate of Muon's momentum.
        betas: Decay rates of Adam.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], rate: float, *, momentum: float = 0.95, betas: tuple[float, float] = (0.9, 0.99)
    ) -> None:
        every = list(parameters)
        # `capturable`: torch then loads the counters of steps to the device of the parameters.
        settings = {"lr": torch.tensor(rate, device=every[0].device), "capturable": True}
        super().__init__(every, settings)
        self._momentum, self._betas = momentum, betas
        self._others = [parameter for parameter in every if not _is_matrix(parameter)]
        shapes: dict[tuple[int, int], list[nn.Parameter]] = {}
        for parameter in every:
            if _is_matrix(parameter):
                shapes.setdefault((len(parameter), parameter[0].numel()), []).append(parameter)
        self._matrices = list(shapes.values())
        """By shape, to replace many small products by a few large ones."""
        for parameter in every:
            names = ("momentum",) if _is_matrix(parameter) else ("exp_avg", "exp_avg_sq")
            self.state[parameter] = {name: torch.zeros_like(parameter) for name in names}
        for parameter in self._others:
            self.state[parameter]["step"] = torch.zeros((), device=parameter.device)

    def tensors(self) -> list[Tensor]:
        """The state: momenta, and the moments and counters of Adam."""
        return [value for values in self.state.values() for value in values.values()]

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Update the parameters by their gradients."""
        (group,) = self.param_groups
        rate: Tensor = group["lr"]
        for parameters in self._matrices:
            gradients = [_gradient(parameter) for parameter in parameters]
            momenta = [self.state[parameter]["momentum"] for parameter in parameters]
            torch._foreach_lerp_(momenta, gradients, 1 - self._momentum)
            ahead = torch._foreach_lerp(gradients, momenta, self._momentum)
            updates = orthogonalized(torch.stack([each.flatten(1) for each in ahead]))
            updates = updates * (-rate * _SCALE * max(updates.shape[1:]) ** 0.5)
            values: list[Tensor] = [*parameters]
            torch._foreach_add_(values, [update.view_as(parameter) for update, parameter in zip(updates, parameters, strict=True)])
        if self._others:
            self._step_others(rate)

    def _step_others(self, rate: Tensor) -> None:
        """Adam."""
        gradients = [_gradient(parameter) for parameter in self._others]
        means, squares, steps = ([self.state[each][name] for each in self._others] for name in ("exp_avg", "exp_avg_sq", "step"))
        torch._foreach_add_(steps, 1)
        torch._foreach_lerp_(means, gradients, 1 - self._betas[0])
        torch._foreach_lerp_(squares, torch._foreach_mul(gradients, gradients), 1 - self._betas[1])
        for parameter, mean, square, step in zip(self._others, means, squares, steps, strict=True):
            length = (square / (1 - self._betas[1] ** step)).sqrt() + 1e-8
            parameter.sub_(rate * (mean / (1 - self._betas[0] ** step)) / length)


def orthogonalized(matrices: Tensor) -> Tensor:
    """Matrices (N, R, C) with the same singular vectors and singular values of about 1; zero stays zero."""
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.transpose(1, 2) if is_tall else matrices
    x = x / (x.flatten(1).norm(dim=1) + 1e-20)[:, None, None]
    first, second, third = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        product = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(product, product, product, beta=second, alpha=third), x, beta=first)
    return x.transpose(1, 2) if is_tall else x


def _is_matrix(parameter: Tensor) -> bool:
    return parameter.dim() >= 2 and len(parameter) >= _MIN_ROWS and parameter[0].numel() >= _MIN_COLUMNS


def _gradient(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        raise ValueError("every parameter needs a gradient")
    return parameter.grad
