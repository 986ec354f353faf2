"""The formats that painted clips are written in, with and without transparency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from stylenet.errors import UsageError
from stylenet.events import Notice
from stylenet.requests.video import VideoRequest
from stylenet.video.reading import probe, read_frames
from stylenet.workflows.video import paint_video
from tests.video.clips import HEIGHT, WIDTH, pan, write_clip

av = pytest.importorskip("av")
pytest.importorskip("cv2")

COUNT = 4
TIMES = [0.0, 0.1, 0.3, 0.4]


def cutout(count: int) -> list[NDArray[np.uint8]]:
    """Frames whose right half is transparent."""
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:, WIDTH // 2 :] = 0
    return [np.concatenate([frame, alpha], axis=2) for frame in pan(count)]


def write_transparent(path: Path) -> Path:
    with av.open(str(path), mode="w") as container:
        stream: Any = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgra"
        for pixels in cutout(COUNT):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="bgra")))
        container.mux(stream.encode())
    return path


def paint(clip: Path, output: str, **values: Any) -> str:
    """Paint a clip; all notices."""
    given = {"clip": str(clip), "styles": ("starry-night",), "output": str(clip.parent / output), "recipe": "instant", "threads": 1}
    events: list[Any] = list(paint_video(VideoRequest.of({**given, "steady": 0.0, **values})))
    return " | ".join([*events[0].notices, *(event.message for event in events if isinstance(event, Notice))])


def test_webm_has_the_times_and_opus(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", pan(COUNT), times=TIMES, sound="aac")
    assert "the sound (aac) is converted to Opus" in paint(clip, "out.webm")
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.video[0].codec_context.name == "vp9"
        assert container.streams.audio[0].codec_context.name == "opus"
        assert [float(frame.time) for frame in container.decode(video=0)] == pytest.approx(TIMES, abs=0.002)


@pytest.mark.parametrize(("name", "codec"), [("out.webm", "vp9"), ("out.mov", "prores")])
def test_clips_keep_transparency(tmp_path: Path, name: str, codec: str) -> None:
    assert "transparent" not in paint(write_transparent(tmp_path / "in.mkv"), name)
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.video[0].codec_context.name == codec
    frames = list(read_frames(probe(tmp_path / name)))
    assert len(frames) == COUNT
    for frame in frames:
        assert frame.alpha is not None
        assert frame.alpha[:, : WIDTH // 2 - 4].min() > 245
        assert frame.alpha[:, WIDTH // 2 + 4 :].max() < 10


def test_fewer_frames_keep_transparency(tmp_path: Path) -> None:
    paint(write_transparent(tmp_path / "in.mkv"), "out.mov", fps=5.0)
    frames = list(read_frames(probe(tmp_path / "out.mov")))
    assert len(frames) == (COUNT + 1) // 2
    assert all(frame.alpha is not None and frame.alpha.min() < 10 for frame in frames)


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.apng"])
def test_loops_have_times_and_transparency(tmp_path: Path, name: str) -> None:
    paint(write_transparent(tmp_path / "in.mkv"), name)
    with PIL.Image.open(tmp_path / name) as loop:
        assert (loop.size, getattr(loop, "n_frames", 1)) == ((WIDTH, HEIGHT), COUNT)
        shown = []
        for number in range(COUNT):
            loop.seek(number)
            alpha = np.asarray(loop.convert("RGBA"))[..., 3]
            assert alpha[:, : WIDTH // 2 - 4].min() > 245
            assert alpha[:, WIDTH // 2 + 4 :].max() < 10
            shown.append(float(loop.info["duration"]))
    assert shown == pytest.approx([100] * COUNT)


def test_a_loop_has_no_sound_and_the_times_of_the_clip(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", pan(COUNT), times=TIMES, sound="aac")
    assert "has no sound" in paint(clip, "out.webp")
    with PIL.Image.open(tmp_path / "out.webp") as loop:
        shown = []
        for number in range(COUNT):
            loop.seek(number)
            loop.load()
            shown.append(float(loop.info["duration"]))
    assert shown[:3] == pytest.approx([100, 200, 100])


def test_what_a_format_cannot_hold_is_said(tmp_path: Path) -> None:
    assert "which H.264 does not support; to keep it, write a .webm" in paint(write_transparent(tmp_path / "in.mkv"), "out.mp4")
    fast = write_clip(tmp_path / "fast.mkv", pan(4), rate=60, codec="ffv1", pix_fmt="bgr0")
    with pytest.raises(UsageError, match=r"a \.gif has at most 50 frames per second, and the clip has 60; give --fps"):
        paint(fast, "fast.gif")
    long = write_clip(tmp_path / "long.mkv", pan(1) * 2, times=[0.0, 100.0], codec="ffv1", pix_fmt="bgr0")
    with pytest.raises(UsageError, match=r"a \.gif is for short clips of at most 600 frames, and this one has"):
        paint(long, "long.gif", fps=None)
    assert not list(tmp_path.glob("*.parts"))
