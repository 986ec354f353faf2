"""CUDA graphs: the operations of an update are recorded once and launched together afterwards.

An update of a small network consists of thousands of short operations. Launching them one by one takes longer than executing them.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

ResultT = TypeVar("ResultT")

_WARM_UP_RUNS = 3
"""Runs before recording, in which cuDNN and cuBLAS choose algorithms and allocate workspaces."""


class Captured(Generic[ResultT]):
    """A function of a batch, such as one that computes gradients, recorded as a CUDA graph.

    All batches must have the same shapes, and the function must perform the same operations for each, without reading values back. While it
    is recorded, no other thread may use the GPU.

    Args:
        compute: The function. It may leave gradients in the parameters, which it must not accumulate.
        batch: A batch to record it with. Overwritten by later batches.
    """

    def __init__(self, compute: Callable[[Any], ResultT], batch: Any) -> None:
        self._batch = batch
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP_RUNS):
                compute(batch)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._results = compute(batch)

    def __call__(self, batch: Any) -> ResultT:
        """The results for `batch`; the next call overwrites them and the gradients."""
        for own, given in zip(tensors_of(self._batch), tensors_of(batch), strict=True):
            own.copy_(given)
        self._graph.replay()
        return self._results


@contextlib.contextmanager
def unchanged(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Restore tensors at the end, since a function is run a few times before it is recorded."""
    saved = [(tensor, tensor.detach().clone()) for tensor in tensors]
    yield
    with torch.no_grad():
        for tensor, value in saved:
            tensor.copy_(value)


def tensors_of(batch: Any) -> Iterator[Tensor]:
    """The tensors of a batch made of dataclasses, tuples and tensors, in order.

    Raises:
        TypeError: it contains anything else, except None.
    """
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, tuple):
        for part in batch:
            yield from tensors_of(part)
    elif dataclasses.is_dataclass(batch):
        for field in dataclasses.fields(batch):
            yield from tensors_of(getattr(batch, field.name))
    elif batch is not None:
        raise TypeError(f"a batch to capture must contain only tensors; got a {type(batch).__name__}")
