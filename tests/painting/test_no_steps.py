"""Levels without a step."""

from __future__ import annotations

import torch

from stylenet.image.files import Picture
from stylenet.stylizers.stylize import stylize
from stylenet.stylizers.stylizer import open_stylizer


def test_no_step_at_all_gives_the_photo_back() -> None:
    photo = Picture(pixels=torch.rand((1, 3, 40, 48), generator=torch.Generator().manual_seed(0)))
    painting = stylize(photo, "starry-night", recipe=open_stylizer(changes={"pyramid.steps": "[0]"}))
    torch.testing.assert_close(painting.pixels, photo.pixels)
    assert painting.done.steps == 0
