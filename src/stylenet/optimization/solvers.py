"""Resumable solvers that recover from NaN and infinite losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from stylenet.catalog.recipe import SolverSection
from stylenet.errors import NumericalError
from stylenet.extras import require
from stylenet.notices import CodedNotice
from stylenet.optimization.adam import Adam

Evaluate = Callable[[Tensor], tuple[Mapping[str, float], Tensor]]
"""Function from a picture in the recipe's units to its weighted losses and the gradient of their sum."""

Clip = tuple[float, float] | None

_MAX_FINAL_RATIO = 2.0
"""L-BFGS without a line search may diverge: if the final loss exceeds the lowest one by this factor, the best picture is returned."""

_MAX_UNDONE = 8
"""Number of times the step size is halved before giving up: it is then 256 times smaller."""

_MAX_DIVERGED = 10
"""Consecutive losses above 1000 times the best one before L-BFGS restarts: without a line search it may overshoot, but often recovers."""


@dataclass(frozen=True)
class SolverStep:
    """One step or evaluation: the weighted terms, the current result, and a notice for the user."""

    terms: Mapping[str, float]
    result: Callable[[], Tensor]
    notice: str = ""

    @property
    def loss(self) -> float:
        """Sum of all terms."""
        return sum(self.terms.values())


class Solver(Protocol):
    """Interface of the solvers.

    Attributes:
        done: Number of completed steps or rounds.
    """

    done: int

    def advance(self, evaluate: Evaluate) -> Iterator[SolverStep]:
        """Take one step, or one round of several evaluations.

        Raises:
            NumericalError: the loss is not finite even with smaller steps.
        """

    def state(self) -> dict[str, Tensor]:
        """The complete state of the solver between two steps."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Restore a result of `state`."""


class AdamSolver:
    """Adam with cosine decay of the step size. After a step to a non-finite loss, it is undone and the step size halved.

    Args:
        adam: Optimizer that holds the picture.
        steps: Number of steps of the level, for the decay of the step size.
        clip: Range to clip values to.
    """

    def __init__(self, adam: Adam, *, steps: int, clip: Clip) -> None:
        self.adam, self._steps, self._clip = adam, steps, clip
        self.done = 0
        self._step_factor = 1.0

    def advance(self, evaluate: Evaluate) -> Iterator[SolverStep]:
        """One step; see `Solver`."""
        adam = self.adam
        notice: str = ""
        values, gradient = evaluate(adam.image)
        for undone in range(1, _MAX_UNDONE + 2):
            if _is_finite(values) and bool(torch.isfinite(gradient).all()):
                break
            if undone > _MAX_UNDONE:
                raise NumericalError(
                    f"the loss is {sum(values.values())} even after the step was halved {_MAX_UNDONE} times; lower solver.learning_rate "
                    f"(now {adam.section.learning_rate}) or the weights"
                )
            adam.undo()
            self._step_factor /= 2
            message = f"step {self.done + 1}: the loss was not finite; undid the last step and halved the step size"
            notice = CodedNotice(message, "step-undone", step=self.done + 1)
            values, gradient = evaluate(adam.image)
        adam.step(gradient, _cosine(adam.section.final_rate, self.done / self._steps) * self._step_factor)
        if self._clip is not None:
            adam.image.clamp_(*self._clip)
        adam.update_average()
        self.done += 1
        yield SolverStep(values, lambda: adam.result, notice)

    def state(self) -> dict[str, Tensor]:
        """See `Solver`."""
        return {**self.adam.state(), "solver": torch.tensor([self.done, self._step_factor], dtype=torch.float64)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Solver`."""
        self.adam.restore(state)
        done, self._step_factor = state["solver"].tolist()
        self.done = int(done)


class LbfgsSolver:
    """torch's L-BFGS without a line search, one evaluation per step, as in the PyTorch ports of neural style.

    If the loss is not finite or does not recover from overshooting, the solver restarts from the best picture so far with half the step
    size.
    """

    def __init__(self, image: Tensor, section: SolverSection, *, steps: int, clip: Clip) -> None:
        self._image, self._section, self._steps, self._clip = image.requires_grad_(), section, steps, clip
        self._best, self._best_loss = image.detach().clone(), math.inf
        self.done = self._diverged = 0
        self._rate = min(1.0, section.learning_rate)
        self._solver = self._new_solver()

    def advance(self, evaluate: Evaluate) -> Iterator[SolverStep]:
        """One evaluation; see `Solver`."""
        image = self._image
        values: dict[str, float] = {}
        pictures: list[Tensor] = []

        def closure() -> Tensor:
            if self._clip is not None:
                with torch.no_grad():
                    image.clamp_(*self._clip)
            numbers, gradient = evaluate(image.detach())
            values.update(numbers)
            pictures.append(image.detach().clone())  # the picture with this loss; the step changes it
            image.grad = gradient.contiguous()  # the encoder returns channels_last memory
            return torch.tensor(sum(numbers.values()), dtype=image.dtype)

        self._solver.step(closure)
        self.done += 1
        loss = sum(values.values())
        if _is_finite(values) and loss <= self._best_loss:
            self._best_loss, self._best = loss, pictures[-1]
        self._diverged = self._diverged + 1 if loss > 1e3 * max(abs(self._best_loss), 1e-20) else 0
        if not _is_finite(values) or not bool(torch.isfinite(image).all()) or self._diverged == _MAX_DIVERGED:
            yield self._restart()
        elif self.done == self._steps and loss > _MAX_FINAL_RATIO * self._best_loss:
            message = (
                f"L-BFGS ended at a loss of {loss:.4g}, far above its lowest, {self._best_loss:.4g}; using the picture with the lowest"
            )
            yield SolverStep(values, self._best.clone, CodedNotice(message, "best-used"))
        else:
            yield SolverStep(values, self._clipped)

    def _restart(self) -> SolverStep:
        with torch.no_grad():
            self._image.copy_(self._best)
        self._diverged, self._rate = 0, self._rate / 2
        if self._rate < 1e-3:
            raise NumericalError(f"L-BFGS diverged even with a step size of {self._rate:.3g}; use `--set solver.name=adam`")
        self._solver = self._new_solver()
        message = f"evaluation {self.done}: L-BFGS diverged; restarted from the best picture with a step size of {self._rate:g}"
        return SolverStep({"loss": self._best_loss}, self._best.clone, CodedNotice(message, "solver-restarted", step=self.done))

    def _new_solver(self) -> torch.optim.LBFGS:
        return torch.optim.LBFGS(
            [self._image],
            lr=self._rate,
            max_iter=1,
            max_eval=1,
            history_size=self._section.history,
            tolerance_grad=0,
            tolerance_change=0,
        )

    def _clipped(self) -> Tensor:
        image = self._image.detach().clone()
        return image if self._clip is None else image.clamp_(*self._clip)

    def state(self) -> dict[str, Tensor]:
        """See `Solver`."""
        numbers = torch.tensor([self.done, self._rate, self._best_loss, self._diverged], dtype=torch.float64)
        state = {"image": self._image.detach(), "best": self._best, "numbers": numbers}
        for name, value in self._solver.state[self._image].items():
            if name == "al":
                continue  # recomputed in every step
            # Lists of tensors (differences of pictures and of gradients) and scalars; None if not used yet.
            values = value if isinstance(value, list) else [value]
            for index, one in enumerate(values):
                if one is not None:
                    part = one if isinstance(one, Tensor) else torch.tensor(one, dtype=torch.float64)
                    state[f"lbfgs.{name}.{index if isinstance(value, list) else _SINGLE}"] = part
        return state

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Solver`."""
        with torch.no_grad():
            self._image.copy_(state["image"])
        self._best = state["best"].to(self._image)
        done, self._rate, self._best_loss, diverged = state["numbers"].tolist()
        self.done, self._diverged = int(done), int(diverged)
        self._solver = self._new_solver()
        memory = self._solver.state[self._image]
        entries = [(key.split(".")[1], int(key.split(".")[2]), value) for key, value in state.items() if key.startswith("lbfgs.")]
        for name, index, value in sorted(entries, key=lambda entry: entry[1]):
            entry_value = value.item() if value.dtype == torch.float64 and value.ndim == 0 else value.to(self._image.device)
            if index == _SINGLE:
                memory[name] = int(entry_value) if name in ("n_iter", "func_evals") else entry_value
            else:
                memory.setdefault(name, []).append(entry_value)
        if memory:
            memory["al"] = [None] * self._section.history
            for empty in ("old_dirs", "old_stps", "ro"):
                memory.setdefault(empty, [])


_SINGLE = -1
"""Index for values that are not lists."""


class ScipySolver:
    """Rounds of SciPy's L-BFGS-B, each of at most `evaluations_per_round` evaluations of loss and gradient.

    Each round starts a new solver from the previous result, as in the Keras example. SciPy counts evaluations, not iterations, and may
    exceed the limit to finish a line search. The evaluations of a round are yielded at its end.
    """

    def __init__(self, image: Tensor, section: SolverSection) -> None:
        self._image, self._section = image, section
        self._position = image.detach().double().cpu().numpy().ravel()
        self.done = 0

    def advance(self, evaluate: Evaluate) -> Iterator[SolverStep]:
        """One round; see `Solver`."""
        fmin_l_bfgs_b = require("scipy", "the solver scipy-lbfgs").optimize.fmin_l_bfgs_b

        evaluations: list[Mapping[str, float]] = []

        def evaluated(values: np.ndarray) -> tuple[float, np.ndarray]:
            numbers, gradient = evaluate(torch.from_numpy(values).to(self._image).view(self._image.shape))
            if not _is_finite(numbers):
                raise NumericalError("the loss is NaN; lower the weights or use `--set solver.name=adam`")
            evaluations.append(numbers)
            return sum(numbers.values()), gradient.double().cpu().numpy().ravel()

        section = self._section
        self._position, _, report = fmin_l_bfgs_b(evaluated, self._position, maxfun=section.evaluations_per_round, m=section.history)
        self._image.copy_(torch.from_numpy(self._position).view(self._image.shape))
        self.done += 1
        result = self._image.clone()
        for numbers in evaluations[:-1]:
            yield SolverStep(numbers, result.clone)
        early = f"SciPy's L-BFGS ended the round early: {report['task']}" if report["warnflag"] == 2 else ""
        yield SolverStep(evaluations[-1], result.clone, early)

    def state(self) -> dict[str, Tensor]:
        """See `Solver`."""
        return {"position": torch.from_numpy(self._position), "done": torch.tensor(self.done)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Solver`."""
        self._position = state["position"].numpy()
        self._image.copy_(state["position"].view(self._image.shape))
        self.done = int(state["done"])


def _is_finite(values: Mapping[str, float]) -> bool:
    return bool(np.isfinite(list(values.values())).all())


def _cosine(last: float, progress: float) -> float:
    return last + (1 - last) * 0.5 * (1 + float(np.cos(np.pi * progress)))
