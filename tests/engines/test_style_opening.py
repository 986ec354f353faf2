"""Opening styles from every kind of source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylenet.engines.style_opening import opened_style
from stylenet.errors import StyleError
from stylenet.image.files import save_image
from stylenet.styles.stored import StoredStyle


def picture(level: float) -> np.ndarray:
    return np.full((1, 3, 70, 80), level, np.float32)


def mean_of(found: object) -> float:
    return float(found.pixels.mean())  # type: ignore[attr-defined]


def mixed(name: str, parts: object) -> tuple[str, object]:
    return name, parts


def test_files_are_measured_folders_mixed_and_names_read(tmp_path: Path) -> None:
    for name, level in (("one", 0.2), ("two", 0.6)):
        (tmp_path / "both").mkdir(exist_ok=True)
        save_image(picture(level), tmp_path / "both" / f"{name}.png")
    one = opened_style(tmp_path / "both" / "one.png", mean_of, mixed)
    assert (one.name, one.value) == ("one", pytest.approx(0.2, abs=1e-3))
    both = opened_style(tmp_path / "both", mean_of, mixed)
    assert both.value == ("both", [pytest.approx(0.2, abs=1e-3), pytest.approx(0.6, abs=1e-3)])
    assert isinstance(opened_style("starry-night", mean_of, mixed).value, StoredStyle)


def test_the_hash_is_that_of_the_recolored_picture() -> None:
    plain = opened_style(picture(0.5), mean_of, mixed)
    darker = opened_style(picture(0.5), mean_of, mixed, recolor=lambda image: image * np.float32(0.5))
    assert darker.value == pytest.approx(0.25)
    assert darker.sha256 == opened_style(picture(0.25), mean_of, mixed).sha256 != plain.sha256


def test_a_style_without_a_picture_cannot_be_recolored() -> None:
    with pytest.raises(StyleError, match="starry-night"):
        opened_style("starry-night", mean_of, mixed, recolor=lambda image: image)
