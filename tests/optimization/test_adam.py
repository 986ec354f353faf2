"""Adam compared with torch and with TensorFlow's form in NumPy; undo, average, and warm start."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.catalog.recipe import SolverSection
from stylenet.optimization import adam as adam_module
from stylenet.optimization.adam import Adam, with_coarser_scales


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


@pytest.mark.parametrize("scales", [0, 2])
@pytest.mark.parametrize("form", ["paper", "hat"])
def test_undo_takes_the_picture_one_step_back(form: str, scales: int) -> None:
    adam = Adam(START.clone(), SolverSection(epsilon_form=form, scales=scales))  # type: ignore[arg-type]
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


def interpolated_means(values: np.ndarray, block: int) -> np.ndarray:
    """Means over blocks (those at the end may be smaller), interpolated linearly from one octave to the next."""
    height, width = values.shape
    rows, columns = -(-height // 2), -(-width // 2)
    means = np.array([[values[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in range(columns)] for i in range(rows)])
    if block > 2:
        means = interpolated_means(means, block // 2)
    x, y = ((np.arange(count) + 0.5) / 2 - 0.5 for count in (width, height))  # np.interp repeats the values at both ends
    along_rows = np.array([np.interp(x, np.arange(columns), row) for row in means])
    return np.array([np.interp(y, np.arange(rows), column) for column in along_rows.T]).T


@pytest.mark.parametrize("size", [(16, 8), (13, 22), (9, 7)])
def test_coarser_scales_add_interpolated_means_over_blocks(size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).standard_normal((2, *size))
    expected = np.stack([channel + interpolated_means(channel, 2) + interpolated_means(channel, 4) for channel in values])
    np.testing.assert_allclose(with_coarser_scales(torch.from_numpy(values)[None], 2)[0], expected, rtol=1e-12, atol=1e-12)


def test_with_coarser_scales_a_uniform_step_is_made_at_each_of_them() -> None:
    """Scales beyond a single row or column add nothing."""
    uniform = torch.ones(1, 3, 20, 33)
    for scales, expected in ((0, 1), (1, 2), (3, 4), (9, 6)):  # 20, 10, 5, 3, 2, 1 rows
        torch.testing.assert_close(with_coarser_scales(uniform, scales), expected * uniform)


@pytest.mark.parametrize("height", [128, 200, 217])
def test_coarser_scales_do_not_depend_on_the_strips(height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(2)
    start, pulls = torch.rand(1, 3, height, 50, generator=generator), torch.randn(3, 1, 3, height, 50, generator=generator)
    pictures = []
    for rows in (32, 1024):
        monkeypatch.setattr(adam_module, "_STRIP_ROWS", rows)
        adam = Adam(start.clone(), SolverSection(learning_rate=0.05, scales=4))
        for pull in pulls:
            adam.step(pull)
        pictures.append(adam.image)
    torch.testing.assert_close(pictures[0], pictures[1], rtol=0, atol=1e-6)


def test_coarser_scales_need_fewer_steps_for_large_areas() -> None:
    """A smooth difference under pixel noise: the case in which Adam alone follows the noise."""
    generator = torch.Generator().manual_seed(3)
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    closer = {}
    for scales in (0, 5):
        adam = Adam(torch.zeros(1, 3, 64, 64), SolverSection(learning_rate=0.01, scales=scales))
        for _ in range(12):
            adam.step(adam.image - ramp + 2 * torch.randn(ramp.shape, generator=generator))
        closer[scales] = float(ramp.mean() - (adam.image - ramp).mean(dim=(1, 2)).abs().mean())
    assert closer[5] > 4 * closer[0] > 0
