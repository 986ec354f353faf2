"""Batches for CUDA graphs. Recording itself needs a GPU."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from stylenet.training.capture import Captured, tensors_of, unchanged


@dataclass(frozen=True)
class Inner:
    values: Tensor


@dataclass(frozen=True)
class Batch:
    photos: Tensor | None
    noise: tuple[Tensor, ...]
    inner: Inner | None


def test_the_tensors_of_a_batch_in_order() -> None:
    one, two, three = torch.zeros(1), torch.zeros(2), torch.zeros(3)
    assert [len(each) for each in tensors_of(Batch(one, (two,), Inner(three)))] == [1, 2, 3]
    assert [len(each) for each in tensors_of(Batch(None, (two, three), None))] == [2, 3]


def test_a_batch_with_anything_else_is_rejected() -> None:
    with pytest.raises(TypeError, match="must contain only tensors; got a int"):
        list(tensors_of((torch.zeros(1), 5)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_recorded_function_gives_what_the_function_gives() -> None:
    weight = torch.ones(3, device="cuda", requires_grad=True)

    def compute(batch: Inner) -> dict[str, Tensor]:
        loss = (weight * batch.values).square().sum()
        weight.grad = None
        loss.backward()
        return {"loss": loss.detach()}

    captured = Captured(compute, Inner(torch.zeros(3, device="cuda")))
    for value in (1.0, 2.0):
        assert float(captured(Inner(torch.full((3,), value, device="cuda")))["loss"]) == 3 * value**2
        assert weight.grad is not None
        assert weight.grad.tolist() == [2 * value**2] * 3


def test_tensors_are_restored() -> None:
    weight = torch.ones(3, requires_grad=True)
    counter = torch.zeros(())
    with unchanged((weight, counter)), torch.no_grad():
        weight.mul_(2)
        counter.add_(1)
    assert weight.tolist() == [1, 1, 1]
    assert weight.requires_grad
    assert float(counter) == 0
