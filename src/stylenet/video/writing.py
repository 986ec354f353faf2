"""Writing animations: loops (GIF, WebP, APNG) and clips (MP4, WebM)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stylenet.errors import OutputError
from stylenet.extras import require
from stylenet.image.files import to_pil
from stylenet.image.loops import LOOP_SUFFIXES, SHORTEST_MS, save_loop
from stylenet.image.output import check_output
from stylenet.image.resize import resize
from stylenet.storage.atomic import written_whole
from stylenet.video.coding import CONTAINERS, add_stream, coded_frame, coding_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stylenet.shapes import Image

CLIP_SUFFIXES = {".mp4": "MP4", ".webm": "WEBM"}
"""Formats that require PyAV, by suffix."""

ANIMATION_SUFFIXES = {**LOOP_SUFFIXES, **CLIP_SUFFIXES}
"""All formats, by suffix."""

_LAST_MS = 1500
"""Display time of the last frame."""

_MAX_RATE = 60


def check_animation(path: str | os.PathLike[str], *, size: tuple[int, int] | None = None) -> Path:
    """Check that an animation can be written, before painting; returns the path.

    Raises:
        OutputError: as `check_output` does.
        UsageError: PyAV is not installed, for a clip.
    """
    target = check_output(path, formats=ANIMATION_SUFFIXES, size=size)
    if target.suffix.lower() in CLIP_SUFFIXES:
        require("av", "a clip (unlike a .gif or .webp)")
        coding_for(target, has_alpha=False)
    return target


def save_animation(frames: Iterable[Image], path: str | os.PathLike[str], *, seconds: float = 5.0) -> Path:
    """Write frames as an animation atomically, and return its path; the last frame is shown longer.

    Args:
        frames: Pictures, shape (1, 3, H, W), 0..1. Smaller ones, from coarser levels, are resized to the size of the last one. Clips need
            even sides, so their last column or row may be cropped.
        path: Ends in .gif, .webp, .apng, .mp4 or .webm; an existing file is replaced.
        seconds: Total duration of the frames before the last one. If there are too many frames, some are dropped at even intervals.

    Raises:
        OutputError: The path cannot be written, there are no frames, or `seconds` is not above 0.
        ImageError: A value is not finite.
        UsageError: PyAV is not installed, for a clip.
    """
    target = check_animation(path)
    pictures = list(frames)
    if not pictures:
        raise OutputError(f"cannot write '{target}': there are no frames; give at least one")
    if not 0 < seconds <= 3600:
        raise OutputError(f"cannot write '{target}' with a length of {seconds} seconds; allowed are above 0, at most 3600")
    size = (int(pictures[-1].shape[3]), int(pictures[-1].shape[2]))
    check_animation(target, size=size)
    if target.suffix.lower() in CLIP_SUFFIXES:
        return _save_clip(pictures, target, (max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)), seconds)
    pictures = _thinned(pictures, most=max(1, int(seconds * 1000 / SHORTEST_MS)))
    shown_ms = max(SHORTEST_MS, round(seconds * 1000 / max(1, len(pictures) - 1)))
    return save_loop([_fitted(picture, size) for picture in pictures], target, shown_ms=[shown_ms] * (len(pictures) - 1) + [_LAST_MS])


def _save_clip(pictures: Sequence[Image], target: Path, size: tuple[int, int], seconds: float) -> Path:
    coding, rate = coding_for(target, has_alpha=False), max(1, min(_MAX_RATE, round(len(pictures) / seconds)))
    last = [pictures[-1]] * max(0, round(rate * _LAST_MS / 1000) - 1)
    av = require("av", "a clip")
    with written_whole(target) as temporary, av.open(str(temporary), mode="w", format=CONTAINERS[target.suffix.lower()]) as container:
        stream = add_stream(container, coding, size, rate=rate)
        for number, picture in enumerate((*pictures, *last)):
            container.mux(stream.encode(coded_frame(_fitted(picture, size), coding, number, rate=rate)))
        container.mux(stream.encode())
    return target


def _fitted(picture: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(to_pil(resize(picture.clip(0, 1), size)))


def _thinned(frames: list[Image], most: int) -> list[Image]:
    """The last frame, preceded by at most `most` of the others at even intervals."""
    before = frames[:-1]
    if len(before) <= most:
        return frames
    return [before[index * len(before) // most] for index in range(most)] + [frames[-1]]
