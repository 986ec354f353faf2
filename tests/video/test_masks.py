"""Masks for clips: pictures, folders, and clips of masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.errors import UsageError
from stylenet.image.files import save_image
from stylenet.video.flow import image_of
from stylenet.video.groups import OpenGroup
from stylenet.workflows.video import FrameDone, paint_video
from tests.video.clips import HEIGHT, WIDTH, pan, request_of, write_clip

pytest.importorskip("av")
pytest.importorskip("cv2")

COUNT = 6


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mkv", pan(COUNT), codec="ffv1", pix_fmt="bgr0")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """The frames before they are encoded."""
    kept: list[np.ndarray] = []
    add = OpenGroup.add

    def spy(self: OpenGroup, frame: Any, painted: Any) -> None:
        kept.append(painted.copy())
        add(self, frame, painted)

    monkeypatch.setattr(OpenGroup, "add", spy)
    return kept


def mask(number: int) -> NDArray[np.uint8]:
    """White in the leftmost columns: none in the first frame, 8 more in every other one."""
    levels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    levels[:, : 8 * number] = 255
    return levels


def folder_of(tmp_path: Path, count: int = COUNT) -> Path:
    folder = tmp_path / "masks"
    folder.mkdir()
    for number in range(count):
        save_image(image_of(mask(number)), folder / f"{number:03d}.png")
    return folder


def columns_kept(frame: np.ndarray, source: np.ndarray) -> int:
    """Leftmost columns that equal the clip's."""
    same = (frame == source).all(axis=(0, 2))
    return WIDTH if same.all() else int(same.argmin())


def paint(clip: Path, *masks: str, **values: Any) -> list[Any]:
    return list(paint_video(request_of(clip, masks=masks, **values)))


@pytest.mark.parametrize("kind", ["folder", "clip"])
def test_a_mask_moves_with_the_frames(clip: Path, kind: str, written: list[np.ndarray]) -> None:
    if kind == "folder":
        masks = folder_of(clip.parent)
    else:
        masks = write_clip(clip.parent / "masks.mkv", [mask(number) for number in range(COUNT)], codec="ffv1", pix_fmt="bgr0")
    paint(clip, f"{masks}=photo")
    assert [columns_kept(*pair) for pair in zip(written, pan(COUNT), strict=True)] == [0, 8, 16, 24, 32, 40]


def test_a_part_of_the_clip_takes_its_own_masks(clip: Path, written: list[np.ndarray]) -> None:
    masks = write_clip(clip.parent / "masks.mkv", [mask(number) for number in range(COUNT)], codec="ffv1", pix_fmt="bgr0")
    paint(clip, f"{masks}=photo", begin="0.2", fps=5.0)
    assert [columns_kept(*pair) for pair in zip(written, pan(COUNT)[2::2], strict=True)] == [16, 32]


def test_one_picture_holds_for_all_frames_and_may_bring_a_style(clip: Path, written: list[np.ndarray]) -> None:
    folder = folder_of(clip.parent)
    paint(clip, f"invert:{folder / '004.png'}=photo", steady=0.0)
    assert all((frame[:, 32:] == source[:, 32:]).all() for frame, source in zip(written, pan(COUNT), strict=True))
    plain = [frame.copy() for frame in written]
    written.clear()
    paint(clip, f"{folder / '004.png'}=great-wave", steady=0.0)
    assert not np.array_equal(plain[0][:, :24], written[0][:, :24])


def test_a_wrong_number_of_masks_is_refused_before_work(clip: Path) -> None:
    folder = folder_of(clip.parent, count=4)
    with pytest.raises(UsageError, match=r"has 4 pictures, the clip has 6 frames; give one mask for each frame"):
        paint(clip, f"{folder}=photo")
    masks = write_clip(clip.parent / "masks.mkv", [mask(1)] * 5, codec="ffv1", pix_fmt="bgr0")
    with pytest.raises(UsageError, match=r"has 5 frames, the clip has 6"):
        paint(clip, f"{masks}=photo")
    assert not (clip.parent / "out.mp4.parts").exists()


def test_a_frame_without_a_face_is_painted_whole(clip: Path, written: list[np.ndarray]) -> None:
    events = paint(clip, protect=("faces",))
    assert sum(isinstance(event, FrameDone) for event in events) == COUNT
    assert columns_kept(written[0], pan(1)[0]) < WIDTH
