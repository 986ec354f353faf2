"""CUDA graphs: the operations of an update are recorded once and launched together afterwards.

An update of a small network consists of thousands of short operations. Launching them one by one takes longer than executing them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

_WARM_UP_RUNS = 3
"""Runs before recording, in which cuDNN and cuBLAS choose algorithms and allocate workspaces."""


class Captured:
    """A function from a batch to scalars, which also computes gradients, recorded as a CUDA graph.

    All batches must have the same shapes, and the function must perform the same operations for each, without reading values back. While it
    is recorded, no other thread may use the GPU.

    Args:
        compute: The function. It leaves gradients in the parameters, which it must not accumulate.
        batch: A batch to record it with. Overwritten by later batches.
    """

    def __init__(self, compute: Callable[[Any], Mapping[str, Tensor]], batch: Any) -> None:
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

    def __call__(self, batch: Any) -> Mapping[str, Tensor]:
        """The scalars for `batch`; the next call overwrites them and the gradients."""
        for own, given in zip(tensors_of(self._batch), tensors_of(batch), strict=True):
            own.copy_(given)
        self._graph.replay()
        return self._results


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
