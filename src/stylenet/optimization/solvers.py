"""Solvers: each moves one picture by one step of its own and says what the loss was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stylenet.catalog.recipe import SolverSection
from stylenet.errors import NumericalError
from stylenet.optimization.adam import Adam

Terms = Callable[[Tensor], Mapping[str, Tensor]]
"""From a picture in the recipe's units to its weighted losses."""

_FAR_ABOVE = 2.0
"""L-BFGS without a line search may wander off; ending with a loss so many times the lowest one is no end to keep."""

_MOST_UNDONE = 8
"""Steps undone in a row before the painting is given up: by then the step is 256 times smaller than it was."""

_MOST_WILD = 10
"""Losses a thousand times the best one in a row before L-BFGS is stopped. Without a line search it may overshoot, and often comes back."""


@dataclass(frozen=True)
class Moved:
    """One step or evaluation: the weighted terms, the picture as the result would be now, and what a person should know."""

    terms: Mapping[str, float]
    result: Callable[[], Tensor]
    notice: str = ""

    @property
    def loss(self) -> float:
        """Sum of all terms."""
        return sum(self.terms.values())


def gradient_of(image: Tensor, terms: Terms) -> tuple[dict[str, float], Tensor]:
    """The terms of a picture as numbers, and the gradient of their sum with respect to it."""
    image = image.detach().requires_grad_()
    values = terms(image)
    (gradient,) = torch.autograd.grad(torch.stack(list(values.values())).sum(), image)
    # One transfer for all terms: on a GPU each would be a wait of its own.
    numbers = torch.stack([value.detach() for value in values.values()]).tolist()
    return dict(zip(values, numbers, strict=True)), gradient


def adam_steps(adam: Adam, terms: Terms, *, steps: int, clip: tuple[float, float] | None, first: int = 0, of: int = 0) -> Iterator[Moved]:
    """`steps` steps of Adam. A step that leaves the range of numbers is undone and the step size halved.

    `first` and `of` place them in a longer run, for the decay of the step size.

    Raises:
        NumericalError: after eight such steps in a row.
    """
    caution, undone = 1.0, 0
    for index in range(first, first + steps):
        decay = _cosine(adam.section.final_rate, index / max(1, of or steps))
        notice = ""
        values, gradient = gradient_of(adam.image, terms)
        while not (_finite(values) and bool(torch.isfinite(gradient).all())):
            undone += 1
            if undone > _MOST_UNDONE:
                raise NumericalError(
                    f"the loss is {sum(values.values())} even after {_MOST_UNDONE} steps were undone; lower solver.learning_rate "
                    f"(now {adam.section.learning_rate}) or the weights"
                )
            adam.undo()
            caution /= 2
            notice = f"step {index + 1}: the loss was not a number; the step was undone and the step size halved"
            values, gradient = gradient_of(adam.image, terms)
        undone = 0
        adam.step(gradient, decay * caution)
        if clip is not None:
            adam.image.clamp_(*clip)
        adam.remember()
        yield Moved(values, lambda: adam.result, notice)


def lbfgs_steps(image: Tensor, section: SolverSection, terms: Terms, *, steps: int, clip: tuple[float, float] | None) -> Iterator[Moved]:
    """`steps` evaluations of torch's L-BFGS without a line search, as the PyTorch ports of neural style run it.

    Where it leaves the range of numbers, or does not come back from a wild step, the best picture so far is put back and the solver starts
    again with half the step.
    """
    image.requires_grad_()
    rate = min(1.0, section.learning_rate)
    at, best, best_loss = image.detach().clone(), image.detach().clone(), float("inf")
    evaluated = wild = 0
    while evaluated < steps:
        solver = torch.optim.LBFGS(
            [image], lr=rate, max_iter=1, max_eval=1, history_size=section.history, tolerance_grad=0, tolerance_change=0
        )
        notice = ""
        while evaluated < steps:
            values: dict[str, float] = {}

            def closure(values: dict[str, float] = values) -> Tensor:
                if clip is not None:
                    with torch.no_grad():
                        image.clamp_(*clip)
                numbers, gradient = gradient_of(image, terms)
                values.update(numbers)
                at.copy_(image.detach())  # the loss is that of this picture; the step moves on from it
                image.grad = gradient.contiguous()  # the encoder hands it back in channels_last memory
                return torch.tensor(sum(numbers.values()), dtype=image.dtype)

            solver.step(closure)
            evaluated += 1
            with torch.no_grad():
                loss = sum(values.values())
                finite = _finite(values) and bool(torch.isfinite(image).all())
                if _finite(values) and loss <= best_loss:
                    best_loss = loss
                    best.copy_(at)
                wild = wild + 1 if loss > 1e3 * max(abs(best_loss), 1e-20) else 0
                if not finite or wild == _MOST_WILD:
                    wild = 0
                    image.copy_(best)
                    break
            if evaluated == steps and loss > _FAR_ABOVE * best_loss:
                yield Moved(
                    values, best.clone, f"L-BFGS ended at a loss of {loss:.4g}, far above its lowest, {best_loss:.4g}; that picture is kept"
                )
                return
            yield Moved(values, lambda: image.detach().clone() if clip is None else image.detach().clamp(*clip), notice)
            notice = ""
        else:
            return
        rate /= 2
        if rate < 1e-3:
            raise NumericalError(f"L-BFGS left the range of numbers even with a step of {rate:.3g}; use `--set solver.name=adam`")
        yield Moved(
            {"loss": best_loss},
            lambda: best.clone(),
            f"evaluation {evaluated}: L-BFGS exploded; the best picture is put back and the step size is {rate:g} now",
        )


def scipy_lbfgs_rounds(image: Tensor, section: SolverSection, terms: Terms, *, rounds: int) -> Iterator[Moved]:
    """Rounds of SciPy's L-BFGS-B, each of at most `evaluations_per_round` evaluations of loss and gradient.

    Every round starts a fresh solver from where the last one ended, as Keras' example does; SciPy counts evaluations, not iterations, and
    may overshoot the count while it finishes a line search. A round's evaluations are yielded when it is done.
    """
    from scipy.optimize import fmin_l_bfgs_b

    shape = image.shape
    position = image.detach().double().cpu().numpy().ravel()
    for _ in range(rounds):
        evaluations: list[Mapping[str, float]] = []

        def evaluate(values: np.ndarray, evaluations: list[Mapping[str, float]] = evaluations) -> tuple[float, np.ndarray]:
            candidate = torch.from_numpy(values).to(image).view(shape)
            numbers, gradient = gradient_of(candidate, terms)
            if not _finite(numbers):
                raise NumericalError("the loss is not a number; lower the weights or use `--set solver.name=adam`")
            evaluations.append(numbers)
            return sum(numbers.values()), gradient.double().cpu().numpy().ravel()

        position, _, report = fmin_l_bfgs_b(evaluate, position, maxfun=section.evaluations_per_round, m=section.history)
        image.copy_(torch.from_numpy(position).to(image).view(shape))
        kept = image.clone()
        moved = [Moved(numbers, kept.clone) for numbers in evaluations]
        if report["warnflag"] == 2:
            message = str(report["task"])
            moved[-1] = Moved(moved[-1].terms, kept.clone, f"SciPy's L-BFGS ended the round early: {message}")
        yield from moved


def _finite(values: Mapping[str, float]) -> bool:
    return bool(np.isfinite(list(values.values())).all())


def _cosine(last: float, progress: float) -> float:
    return last + (1 - last) * 0.5 * (1 + float(np.cos(np.pi * progress)))
