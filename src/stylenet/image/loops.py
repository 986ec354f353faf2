"""Endless loops of pictures: GIF, WebP and APNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from stylenet.storage.atomic import written_whole

LOOP_SUFFIXES: Mapping[str, str] = MappingProxyType({".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"})
"""Formats of loops, by suffix."""

SHORTEST_MS = 20
"""Shortest duration of a frame: browsers extend shorter GIF frames to 100 ms."""

_OPTIONS: Mapping[tuple[str, bool], Mapping[str, Any]] = {
    ("GIF", True): {"disposal": 2},  # otherwise transparent pixels show the previous frame
    ("WEBP", False): {"quality": 85},
    ("WEBP", True): {"lossless": True},  # Pillow drops the transparency of lossy animations
}
"""Options of Pillow's encoders, by format and whether there is transparency."""


def save_loop(frames: Iterable[NDArray[np.uint8]], path: Path, *, shown_ms: Sequence[int]) -> Path:
    """Write frames as an endless loop atomically, and return its path.

    Args:
        frames: Each of shape (H, W, 3), or (H, W, 4) with alpha, all of one size.
        path: Ends in .gif, .webp or .apng; an existing file is replaced. GIF pixels are either opaque or transparent.
        shown_ms: Duration of each frame.
    """
    kind = LOOP_SUFFIXES[path.suffix.lower()]
    first, *pictures = [PIL.Image.fromarray(frame) for frame in frames]  # Pillow iterates twice
    options = _OPTIONS.get((kind, first.mode == "RGBA"), {})
    with written_whole(path) as temporary:
        first.save(temporary, format=kind, save_all=True, append_images=pictures, duration=list(shown_ms), loop=0, **options)
    return path
