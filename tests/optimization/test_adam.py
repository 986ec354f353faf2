"""Adam compared with torch and with TensorFlow's form in NumPy; undo, average, and warm start."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.catalog.recipe import SolverSection
from stylenet.optimization.adam import Adam


def gradients(count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(1, 3, 4, 5, generator=generator) * 10 ** (index % 5 - 3) for index in range(count)]


START = torch.rand(1, 3, 4, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("section", [SolverSection(), SolverSection(learning_rate=0.02, beta1=0.99, beta2=0.9, epsilon=0.1)])
def test_the_papers_form_is_torchs(section: SolverSection) -> None:
    expected = START.clone().requires_grad_()
    torchs = torch.optim.Adam([expected], lr=section.learning_rate, betas=(section.beta1, section.beta2), eps=section.epsilon)
    ours = Adam(START.clone(), section)
    for gradient in gradients(20):
        expected.grad = gradient
        torchs.step()
        ours.step(gradient)
        torch.testing.assert_close(ours.image, expected.detach(), rtol=1e-5, atol=1e-6)


def tensorflow_adam(start: np.ndarray, steps: list[np.ndarray], section: SolverSection) -> np.ndarray:
    """lr_t = lr sqrt(1 - b2^t) / (1 - b1^t); variable -= lr_t m / (sqrt(v) + epsilon), in float64."""
    x, m, v = start.astype(np.float64), np.zeros_like(start, np.float64), np.zeros_like(start, np.float64)
    for t, gradient in enumerate(steps, start=1):
        m = section.beta1 * m + (1 - section.beta1) * gradient
        v = section.beta2 * v + (1 - section.beta2) * gradient**2
        rate = section.learning_rate * np.sqrt(1 - section.beta2**t) / (1 - section.beta1**t)
        x = x - rate * m / (np.sqrt(v) + section.epsilon)
    return x


@pytest.mark.parametrize("epsilon", [1e-8, 0.1])
def test_the_hat_form_is_tensorflows(epsilon: float) -> None:
    section = SolverSection(learning_rate=0.02, beta1=0.99, epsilon=epsilon, epsilon_form="hat")
    ours = Adam(START.clone(), section)
    for gradient in gradients(20):
        ours.step(gradient)
    expected = tensorflow_adam(START.numpy(), [gradient.double().numpy() for gradient in gradients(20)], section)
    np.testing.assert_allclose(ours.image, expected, rtol=1e-5, atol=1e-6)


def test_with_epsilon_of_the_tutorial_the_two_forms_differ() -> None:
    pictures = []
    for form in ("paper", "hat"):
        ours = Adam(START.clone(), SolverSection(learning_rate=0.02, beta1=0.99, epsilon=0.1, epsilon_form=form))
        for gradient in gradients(5):
            ours.step(gradient)
        pictures.append(ours.image)
    assert (pictures[0] - pictures[1]).abs().max() > 0.01


@pytest.mark.parametrize("form", ["paper", "hat"])
def test_undo_takes_the_picture_one_step_back(form: str) -> None:
    adam = Adam(START.clone(), SolverSection(epsilon_form=form))  # type: ignore[arg-type]
    adam.undo()
    torch.testing.assert_close(adam.image, START, rtol=0, atol=0)
    first, second, _ = gradients(3)
    adam.step(first)
    before = adam.image.clone()
    adam.step(second)
    adam.undo()
    torch.testing.assert_close(adam.image, before, rtol=0, atol=1e-6)
    adam.undo()
    torch.testing.assert_close(adam.image, before, rtol=0, atol=1e-6)


def test_the_average_is_that_of_a_corrected_exponential_mean() -> None:
    """Weights (1 - d) d^k, divided by their sum, as in Adam's bias correction."""
    memory = 0.9
    adam, iterates = Adam(START.clone(), SolverSection(average=memory)), []
    for gradient in gradients(7):
        adam.step(gradient)
        adam.update_average()
        iterates.append(adam.image.clone())
    weights = [memory ** (len(iterates) - 1 - index) for index in range(len(iterates))]
    expected = sum(weight * iterate for weight, iterate in zip(weights, iterates, strict=True)) / sum(weights)
    torch.testing.assert_close(adam.result, expected)


def test_without_an_average_the_result_is_a_copy_of_the_last_iterate() -> None:
    adam = Adam(START.clone(), SolverSection())
    adam.step(gradients(1)[0])
    adam.update_average()
    result = adam.result
    torch.testing.assert_close(result, adam.image)
    adam.step(gradients(1)[0])
    assert not torch.equal(result, adam.image)


def test_a_finer_level_goes_on_with_the_coarser_ones_moments() -> None:
    coarse = Adam(START.clone(), SolverSection())
    for gradient in gradients(30):
        coarse.step(torch.ones_like(gradient))
    fine = Adam(torch.zeros(1, 3, 8, 10), SolverSection(), coarse)
    assert fine.count == coarse.count
    # A quarter of the gradient in each pixel, and its square: the next step is as large as the last one was.
    before = fine.image.clone()
    fine.step(torch.full((1, 3, 8, 10), 0.25))
    torch.testing.assert_close(before - fine.image, torch.full((1, 3, 8, 10), SolverSection().learning_rate), rtol=0.02, atol=0)
