"""Clips from file to file: times, sound, sizes, damage, and rejected requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stylenet.errors import ImageError, OutputError, UsageError
from stylenet.events import Saved
from stylenet.requests.video import VideoRequest
from stylenet.workflows.video import FrameDone, VideoDone, VideoStarted, paint_video
from tests.video.clips import HEIGHT, WIDTH, notices, pan, read_back, request_of, write_clip

av = pytest.importorskip("av")
pytest.importorskip("cv2")


def run(request: VideoRequest) -> list[Any]:
    return list(paint_video(request))


def test_a_clip_keeps_its_times_and_its_sound(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.15, 0.4, 0.5, 0.9, 1.0, 1.1]
    source = write_clip(tmp_path / "in.mp4", pan(8), times=times, sound="aac")
    events = run(request_of(source))
    assert isinstance(events[0], VideoStarted)
    assert sum(isinstance(event, FrameDone) for event in events) == 8
    assert isinstance(events[-1], VideoDone)
    assert Saved(path=tmp_path / "out.mp4") in events
    frames, seen = read_back(tmp_path / "out.mp4")
    assert frames[0].shape == (HEIGHT, WIDTH, 3)
    assert seen == pytest.approx(times, abs=0.002)
    with av.open(str(source)) as before, av.open(str(tmp_path / "out.mp4")) as after:
        packets = [[bytes(packet) for packet in container.demux(audio=0) if packet.size] for container in (before, after)]
        assert packets[0] == packets[1]
        assert float(after.streams.video[0].duration * after.streams.video[0].time_base) == pytest.approx(1.2, abs=0.11)
    assert not (tmp_path / "out.mp4.parts").exists()


def test_odd_sides_lose_a_line(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", pan(3, width=51, height=37), codec="ffv1", pix_fmt="bgr0")
    run(request_of(source, steady=0.0))
    assert read_back(tmp_path / "out.mp4")[0][0].shape == (36, 50, 3)


def test_truncated_clips_say_where_they_end(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", pan(12), group=1, options={"movflags": "+faststart"}).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    assert "it is painted up to there" in notices(run(request_of(tmp_path / "cut.mp4", steady=0.0)))
    assert 1 <= len(read_back(tmp_path / "out.mp4")[0]) < 12


def test_what_is_refused_before_work(clip: Path) -> None:
    with pytest.raises(OutputError, match=r"allowed are \.mp4, \.mov, \.mkv, \.webm, \.gif"):
        run(request_of(clip, output=str(clip.parent / "out.avi")))
    with pytest.raises(UsageError, match="also an input"):
        run(request_of(clip, output=str(clip)))
    with pytest.raises(UsageError, match="the clip lasts"):
        run(request_of(clip, begin="5"))
    with pytest.raises(UsageError, match="is not before"):
        request_of(clip, begin="5", end="4")
    with pytest.raises(UsageError, match="is not a time"):
        request_of(clip, end="soon")
    with pytest.raises(ImageError, match="no such file"):
        run(request_of(clip.parent / "nowhere.mp4"))
    (clip.parent / "out.mp4.parts").mkdir()
    (clip.parent / "out.mp4.parts" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="does not contain an unfinished clip"):
        run(request_of(clip))
    assert (clip.parent / "out.mp4.parts" / "mine.txt").exists()
