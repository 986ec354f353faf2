"""Batches of crops, decoded ahead in threads. What is in a batch depends on the seed, its step and the place in it alone."""

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

_MOST_THREADS = 16
_MOST_BROKEN = 1000
"""Files in a row that cannot be read: then it is the folder that is wrong."""


class Pictures:
    """Files to draw crops from; those that cannot be read are passed over and remembered.

    Args:
        paths: At least one.

    Attributes:
        broken: Why each of those that were met cannot be read.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        if not paths:
            raise ImageError("there are no training photos; give at least one")
        self.paths = tuple(paths)
        self.broken: dict[Path, str] = {}

    def draw(self, rng: random.Random, read: Callable[[Path, random.Random], NDArray[np.float32]]) -> NDArray[np.float32]:
        """A crop of a random picture; where it cannot be read, of the next one that can.

        Raises:
            ImageError: none of many files can be read.
        """
        first = rng.randrange(len(self.paths))
        for offset in range(min(len(self.paths), _MOST_BROKEN)):
            path = self.paths[(first + offset) % len(self.paths)]
            try:
                return read(path, rng)
            except ImageError as error:
                self.broken.setdefault(path, str(error))
        raise ImageError(f"none of the training photos can be read; the first error is: {next(iter(self.broken.values()))}")

    def notices(self) -> list[str]:
        """A line for each file that was passed over, in the order in which they were met."""
        return [f"passed over: {reason}" for reason in list(self.broken.values())]

    def opened(self, paths: Sequence[Path], *, long_side_px: int) -> Iterator[tuple[str, Image]]:
        """Names and whole pictures, (1, 3, H, W), 0..1, to show progress on, made smaller to this; unreadable ones are passed over too."""
        for path in paths:
            try:
                pixels = load_image(path).pixels
            except ImageError as error:
                self.broken.setdefault(path, str(error))
                continue
            yield path.stem, resize(pixels, fit_within(pixels.shape[3], pixels.shape[2], long_side_px))

    def spread(self, count: int) -> list[Path]:
        """Some of the files, at most `count`, evenly spread."""
        count = min(count, len(self.paths))
        return [self.paths[index * len(self.paths) // count] for index in range(count)]


def stacked(crops: Sequence[NDArray[np.float32]]) -> Tensor:
    """Crops of one size, (3, S, S) each, as one tensor, (B, 3, S, S)."""
    return torch.from_numpy(np.stack(crops))


def item_rng(seed: int, step: int, index: int) -> random.Random:
    """Draws all that item `index` of the batch of update `step` depends on: so that any process can make any of them."""
    return random.Random(f"{seed}-{step}-{index}")


def ahead(make: Callable[[int], Batch], first: int, last: int) -> Generator[Batch, None, None]:
    """`make(step)` for every step from `first` to before `last`, made before they are needed, by threads: decoding lets others compute."""
    threads = min(_MOST_THREADS, max(1, (os.cpu_count() or 1) // 2))
    steps = iter(range(first, last))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        waiting: deque[Future[Batch]] = deque(pool.submit(make, step) for step in islice(steps, 2 * threads + 2))
        try:
            while waiting:
                batch = waiting.popleft().result()
                waiting.extend(pool.submit(make, step) for step in islice(steps, 1))
                yield batch
        finally:
            for future in waiting:
                future.cancel()
