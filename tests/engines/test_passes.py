"""The common base of one-pass engines: regions, interruption and progress, with a trivial painter."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stylenet.catalog.recipes import load_recipe
from stylenet.engines.passes import OnePassEngine, TrainedPassEngine
from stylenet.engines.protocol import OpenStyle
from stylenet.errors import UsageError
from stylenet.events import Done, Progress
from stylenet.networks.progress import PartDone
from stylenet.requests.painting import Options
from stylenet.requests.task import Task
from stylenet.shapes import Image

PHOTO = np.full((1, 3, 8, 10), 0.5, np.float32)


class Brighter(OnePassEngine):
    """An engine that adds the numbers of the styles, in four parts."""

    recipe = load_recipe("instant")

    def _region(self, task: Task[OpenStyle], styles: Sequence[tuple[OpenStyle, float]], done: PartDone) -> Image:
        for _ in range(4):
            done(0.25)
        return task.photo + np.float32(sum(share * style.value for style, share in styles))


class Trained(TrainedPassEngine, Brighter):
    recipe = load_recipe("trained")

    def __init__(self) -> None:
        self._opened = {}
        self.count = 0

    def _open(self, source: Any) -> OpenStyle:
        self.count += 1
        return style(0.1)


def style(value: float) -> OpenStyle:
    return OpenStyle(name=f"{value}", sha256="0", value=value)


def painted(**fields: Any) -> list[Any]:
    values: dict[str, Any] = {"photo": PHOTO, "styles": [[(style(0.2), 0.5), (style(0.4), 0.5)]], **fields}
    return list(Brighter().paint(Task(**values)))


def test_styles_are_blended_and_values_clipped() -> None:
    (done,) = painted()
    np.testing.assert_allclose(done.image, 0.8, rtol=1e-6)
    assert (done.reason, done.steps) == ("finished", 0)
    (done,) = painted(styles=[[(style(3.0), 1.0)]])
    assert done.image.max() == 1


def test_regions_are_weighted() -> None:
    left = np.zeros((2, 1, 8, 10), np.float32)
    left[0, ..., :5] = left[1, ..., 5:] = 1
    (done,) = painted(styles=[[(style(0.1), 1.0)], [(style(0.3), 1.0)]], weights=left)
    np.testing.assert_allclose(done.image[..., :5], 0.6, rtol=1e-6)
    np.testing.assert_allclose(done.image[..., 5:], 0.8, rtol=1e-6)


def test_with_tiles_there_is_progress_over_all_regions() -> None:
    weights = np.full((2, 1, 8, 10), 0.5, np.float32)
    *parts, done = painted(styles=[[(style(0.1), 1.0)], [(style(0.3), 1.0)]], weights=weights, tile_px=10)
    assert isinstance(done, Done)
    assert all(isinstance(part, Progress) for part in parts)
    assert [part.share for part in parts] == pytest.approx([number / 8 for number in range(1, 9)])


def test_an_interruption_gives_the_photo() -> None:
    *_, done = painted(tile_px=10, should_stop=lambda: True)
    assert done.reason == "interrupted"
    np.testing.assert_array_equal(done.image, PHOTO)


def test_what_has_no_effect_is_rejected() -> None:
    engine = Brighter()
    engine.check(Options(), has_start=False, wants_previews=False)
    with pytest.raises(UsageError, match="omit --start, or choose a recipe that optimizes"):
        engine.check(Options(), has_start=True, wants_previews=False)
    with pytest.raises(UsageError, match="omit --save-every and --timelapse"):
        engine.check(Options(), has_start=False, wants_previews=True)
    with pytest.raises(UsageError, match="give --keep-colors histogram for the result"):
        Trained().check(Options(keep_colors="histogram:before"), has_start=False, wants_previews=False)
    with pytest.raises(UsageError, match=r"style '0\.1' is a single style; omit its shares"):
        engine.with_shares(style(0.1), (1.0,))


def test_a_network_is_opened_once_until_its_file_changes(tmp_path: Any) -> None:
    path, engine = tmp_path / "n.safetensors", Trained()
    path.write_bytes(b"1")
    for _ in range(2):
        engine.open_style(path)
    assert engine.count == 1
    os.utime(path, ns=(1, 1))
    engine.open_style(path)
    assert engine.count == 2
    opened = style(0.3)
    assert engine.open_style(opened) is opened
