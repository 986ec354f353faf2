"""Changed photos whose paintings should change in the same way: shifted by a few pixels, slightly brighter, with noise, or mirrored."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.networks.slim_geometry import STRIDE
from stylenet.training.batches import item_rng

_GRAIN, _EXPOSURE = 0.01, 0.03
"""Standard deviation of the noise, and the largest relative change of brightness."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Random motion of the photos of one update, as tensors, so that the loss is the same sequence of operations for every batch.

    Attributes:
        shift: Number of rows and columns cropped at the top and left, less than the stride of the deepest layer; shape (2,).
        exposure: Factor of each photo's brightness, shape (B, 1, 1, 1).
        grain: Noise added to the photos, shape (B, 3, S - STRIDE, S - STRIDE).
        mirrored: Whether rows and columns are reversed, shape (2,); at least one of them is.
    """

    shift: Tensor
    exposure: Tensor
    grain: Tensor
    mirrored: Tensor

    @property
    def count(self) -> int:
        """Number of photos."""
        return len(self.exposure)

    @classmethod
    def random(cls, count: int, size_px: int, *, seed: int, step: int, device: torch.device) -> Motion:
        """The motion of `count` photos with sides S = `size_px` in update `step`."""
        rng = item_rng(seed, step, -1)
        shift = torch.tensor(divmod(rng.randrange(1, STRIDE**2), STRIDE), device=device)
        generator = torch.Generator(device).manual_seed(rng.getrandbits(62))
        mirrored = torch.tensor(rng.choice([(True, False), (False, True), (True, True)]), device=device)
        exposure = 1 + _EXPOSURE * (2 * torch.rand((count, 1, 1, 1), generator=generator, device=device) - 1)
        side = size_px - STRIDE
        return cls(
            shift=shift,
            exposure=exposure,
            mirrored=mirrored,
            grain=_GRAIN * torch.randn((count, 3, side, side), generator=generator, device=device),
        )

    def window(self, pictures: Tensor) -> Tensor:
        """The part (B, C, S - STRIDE, S - STRIDE) of pictures (B, C, S, S) that the shifted photos show."""
        places = torch.arange(self.grain.shape[2], device=pictures.device)
        return pictures.index_select(2, places + self.shift[0]).index_select(3, places + self.shift[1])

    def mirror(self, pictures: Tensor) -> Tensor:
        """Pictures (B, C, H, W), mirrored; mirrored twice, they are the same."""
        for axis, is_reversed in zip((2, 3), self.mirrored, strict=True):
            places = torch.arange(pictures.shape[axis], device=pictures.device)
            pictures = pictures.index_select(axis, torch.where(is_reversed, places.flip(0), places))
        return pictures

    def moved(self, photos: Tensor) -> Tensor:
        """Photos (B, 3, S, S), shifted, with changed brightness and noise."""
        return (self.window(photos) * self.exposure + self.grain).clamp(0, 1)
