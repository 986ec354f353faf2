"""Batches of crops, decoded ahead in threads. Each item depends only on the seed, the step and its index in the batch."""

from __future__ import annotations

import os
import random
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylenet.errors import ImageError
from stylenet.image.files import load_image
from stylenet.image.resize import fit_within, resize
from stylenet.shapes import Image

Batch = TypeVar("Batch")

_MAX_THREADS = 16
_MAX_BROKEN = 1000
"""Consecutive unreadable files before giving up."""


class Pictures:
    """Picture files to sample crops from. Unreadable files are skipped and recorded.

    Args:
        paths: The files, at least one.

    Attributes:
        broken: Errors of the skipped files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        if not paths:
            raise ImageError("there are no training photos; give at least one")
        self.paths = tuple(paths)
        self.broken: dict[Path, str] = {}

    def draw(self, rng: random.Random, read: Callable[[Path, random.Random], NDArray[np.float32]]) -> NDArray[np.float32]:
        """A crop of a random picture, or of the next readable one.

        Raises:
            ImageError: no file can be read.
        """
        first = rng.randrange(len(self.paths))
        for offset in range(min(len(self.paths), _MAX_BROKEN)):
            path = self.paths[(first + offset) % len(self.paths)]
            try:
                return read(path, rng)
            except ImageError as error:
                self.broken.setdefault(path, str(error))
        raise ImageError(f"none of the training photos can be read; the first error is: {next(iter(self.broken.values()))}")

    def notices(self) -> list[str]:
        """A line for each skipped file, in order."""
        return [f"skipped: {reason}" for reason in list(self.broken.values())]

    def opened(self, paths: Sequence[Path], *, long_side_px: int) -> Iterator[tuple[str, Image]]:
        """Names and whole pictures for previews, (1, 3, H, W), 0..1, reduced to `long_side_px`; unreadable files are skipped."""
        for path in paths:
            try:
                pixels = load_image(path).pixels
            except ImageError as error:
                self.broken.setdefault(path, str(error))
                continue
            yield path.stem, resize(pixels, fit_within(pixels.shape[3], pixels.shape[2], long_side_px))

    def spread(self, count: int) -> list[Path]:
        """At most `count` of the files, selected evenly."""
        count = min(count, len(self.paths))
        return [self.paths[index * len(self.paths) // count] for index in range(count)]


def stacked(crops: Sequence[NDArray[np.float32]]) -> Tensor:
    """Crops (3, S, S) as a batch (B, 3, S, S)."""
    return torch.from_numpy(np.stack(crops))


def item_rng(seed: int, step: int, index: int) -> random.Random:
    """Random generator for item `index` of the batch of update `step`, so that any process can create any item."""
    return random.Random(f"{seed}-{step}-{index}")


def prefetch(make: Callable[[int], Batch], first: int, last: int) -> Generator[Batch, None, None]:
    """`make(step)` for every step in `range(first, last)`, computed ahead in threads, since decoding releases the GIL."""
    threads = min(_MAX_THREADS, max(1, (os.cpu_count() or 1) // 2))
    steps = iter(range(first, last))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        pending: deque[Future[Batch]] = deque(pool.submit(make, step) for step in islice(steps, 2 * threads + 2))
        try:
            while pending:
                batch = pending.popleft().result()
                pending.extend(pool.submit(make, step) for step in islice(steps, 1))
                yield batch
        finally:
            for future in pending:
                future.cancel()
