"""Small batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image

from stylenet.requests.batch import BatchRequest


def pictures(folder: Path, count: int) -> None:
    """Make a folder of small pictures of noise: `0.png`, `1.png`, ..."""
    folder.mkdir()
    for index in range(count):
        pixels = np.random.default_rng(index).integers(0, 255, (32, 40, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(folder / f"{index}.png")


def request_of(here: Path, **values: object) -> BatchRequest:
    """A quick request: the photos of `in`, painted into `out`, both in a folder."""
    given = {"photos": (str(here / "in"),), "styles": ("starry-night",), "output": str(here / "out"), "recipe": "instant", "threads": 1}
    return BatchRequest.of({**given, **values})
