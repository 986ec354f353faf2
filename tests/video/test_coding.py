"""The encoders of painted clips, by the suffix of the output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.video.coding import check_loop, coded_frame, coding_for, with_alpha
from stylenet.video.reading import probe, read_frames
from tests.video.clips import WIDTH, paint, pan, write_clip, write_transparent

av = pytest.importorskip("av")
pytest.importorskip("cv2")

COUNT = 4


@pytest.mark.parametrize(
    ("name", "opaque", "transparent"),
    [
        ("a.mp4", "H.264", "H.264"),
        ("a.MOV", "H.264", "ProRes"),
        ("a.mkv", "H.264", "H.264"),
        ("a.webm", "VP9", "VP9"),
        ("a.gif", "FFV1", "FFV1"),
        ("a.webp", "FFV1", "FFV1"),
    ],
)
def test_encoders_of_suffixes(name: str, opaque: str, transparent: str) -> None:
    assert coding_for(Path(name), has_alpha=False).name == opaque
    assert not coding_for(Path(name), has_alpha=False).has_alpha
    coding = coding_for(Path(name), has_alpha=True)
    assert (coding.name, coding.has_alpha) == (transparent, transparent != "H.264")


def test_a_build_without_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, mode: str) -> None:
        raise ValueError(name)

    monkeypatch.setattr(av, "Codec", missing)
    with pytest.raises(UsageError, match=r"this build of PyAV has no VP9 encoder; install the official one with: pip install"):
        coding_for(Path("a.webm"), has_alpha=False)


@pytest.mark.parametrize(("color", "luma"), [((0, 0, 0), 16), ((255, 255, 255), 235), ((255, 0, 0), 63), ((0, 255, 0), 173)])
def test_colors_are_coded_as_in_bt_709(color: tuple[int, int, int], luma: int) -> None:
    """Y = 16 + 219 (0.2126 R + 0.7152 G + 0.0722 B)."""
    frame = coded_frame(np.full((16, 16, 3), color, np.uint8), coding_for(Path("a.mp4"), has_alpha=False), 7, rate=10)
    assert np.abs(frame.to_ndarray()[:16].astype(int) - luma).max() <= 1
    assert frame.time == pytest.approx(0.7)


def test_transparency_of_another_size_is_resized() -> None:
    pixels, alpha = pan(1)[0], np.full((24, 32), 255, np.uint8)
    alpha[:, 16:] = 0
    assert with_alpha(pixels, None)[..., 3].min() == 255
    shown = with_alpha(pixels, alpha)
    assert np.array_equal(shown[..., :3], pixels)
    assert shown[:, : WIDTH // 2 - 4, 3].min() > 250
    assert shown[:, WIDTH // 2 + 4 :, 3].max() < 5


def test_loops_are_short() -> None:
    check_loop(Path("a.gif"), rate=50, frames=600)
    with pytest.raises(UsageError, match=r"at most 600 frames, and this one has about 601 frames; give --from and --to"):
        check_loop(Path("a.gif"), rate=50, frames=601)
    with pytest.raises(UsageError, match=r"and this one has an unknown number of frames"):
        check_loop(Path("a.gif"), rate=50, frames=None)


@pytest.mark.parametrize(("name", "codec"), [("out.webm", "vp9"), ("out.mov", "prores")])
def test_clips_keep_transparency(tmp_path: Path, name: str, codec: str) -> None:
    assert "transparent" not in paint(write_transparent(tmp_path / "in.mkv", COUNT), name)
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.video[0].codec_context.name == codec
    frames = list(read_frames(probe(tmp_path / name)))
    assert len(frames) == COUNT
    for frame in frames:
        assert frame.alpha is not None
        assert frame.alpha[:, : WIDTH // 2 - 4].min() > 245
        assert frame.alpha[:, WIDTH // 2 + 4 :].max() < 10


def test_what_a_format_cannot_hold_is_said(tmp_path: Path) -> None:
    assert "which H.264 does not support; to keep it, write a .webm" in paint(write_transparent(tmp_path / "in.mkv", COUNT), "out.mp4")
    fast = write_clip(tmp_path / "fast.mkv", pan(4), rate=60, codec="ffv1", pix_fmt="bgr0")
    with pytest.raises(UsageError, match=r"a \.gif has at most 50 frames per second, and the clip has 60; give --fps"):
        paint(fast, "fast.gif")
    long = write_clip(tmp_path / "long.mkv", pan(1) * 2, times=[0.0, 100.0], codec="ffv1", pix_fmt="bgr0")
    with pytest.raises(UsageError, match=r"a \.gif is for short clips of at most 600 frames, and this one has"):
        paint(long, "long.gif", fps=None)
    assert not list(tmp_path.glob("*.parts"))
