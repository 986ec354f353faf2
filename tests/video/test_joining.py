"""Painted clips with the times and the sound of their source, and loops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.video.reading import probe, read_frames
from tests.video.clips import HEIGHT, WIDTH, paint, pan, write_clip, write_transparent

av = pytest.importorskip("av")
pytest.importorskip("cv2")

COUNT = 4
TIMES = [0.0, 0.1, 0.3, 0.4]


def test_webm_has_the_times_and_opus(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", pan(COUNT), times=TIMES, sound="aac")
    assert "the sound (aac) is converted to Opus" in paint(clip, "out.webm")
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.video[0].codec_context.name == "vp9"
        assert container.streams.audio[0].codec_context.name == "opus"
        assert [float(frame.time) for frame in container.decode(video=0)] == pytest.approx(TIMES, abs=0.002)


def test_fewer_frames_keep_transparency(tmp_path: Path) -> None:
    paint(write_transparent(tmp_path / "in.mkv", COUNT), "out.mov", fps=5.0)
    frames = list(read_frames(probe(tmp_path / "out.mov")))
    assert len(frames) == (COUNT + 1) // 2
    assert all(frame.alpha is not None and frame.alpha.min() < 10 for frame in frames)


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.apng"])
def test_loops_have_times_and_transparency(tmp_path: Path, name: str) -> None:
    paint(write_transparent(tmp_path / "in.mkv", COUNT), name)
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


def test_other_sound_becomes_aac_or_is_kept_in_matroska(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", pan(4), sound="pcm_s16le")
    assert "is converted to AAC" in paint(source, "out.mp4")
    assert "is converted to AAC" not in paint(source, "out.mkv")
    for name, codec in (("out.mp4", "aac"), ("out.mkv", "pcm_s16le")):
        with av.open(str(tmp_path / name)) as container:
            assert container.streams.audio[0].codec_context.name == codec
            assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(3200, abs=2100)
