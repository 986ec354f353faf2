"""The making of a painting, as a short loop."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stylenet.errors import OutputError
from stylenet.image.files import to_pil
from stylenet.image.output import check_output
from stylenet.image.resize import resize
from stylenet.storage.atomic import written_whole

if TYPE_CHECKING:
    from stylenet.shapes import Image

TIMELAPSE_SUFFIXES: Mapping[str, str] = MappingProxyType({".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"})
"""Formats that loops are written in, by suffix."""

_SHORTEST_MS = 20  # browsers slow GIF frames that are shorter than this down to 100 ms
_LAST_MS = 1500  # the finished painting stays a while before the loop begins again


def check_timelapse(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None) -> Path:
    """The path that a loop can be written to; to be called before painting. Raises `OutputError` as `check_output` does."""
    return check_output(path, formats=TIMELAPSE_SUFFIXES, size=size)


def save_timelapse(frames: Iterable[Image], path: str | os.PathLike[str], *, seconds: float = 5.0) -> Path:
    """Write frames as an endless loop, whole or not at all, and return its path; the last frame stays a moment longer.

    Args:
        frames: Pictures, shape (1, 3, H, W), 0..1. Smaller ones, from coarser levels, are brought to the size of the last.
        path: Ends in .gif, .webp or .apng; an existing file is replaced.
        seconds: How long the frames before the last take together; where there are too many to be shown, some are left out evenly.

    Raises:
        OutputError: The path cannot be written, there are no frames, or `seconds` is not above 0.
        ImageError: A value is not finite.
    """
    target = check_timelapse(path)
    pictures = list(frames)
    if not pictures:
        raise OutputError(f"cannot write '{target}': there are no frames; keep at least one")
    if not 0 < seconds <= 3600:
        raise OutputError(f"cannot write '{target}' with a length of {seconds} seconds; allowed are above 0, at most 3600")
    size = (int(pictures[-1].shape[3]), int(pictures[-1].shape[2]))
    check_timelapse(target, size=size)
    pictures = _thinned(pictures, most=max(1, int(seconds * 1000 / _SHORTEST_MS)))
    shown_ms = max(_SHORTEST_MS, round(seconds * 1000 / max(1, len(pictures) - 1)))
    first, *rest = [to_pil(resize(picture.clip(0, 1), size)) for picture in pictures]
    options: dict[str, Any] = {"duration": [shown_ms] * len(rest) + [_LAST_MS], "loop": 0}
    kind = TIMELAPSE_SUFFIXES[target.suffix.lower()]
    if kind == "WEBP":
        options["quality"] = 85
    with written_whole(target) as temporary:
        first.save(temporary, format=kind, save_all=True, append_images=rest, **options)
    return target


def _thinned(frames: list[Image], most: int) -> list[Image]:
    """At most `most` frames before the last one, evenly chosen, and the last."""
    before = frames[:-1]
    if len(before) <= most:
        return frames
    return [before[index * len(before) // most] for index in range(most)] + [frames[-1]]
