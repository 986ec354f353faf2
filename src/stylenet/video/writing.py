"""Pictures as an MP4 clip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylenet.errors import OutputError
from stylenet.extras import require
from stylenet.image.files import to_pil
from stylenet.image.output import check_output
from stylenet.image.resize import resize
from stylenet.storage.atomic import written_whole

if TYPE_CHECKING:
    from stylenet.shapes import Image

CLIP_SUFFIXES = {".mp4": "MP4"}

_QUALITY = "18"  # of x264's constant rate factor: no difference is seen; brush strokes are all fine detail
_LAST_SECONDS = 1.5


def check_clip(path: str | os.PathLike[str]) -> Path:
    """The path that a clip can be written to, where what writes it is installed; to be called before painting.

    Raises:
        OutputError: as `check_output` does.
        UsageError: PyAV is missing.
    """
    _av()
    return check_output(path, formats=CLIP_SUFFIXES)


def save_clip(frames: Sequence[Image], path: str | os.PathLike[str], *, seconds: float = 5.0) -> Path:
    """Write frames as an MP4 clip (H.264), whole or not at all, and return its path; the last frame stays a moment longer.

    Args:
        frames: Pictures, shape (1, 3, H, W), 0..1. Smaller ones are brought to the size of the last, cut to even sides as H.264 wants.
        path: Ends in .mp4; an existing file is replaced.
        seconds: How long the frames before the last take together.

    Raises:
        OutputError: the path cannot be written, or there are no frames.
        UsageError: PyAV is missing.
    """
    if not frames:
        raise OutputError(f"cannot write '{path}': there are no frames; give at least one")
    target, av = check_clip(path), _av()
    height, width = (max(2, int(side) // 2 * 2) for side in frames[-1].shape[2:])
    rate = max(1, min(60, round(len(frames) / seconds)))
    last = [frames[-1]] * max(0, round(rate * _LAST_SECONDS) - 1)
    with written_whole(target) as temporary, av.open(str(temporary), mode="w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": _QUALITY, "preset": "medium", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in (*frames, *last):
            container.mux(stream.encode(av.VideoFrame.from_image(to_pil(resize(frame, (width, height))))))
        container.mux(stream.encode())
    return target


def _av() -> Any:
    return require("av", "an MP4 clip (unlike a .gif or .webp)")
