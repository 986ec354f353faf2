"""All photos of a training, decoded once and stored on the training device."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.image.crops import read_strip

_MIN_SHARE = 0.875
"""Smallest side of a crop, relative to the short side of the photo. Enlarged crops would be blurred, unlike the photos of users."""


class PhotoStack:
    """Photos as bytes, resized to the same short side and cropped to an aspect ratio of at most 1.5.

    Args:
        paths: The files.
        side_px: Short side of the stored photos; smaller ones are enlarged.
        device: Device that stores them.

    Raises:
        ImageError: one of the files cannot be read.
    """

    def __init__(self, paths: Sequence[Path], *, side_px: int, device: torch.device) -> None:
        self.paths = tuple(paths)
        long_px = side_px * 3 // 2
        self._pixels = torch.zeros((len(paths), 3, side_px, long_px), dtype=torch.uint8)
        self._widths = torch.empty(len(paths))

        def read(index: int) -> None:
            strip = read_strip(self.paths[index], side_px, long_px)
            self._pixels[index, :, :, : strip.shape[2]] = torch.from_numpy(strip)
            self._widths[index] = strip.shape[2]

        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(read, range(len(paths))))
        self._pixels = self._pixels.to(device)

    def crops(self, rngs: Sequence[random.Random], size_px: int) -> Tensor:
        """A random square crop of a random photo for each generator, flipped with probability 1/2: (B, 3, S, S), 0..1."""
        height, width = self._pixels.shape[2:]
        chosen, transforms = [], []
        for rng in rngs:
            index = rng.randrange(len(self.paths))
            side = height * rng.uniform(_MIN_SHARE, 1.0)
            left, top = rng.random() * (float(self._widths[index]) - side), rng.random() * (height - side)
            across = side / width * (-1 if rng.random() < 0.5 else 1)
            transforms.append(((across, 0.0, (2 * left + side) / width - 1), (0.0, side / height, (2 * top + side) / height - 1)))
            chosen.append(index)
        grid = functional.affine_grid(torch.tensor(transforms), [len(rngs), 3, size_px, size_px], align_corners=False)
        device = self._pixels.device
        photos = self._pixels[torch.tensor(chosen, device=device)].float() / 255
        crops = functional.grid_sample(photos, grid.to(device), mode="bicubic", padding_mode="border", align_corners=False)
        return crops.clamp_(0, 1)
