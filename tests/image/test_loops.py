"""Loops in all three formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.image.loops import LOOP_SUFFIXES, save_loop


def frames(channels: int) -> list[np.ndarray]:
    """Three pictures whose halves have very different colors; with alpha, the left half is transparent."""
    made = []
    for number in range(3):
        frame = np.full((8, 12, channels), 40 + 80 * number, np.uint8)
        frame[:, 6:, 0] = 250 - 80 * number
        if channels == 4:
            frame[:, :6, 3], frame[:, 6:, 3] = 0, 255
        made.append(frame)
    return made


@pytest.mark.parametrize("suffix", [*LOOP_SUFFIXES, ".GIF"])
def test_frames_and_times_come_back(suffix: str, tmp_path: Path) -> None:
    path = save_loop(frames(3), tmp_path / f"loop{suffix}", shown_ms=[100, 200, 300])
    with PIL.Image.open(path) as loop:
        assert loop.n_frames == 3  # type: ignore[attr-defined]
        assert loop.info["loop"] == 0
        for number, frame in enumerate(frames(3)):
            loop.seek(number)
            assert np.abs(np.asarray(loop.convert("RGB"), np.int16) - frame).mean() < 12
            assert loop.info["duration"] == 100 * (number + 1)
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", LOOP_SUFFIXES)
def test_transparent_pixels_stay_transparent(suffix: str, tmp_path: Path) -> None:
    path = save_loop(frames(4), tmp_path / f"loop{suffix}", shown_ms=[50] * 3)
    with PIL.Image.open(path) as loop:
        for number in range(3):
            loop.seek(number)
            alpha = np.asarray(loop.convert("RGBA"))[..., 3]
            assert not alpha[:, :6].any()
            assert (alpha[:, 6:] == 255).all()


def test_a_loop_that_fails_leaves_the_file_before(tmp_path: Path) -> None:
    path = tmp_path / "loop.gif"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="not enough"):
        save_loop(iter([]), path, shown_ms=[])
    assert path.read_bytes() == b"before"
