"""Detection of cuts between scenes."""

from __future__ import annotations

from stylenet.video.scenes import CutDetector
from tests.video.clips import pan


def test_cuts() -> None:
    frames = [*pan(4), *pan(4, seed=1), *pan(2, seed=2)]
    detector = CutDetector()
    assert [index for index, frame in enumerate(frames) if detector.is_cut(frame)] == [0, 4, 8]
    again = CutDetector()
    again.continue_from(frames[3], 0.1)
    assert again.is_cut(frames[4])
    assert not again.is_cut(frames[5])
