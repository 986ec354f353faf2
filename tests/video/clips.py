"""Clips for tests: a pan over noise and shapes, in many formats of cameras."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.events import Notice
from stylenet.requests.video import VideoRequest
from stylenet.workflows.video import paint_video

av = pytest.importorskip("av")

WIDTH, HEIGHT = 64, 48


def scene(seed: int = 0) -> NDArray[np.uint8]:
    """A large picture to pan over."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (16, 20, 3)).astype(np.float32)
    large = np.kron(coarse, np.ones((8, 8, 1), np.float32))
    return (0.8 * large + rng.integers(0, 50, large.shape)).clip(0, 255).astype(np.uint8)


def pan(count: int, *, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Frames that move by two columns and one row each."""
    picture = scene(seed)
    return [np.ascontiguousarray(picture[index : index + height, 2 * index : 2 * index + width]) for index in range(count)]


def write_clip(
    path: Path,
    frames: list[NDArray[np.uint8]],
    *,
    times: list[float] | None = None,
    rate: int = 10,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    sound: str | None = None,
    rotation: int = 0,
    transfer: int | None = None,
    group: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip and return its path; `times` are those of the frames in seconds."""
    height, width = frames[0].shape[:2]
    with av.open(str(path), mode="w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        context = stream.codec_context
        context.time_base = Fraction(1, 1000)
        if codec == "libx265":  # with frames out of order and threads, some short clips get times that a container refuses
            stream.options = {"x265-params": "bframes=0:frame-threads=1:log-level=error"}
        if group is not None:
            context.gop_size = group
        if transfer is not None:
            context.color_trc, context.color_primaries, context.colorspace = transfer, 9, 9
        if rotation:
            stream.set_display_rotation(rotation)
        audio: Any = None
        if sound is not None:
            audio = container.add_stream(sound, rate=8000, layout="mono")
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pix_fmt)
            frame.pts = round(1000 * (times[index] if times else index / rate))
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio is not None:
            tone = (8000 * np.sin(np.arange(8000 * len(frames) // rate) / 3)).astype(np.int16)
            for begin in range(0, len(tone), 1000):
                block = av.AudioFrame.from_ndarray(tone[None, begin : begin + 1000], format="s16", layout="mono")
                block.sample_rate, block.pts, block.time_base = 8000, begin, Fraction(1, 8000)
                container.mux(audio.encode(block))
            container.mux(audio.encode())
    return path


def read_back(path: Path) -> tuple[list[NDArray[np.uint8]], list[float]]:
    """Frames and their times."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames], [float(frame.time or 0) for frame in frames]


def write_transparent(path: Path, count: int) -> Path:
    """Write a lossless clip whose right half is transparent, and return its path."""
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:, WIDTH // 2 :] = 0
    with av.open(str(path), mode="w") as container:
        stream: Any = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgra"
        for pixels in pan(count):
            frame = av.VideoFrame.from_ndarray(np.concatenate([pixels, alpha], axis=2), format="rgba")
            container.mux(stream.encode(frame.reformat(format="bgra")))
        container.mux(stream.encode())
    return path


def request_of(clip: Path, **values: Any) -> VideoRequest:
    """A quick request; by default, the output is `out.mp4` beside the clip."""
    given = {"clip": str(clip), "styles": ("starry-night",), "output": str(clip.parent / "out.mp4"), "recipe": "instant", "threads": 1}
    return VideoRequest.of({**given, **values})


def notices(events: list[Any]) -> str:
    """All notices of the events of a clip."""
    return " | ".join([*events[0].notices, *(event.message for event in events if isinstance(event, Notice))])


def paint(clip: Path, output: str, **values: Any) -> str:
    """Paint a clip without steadying, beside it; all notices."""
    return notices(list(paint_video(request_of(clip, output=str(clip.parent / output), **{"steady": 0.0, **values}))))
