"""Solvers on functions with known minima, and on functions with non-finite values."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import pytest
import torch
from torch import Tensor

from stylenet.catalog.recipe import SolverSection
from stylenet.errors import NumericalError
from stylenet.optimization.adam import Adam
from stylenet.optimization.solvers import AdamSolver, Evaluate, LbfgsSolver, ScipySolver, Solver, SolverStep

Terms = Callable[[Tensor], Mapping[str, Tensor]]

GOAL = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
STRETCH = torch.linspace(1, 30, 60).view(1, 3, 4, 5)


def quadratic(image: Tensor) -> Mapping[str, Tensor]:
    return {"bowl": (STRETCH * (image - GOAL).square()).sum()}


def start() -> Tensor:
    return torch.zeros(1, 3, 4, 5)


class Spoiled:
    """A quadratic function whose value is NaN at some calls."""

    def __init__(self, *spoiled: int, always: bool = False, value: float = float("nan")) -> None:
        self.calls, self.spoiled, self.always, self.value = 0, spoiled, always, value

    def __call__(self, image: Tensor) -> Mapping[str, Tensor]:
        self.calls += 1
        bad = self.always or self.calls in self.spoiled
        return {"bowl": (image - GOAL).square().sum() * (self.value if bad else 1.0)}


def evaluated(terms: Terms) -> Evaluate:
    def evaluate(image: Tensor) -> tuple[Mapping[str, float], Tensor]:
        image = image.detach().requires_grad_()
        values = terms(image)
        (gradient,) = torch.autograd.grad(torch.stack(list(values.values())).sum(), image)
        return {name: value.item() for name, value in values.items()}, gradient

    return evaluate


def adam_steps(adam: Adam, terms: Terms, *, steps: int, clip: tuple[float, float] | None) -> Iterator[SolverStep]:
    return advanced(AdamSolver(adam, steps=steps, clip=clip), terms, steps)


def lbfgs_steps(
    image: Tensor, section: SolverSection, terms: Terms, *, steps: int, clip: tuple[float, float] | None
) -> Iterator[SolverStep]:
    return advanced(LbfgsSolver(image, section, steps=steps, clip=clip), terms, steps)


def scipy_lbfgs_rounds(image: Tensor, section: SolverSection, terms: Terms, *, rounds: int) -> Iterator[SolverStep]:
    return advanced(ScipySolver(image, section), terms, rounds)


def advanced(solver: Solver, terms: Terms, times: int) -> Iterator[SolverStep]:
    for _ in range(times):
        yield from solver.advance(evaluated(terms))


def drained(steps: Iterator[SolverStep]) -> list[SolverStep]:
    return list(steps)


def test_adam_finds_the_bottom() -> None:
    adam = Adam(start(), SolverSection(learning_rate=0.05, final_rate=0.01))
    moved = drained(adam_steps(adam, quadratic, steps=200, clip=None))
    assert len(moved) == 200
    torch.testing.assert_close(adam.image, GOAL, atol=5e-3, rtol=0)
    assert moved[-1].loss < 1e-3 * moved[0].loss


def test_clipping_keeps_the_range() -> None:
    adam = Adam(start(), SolverSection(learning_rate=5.0))
    for moved in adam_steps(adam, quadratic, steps=5, clip=(0.0, 1.0)):
        assert 0 <= moved.result().min() <= moved.result().max() <= 1


SOLVERS: list[Callable[[], Solver]] = [
    lambda: AdamSolver(Adam(start(), SolverSection(final_rate=0.1, average=0.9)), steps=9, clip=(0.0, 1.0)),
    lambda: LbfgsSolver(start(), SolverSection(name="lbfgs", learning_rate=0.5, history=3), steps=9, clip=None),
    lambda: ScipySolver(start(), SolverSection(name="scipy-lbfgs", evaluations_per_round=3)),
]


@pytest.mark.parametrize("make", SOLVERS)
@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_a_solver_that_is_restored_goes_on_to_the_byte(make: Callable[[], Solver], before: int) -> None:
    evaluate = evaluated(quadratic)
    whole, stopped, again = make(), make(), make()
    for _ in range(before):
        drained(stopped.advance(evaluate))
    state = {name: value.clone() for name, value in stopped.state().items()}
    again.restore(state)
    assert again.done == before
    for _ in range(9 - before):
        last = drained(again.advance(evaluate))[-1]
    for _ in range(9):
        expected = drained(whole.advance(evaluate))[-1]
    assert last.terms == expected.terms
    torch.testing.assert_close(last.result(), expected.result(), rtol=0, atol=0)


def test_the_step_size_is_halved_after_a_step_that_was_undone() -> None:
    calls = itertools.count(1)

    def slope(image: Tensor) -> Mapping[str, Tensor]:
        return {"slope": image.sum() * (float("nan") if next(calls) == 3 else 1.0)}  # Adam's steps are all one rate long

    heights = [
        moved.result().mean().item() for moved in adam_steps(Adam(start(), SolverSection(learning_rate=0.1)), slope, steps=5, clip=None)
    ]
    assert heights == pytest.approx([-0.1, -0.2, -0.15, -0.2, -0.25], rel=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_undoes_the_step_and_tells(value: float) -> None:
    adam = Adam(start(), SolverSection(learning_rate=0.05))
    moved = drained(adam_steps(adam, Spoiled(4, value=value), steps=8, clip=None))
    assert len(moved) == 8
    assert [index for index, one in enumerate(moved) if one.notice] == [3]
    assert moved[3].notice == "step 4: the loss was not finite; undid the last step and halved the step size"
    assert moved[3].loss == pytest.approx(moved[2].loss, rel=1e-5), "the step before was taken back"
    assert torch.isfinite(adam.image).all()
    assert moved[-1].loss < moved[0].loss


def test_a_gradient_that_is_no_number_counts_too() -> None:
    def kink(image: Tensor) -> Mapping[str, Tensor]:
        return {"root": image.sqrt().sum()}  # finite at 0, its slope is not

    with pytest.raises(NumericalError, match=r"lower solver\.learning_rate \(now 0\.03\)"):
        drained(adam_steps(Adam(start(), SolverSection()), kink, steps=3, clip=None))


def test_never_a_number_ends_in_an_error() -> None:
    spoiled = Spoiled(always=True)
    with pytest.raises(NumericalError, match=r"the loss is nan even after the step was halved 8 times; lower solver\.learning_rate"):
        drained(adam_steps(Adam(start(), SolverSection()), spoiled, steps=100, clip=None))
    assert spoiled.calls == 9


def test_lbfgs_solves_a_quadratic_in_few_evaluations() -> None:
    image = start()
    moved = drained(lbfgs_steps(image, SolverSection(name="lbfgs", learning_rate=1.0), quadratic, steps=60, clip=None))
    assert len(moved) == 60
    torch.testing.assert_close(moved[-1].result(), GOAL, atol=1e-3, rtol=0)


def test_lbfgs_is_torchs_own_with_twenty_evaluations_a_step() -> None:
    """The ports call torch's solver with its defaults; one evaluation at a time must give the same iterates."""
    image = start().requires_grad_()
    solver, expected = torch.optim.LBFGS([image], tolerance_grad=0, tolerance_change=0), []

    def closure() -> Tensor:
        solver.zero_grad()
        loss = quadratic(image)["bowl"]
        loss.backward()
        expected.append(loss.item())
        return loss

    for _ in range(2):
        solver.step(closure)
    section = SolverSection(name="lbfgs", learning_rate=1.0, history=100)
    given = [moved.loss for moved in lbfgs_steps(start(), section, quadratic, steps=40, clip=None)]
    assert len(expected) == 40
    assert given[:15] == pytest.approx(expected[:15], rel=1e-4)
    assert given[-1] == pytest.approx(0, abs=1e-3)


def test_lbfgs_takes_gradients_in_any_memory_format() -> None:
    def channels_last(image: Tensor) -> Mapping[str, Tensor]:
        rows = image.permute(0, 2, 3, 1).contiguous()  # as the encoder reads it; the gradient comes back with these strides
        return {"bowl": (rows - GOAL.permute(0, 2, 3, 1)).square().sum()}

    assert not evaluated(channels_last)(start())[1].is_contiguous()
    assert len(drained(lbfgs_steps(start(), SolverSection(learning_rate=1.0), channels_last, steps=3, clip=None))) == 3


def test_lbfgs_that_explodes_starts_again_with_half_the_step() -> None:
    moved = drained(lbfgs_steps(start(), SolverSection(learning_rate=1.0), Spoiled(5), steps=40, clip=None))
    notices = [one.notice for one in moved if one.notice]
    assert notices == ["evaluation 5: L-BFGS diverged; restarted from the best picture with a step size of 0.5"]
    assert len(moved) == 40
    torch.testing.assert_close(moved[-1].result(), GOAL, atol=1e-2, rtol=0)


class Wild:
    """A quadratic that is `times` as high at some evaluations: as if the solver had overshot."""

    def __init__(self, *calls: int, times: float) -> None:
        self.wild, self.times, self.calls, self.losses = calls, times, 0, [float("nan")]

    def __call__(self, image: Tensor) -> Mapping[str, Tensor]:
        self.calls += 1
        loss = (image - GOAL).square().sum() + (self.times if self.calls in self.wild else 0.0)
        self.losses.append(loss.item())
        return {"bowl": loss}


def test_lbfgs_comes_back_from_a_single_wild_step() -> None:
    moved = drained(lbfgs_steps(start(), SolverSection(learning_rate=0.3), Wild(4, times=1e6), steps=20, clip=None))
    assert not [one for one in moved if one.notice]
    torch.testing.assert_close(moved[-1].result(), GOAL, atol=1e-2, rtol=0)


def test_lbfgs_that_stays_wild_gets_its_best_picture_back() -> None:
    """The best picture is the one whose loss was the lowest, and not the one a step later."""
    terms = Wild(*range(4, 14), times=1e6)
    restarts = [
        (moved.loss, moved.result())
        for moved in lbfgs_steps(start(), SolverSection(learning_rate=0.1), terms, steps=16, clip=None)
        if moved.notice
    ]
    ((loss, picture),) = restarts
    assert loss == pytest.approx(min(terms.losses[1:4]))
    assert (picture - GOAL).square().sum().item() == pytest.approx(loss, rel=1e-5)


def test_lbfgs_that_never_is_a_number_ends_in_an_error() -> None:
    with pytest.raises(NumericalError, match=r"use `--set solver\.name=adam`"):
        drained(lbfgs_steps(start(), SolverSection(learning_rate=1.0), Spoiled(always=True), steps=100, clip=None))


def test_lbfgs_stays_in_its_range() -> None:
    goal_outside = {"bowl": 2.0}
    moved = drained(
        lbfgs_steps(
            start(),
            SolverSection(learning_rate=1.0),
            lambda image: {"bowl": (image - goal_outside["bowl"]).square().sum()},
            steps=10,
            clip=(0.0, 1.0),
        )
    )
    assert moved[-1].result().max() <= 1


def test_scipy_counts_evaluations_as_scipy_does() -> None:
    import numpy as np
    from scipy.optimize import fmin_l_bfgs_b

    calls: list[int] = []

    def evaluate(values: np.ndarray) -> tuple[float, np.ndarray]:
        numbers, gradient = evaluated(quadratic)(torch.from_numpy(values).float().view(1, 3, 4, 5))
        calls[-1] += 1
        return sum(numbers.values()), gradient.double().numpy().ravel()

    position, losses = start().double().numpy().ravel(), []
    for _ in range(3):
        calls.append(0)
        position, loss, _ = fmin_l_bfgs_b(evaluate, position, maxfun=7, m=10)
        losses.append(loss)

    section = SolverSection(name="scipy-lbfgs", history=10, evaluations_per_round=7)
    image = start()
    moved = drained(scipy_lbfgs_rounds(image, section, quadratic, rounds=3))
    assert len(moved) == sum(calls)
    assert 21 <= len(moved) <= 21 + 3 * 20
    assert min(one.loss for one in moved[: calls[0]]) == pytest.approx(losses[0], rel=1e-6)
    np.testing.assert_allclose(image.numpy().ravel(), position, atol=1e-6)


def test_scipy_rejects_what_is_no_number() -> None:
    with pytest.raises(NumericalError, match="the loss is NaN; lower the weights"):
        drained(scipy_lbfgs_rounds(start(), SolverSection(name="scipy-lbfgs"), Spoiled(3), rounds=2))


def test_lbfgs_that_wandered_off_gives_its_best_picture() -> None:
    """The curvature turns with every evaluation, so that the last picture is far from the lowest loss."""
    seen: list[float] = []

    def terms(image: torch.Tensor) -> dict[str, torch.Tensor]:
        factor = 1.0 if len(seen) < 3 else 50.0
        loss = factor * (image - 0.3 * len(seen)).square().sum()
        seen.append(loss.item())
        return {"content": loss}

    section = SolverSection(name="lbfgs", learning_rate=1.0)
    moved = list(lbfgs_steps(torch.zeros(1, 3, 2, 2), section, terms, steps=6, clip=None))
    assert moved[-1].loss > 2 * min(seen)
    assert "far above its lowest" in moved[-1].notice
