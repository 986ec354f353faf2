"""Short clips, a photo to work with, and a recipe of two steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylenet.painting.stylizer import Stylizer, open_stylizer

LONG = 52
"""Frames of the longest scene of `three_scenes`, which has two groups."""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Eight frames of one scene."""
    pytest.importorskip("av")
    from tests.video.clips import pan, write_clip

    return write_clip(tmp_path / "clip.mkv", pan(8), codec="ffv1", pix_fmt="bgr0")


@pytest.fixture(scope="session")
def three_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes of 3, 52 and 4 frames."""
    pytest.importorskip("av")
    from tests.video.clips import pan, write_clip

    there_and_back = [*pan(LONG // 2, seed=1), *pan(LONG // 2, seed=1)[::-1]]
    frames = [*pan(3), *there_and_back, *pan(4, seed=2)]
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mkv", frames, codec="ffv1", pix_fmt="bgr0")


@pytest.fixture(scope="module")
def quick() -> Stylizer:
    """Paints two steps a level."""
    return open_stylizer("draft", changes={"pyramid.steps": "[2]"}, precision="float32")
