"""Clips from file to file: times, sound, sides, cuts, interruptions."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.errors import CheckpointError, ImageError, OutputError, UsageError
from stylenet.events import Notice, Saved
from stylenet.requests.video import VideoRequest, parse_time
from stylenet.video.groups import OpenGroup
from stylenet.video.reading import read_frames
from stylenet.workflows.frames import FramePainter, shares_at
from stylenet.workflows.video import FrameDone, VideoDone, VideoStarted, paint_video
from tests.video.clips import HEIGHT, WIDTH, pan, read_back, write_clip

av = pytest.importorskip("av")
pytest.importorskip("cv2")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mkv", pan(8), codec="ffv1", pix_fmt="bgr0")


def request_of(clip: Path, **values: Any) -> VideoRequest:
    given = {"clip": str(clip), "styles": ("starry-night",), "output": str(clip.parent / "out.mp4"), "recipe": "instant", "threads": 1}
    return VideoRequest.of({**given, **values})


def run(request: VideoRequest, **more: Any) -> list[Any]:
    return list(paint_video(request, **more))


def notices(events: list[Any]) -> str:
    return " | ".join([event.message for event in events if isinstance(event, Notice)] + list(events[0].notices))


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


def test_other_sound_becomes_aac_or_is_kept_in_matroska(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", pan(4), sound="pcm_s16le")
    assert "is converted to AAC" in notices(run(request_of(source)))
    assert "is converted to AAC" not in notices(run(request_of(source, output=str(tmp_path / "out.mkv"))))
    for name, codec in (("out.mp4", "aac"), ("out.mkv", "pcm_s16le")):
        with av.open(str(tmp_path / name)) as container:
            assert container.streams.audio[0].codec_context.name == codec
            assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(3200, abs=2100)


def test_odd_sides_lose_a_line(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", pan(3, width=51, height=37), codec="ffv1", pix_fmt="bgr0")
    run(request_of(source, steady=0.0))
    assert read_back(tmp_path / "out.mp4")[0][0].shape == (36, 50, 3)


def test_an_interrupted_clip_continues_with_the_same_frames(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylenet.video.groups.MOST_FRAMES", 4)  # groups end within a scene, too
    kept: dict[str, list[np.ndarray]] = {"whole": [], "parts": []}
    name, add = "whole", OpenGroup.add

    def spy(self: OpenGroup, frame: Any, painted: Any) -> None:
        kept[name].append(painted.copy())
        add(self, frame, painted)

    monkeypatch.setattr(OpenGroup, "add", spy)
    run(request_of(clip))
    name = "parts"
    painted: list[FrameDone] = []
    for event in paint_video(request_of(clip, output=str(clip.parent / "other.mp4")), should_stop=lambda: len(painted) >= 5):
        if isinstance(event, FrameDone):
            painted.append(event)
    assert not (clip.parent / "other.mp4").exists()
    with pytest.raises(CheckpointError, match="another request"):
        run(request_of(clip, output=str(clip.parent / "other.mp4"), resume=True, steady=10.0))
    events = run(request_of(clip, output=str(clip.parent / "other.mp4"), resume=True))
    assert events[0].painted == 5
    assert len(kept["parts"]) == len(kept["whole"]) == 8
    assert all(np.array_equal(one, other) for one, other in zip(kept["whole"], kept["parts"], strict=True))
    assert len(read_back(clip.parent / "other.mp4")[0]) == 8


def test_memory_does_not_grow_with_the_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylenet.video.groups.MOST_FRAMES", 4)
    monkeypatch.setattr("stylenet.workflows.frames.FramePainter._painted", lambda self, photo, *_: (photo, ()))
    held: list[weakref.ref[np.ndarray]] = []
    paint = FramePainter.paint

    def frames(*given: Any, **more: Any) -> Iterator[Any]:
        for frame in read_frames(*given, **more):
            held.append(weakref.ref(frame.pixels))
            yield frame

    def painted(self: FramePainter, *given: Any) -> Any:
        done = paint(self, *given)
        assert done is not None
        held.append(weakref.ref(done.pixels))
        return done

    monkeypatch.setattr("stylenet.workflows.clip_painter.read_frames", frames)
    monkeypatch.setattr(FramePainter, "paint", painted)
    clip = write_clip(tmp_path / "clip.mkv", pan(8) * 8, codec="ffv1", pix_fmt="bgr0")
    alive = [sum(known() is not None for known in held) for event in paint_video(request_of(clip)) if isinstance(event, FrameDone)]
    assert len(held) == 2 * 64
    assert max(alive) <= 2 * 14  # the frames of the open group, of the group that is being encoded, and of the past, each with its source


def test_a_part_of_a_clip_with_fewer_frames(clip: Path) -> None:
    run(request_of(clip, begin="0.2", end="0:00.7", fps=5.0, steady=0.0))
    assert read_back(clip.parent / "out.mp4")[1] == pytest.approx([0, 0.2, 0.4], abs=0.002)


def test_strength_and_style_turn_over_time(clip: Path) -> None:
    run(request_of(clip, strengths=(0.0, 100.0), steady=0.0))
    frames, _ = read_back(clip.parent / "out.mp4")
    source, _ = read_back(clip)
    changed = [float(np.abs(one.astype(float) - other).mean()) for one, other in zip(frames, source, strict=True)]
    assert changed[0] < 0.4 * changed[-1], changed
    assert shares_at(3, 0.25) == (0.5, 0.5, 0.0)
    assert shares_at(2, 1.0) == (0.0, 1.0)
    run(request_of(clip, styles=("starry-night", "great-wave"), steady=0.0, end="0.3"))


def test_scenes_begin_anew(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mkv", [*pan(3), *pan(3, seed=1)], codec="ffv1", pix_fmt="bgr0")
    events = run(request_of(source))
    assert [event.scenes for event in events if isinstance(event, FrameDone)] == [1, 1, 1, 2, 2, 2]


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


def test_times_in_words() -> None:
    assert [parse_time(text) for text in ("12.5", "1:05", "1:02:03.5")] == [12.5, 65.0, 3723.5]
