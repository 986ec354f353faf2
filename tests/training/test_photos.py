"""Photos stored on the training device."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import PIL.Image
import torch

from stylenet.training.photos import PhotoStack


def test_crops_of_a_stack_are_parts_of_its_photos(tmp_path: Path) -> None:
    path = tmp_path / "ramp.png"
    PIL.Image.fromarray(np.repeat(np.arange(0, 240, dtype=np.uint8)[None, :, None], 160, axis=0).repeat(3, axis=2)).save(path)
    stack = PhotoStack([path], side_px=160, device=torch.device("cpu"))
    crops = stack.crops([random.Random(seed) for seed in range(6)], 64)
    assert crops.shape == (6, 3, 64, 64)
    slopes = crops[:, 0, 32, 1:-1].diff(dim=1)
    for slope in slopes * 255:  # 96 to 160 px of a ramp of one gray a pixel, on 64 positions
        assert slope.std() < 0.2
        assert 96 / 64 - 0.05 < slope.abs().mean() < 160 / 64 + 0.05
    assert (slopes.mean(1) < 0).any()
    assert (slopes.mean(1) > 0).any()
