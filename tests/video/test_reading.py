"""Clips of every kind, read."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError
from stylenet.video.reading import Losses, probe, read_frames
from stylenet.video.tones import PQ
from tests.video.clips import HEIGHT, WIDTH, pan, write_clip

pytest.importorskip("av")


def test_frames_and_their_times(tmp_path: Path) -> None:
    frames, times = pan(6), [0.0, 0.1, 0.15, 0.4, 0.5, 0.9]
    clip = probe(write_clip(tmp_path / "clip.mkv", frames, times=times, codec="ffv1", pix_fmt="bgr0"))
    assert (clip.width, clip.height, clip.notices) == (WIDTH, HEIGHT, ())
    read = list(read_frames(clip))
    assert [float(frame.time) for frame in read] == pytest.approx(times, abs=0.002)
    assert all(np.array_equal(one.pixels, frame) for one, frame in zip(read, frames, strict=True))
    assert [float(frame.time) for frame in read_frames(clip, begin=Fraction(12, 100), end=Fraction(1, 2))] == pytest.approx(
        [0.15, 0.4], abs=0.002
    )


def test_turned_clips_are_upright(tmp_path: Path) -> None:
    frames = pan(3)
    clip = probe(write_clip(tmp_path / "clip.mp4", frames, rotation=90))
    assert (clip.width, clip.height) == (HEIGHT, WIDTH)
    (first, *_) = read_frames(clip)
    assert np.abs(first.pixels.astype(float) - np.rot90(frames[0], 1)).mean() < 12


def test_ten_bits_and_hdr_are_told(tmp_path: Path) -> None:
    ten = probe(write_clip(tmp_path / "ten.mkv", pan(2), codec="ffv1", pix_fmt="yuv420p10le"))
    assert "10 bits" in ten.notices[0]
    hdr = probe(write_clip(tmp_path / "hdr.mkv", pan(2), codec="libx265", pix_fmt="yuv420p10le", transfer=PQ))
    assert "HDR (PQ)" in hdr.notices[0]
    assert next(read_frames(hdr)).pixels.dtype == np.uint8


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.mp4", b"", "it is empty"),
        ("text.mp4", b"this is no clip at all\n" * 40, "it is not a clip"),
        ("missing.mp4", None, "there is no such file"),
    ],
)
def test_what_is_no_clip(name: str, data: bytes | None, words: str, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ImageError, match=words):
        probe(tmp_path / name)


def test_pictures_and_sound_are_told_apart(tmp_path: Path) -> None:
    import av

    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    with pytest.raises(ImageError, match="is a picture"):
        probe(tmp_path / "photo.png")
    with av.open(str(tmp_path / "sound.wav"), mode="w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        block = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        block.sample_rate = 8000
        container.mux(stream.encode(block))
    with pytest.raises(ImageError, match="only sound"):
        probe(tmp_path / "sound.wav")


def test_truncated_clips_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", pan(12), group=1, options={"movflags": "+faststart"}).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    clip = probe(tmp_path / "cut.mp4")
    frames = list(read_frames(clip, losses=Losses()))
    assert 1 <= len(frames) < 12
    assert clip.seconds == pytest.approx(1.2)
    headless = write_clip(tmp_path / "headless.mp4", pan(12)).read_bytes()
    (tmp_path / "headless.mp4").write_bytes(headless[: len(headless) // 2])
    with pytest.raises(ImageError, match="its index is missing"):
        probe(tmp_path / "headless.mp4")
