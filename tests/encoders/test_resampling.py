"""Resizing tensors gives the same result as resizing arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.encoders.resampling import as_tensor, resize
from stylenet.errors import ShapeError, UsageError
from stylenet.image import resize as arrays

PIXELS = np.random.default_rng(0).random((1, 3, 31, 47), dtype=np.float32)


@pytest.mark.parametrize("size", [(47, 31), (20, 13), (94, 62), (1, 1), (60, 20)])
def test_as_for_arrays(size: tuple[int, int]) -> None:
    resized = resize(torch.from_numpy(PIXELS), size)
    assert tuple(resized.shape) == (1, 3, size[1], size[0])
    np.testing.assert_allclose(resized.numpy(), arrays.resize(PIXELS, size), atol=1e-5)


def test_the_same_size_is_the_same_tensor_and_gradients_flow() -> None:
    image = torch.from_numpy(PIXELS).clone().requires_grad_()
    assert resize(image, (47, 31)) is image
    resize(image, (24, 16)).sum().backward()
    assert image.grad is not None
    assert float(image.grad.abs().sum()) > 0


def test_a_read_only_array_becomes_a_tensor_of_its_own() -> None:
    fixed = PIXELS.copy()
    assert as_tensor(fixed, torch.device("cpu")).data_ptr() == fixed.ctypes.data
    fixed.flags.writeable = False
    tensor = as_tensor(fixed, torch.device("cpu"))
    tensor.zero_()
    assert fixed.any()


def test_wrong_input() -> None:
    with pytest.raises(ShapeError, match=r"got \(3, 4, 4\), torch.float32"):
        resize(torch.zeros(3, 4, 4), (2, 2))
    with pytest.raises(ShapeError, match=r"torch.uint8"):
        resize(torch.zeros(1, 3, 4, 4, dtype=torch.uint8), (2, 2))
    with pytest.raises(UsageError, match="cannot resize to 0 x 2 px; each side must be at least 1 px"):
        resize(torch.zeros(1, 3, 4, 4), (0, 2))
