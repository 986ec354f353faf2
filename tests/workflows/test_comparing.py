"""Finished pictures are measured from their files, with a sheet or a heat map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import ImageError, OutputError, StyleError
from stylenet.image.files import Picture, load_image, save_image
from stylenet.workflows.comparing import compare_files, explain_file


@pytest.fixture
def photo_file(photo: Picture, tmp_path: Path) -> Path:
    return save_image(photo.pixels, tmp_path / "photo.png")


@pytest.fixture
def gray_file(photo: Picture, tmp_path: Path) -> Path:
    return save_image(np.full_like(photo.pixels, 0.5), tmp_path / "gray.png")


def test_rows_are_in_the_order_of_the_files(photo_file: Path, gray_file: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    rows = compare_files([gray_file, photo_file], photo=photo_file, styles=["starry-night"], encoder="compact", sheet=sheet)
    gray, same = rows
    assert same.ssim == pytest.approx(1.0, abs=1e-6)
    assert same.content == pytest.approx(0.0, abs=1e-6)
    assert gray.ssim is not None
    assert gray.ssim < 0.9
    assert gray.content is not None
    assert gray.content > 0.1
    assert all(row.style is not None for row in rows)
    assert load_image(sheet).width > 2 * 300


def test_without_photo_and_style_there_is_nothing_to_compare_with(gray_file: Path) -> None:
    (row,) = compare_files([gray_file], encoder="compact")
    assert (row.style, row.gram, row.content, row.ssim, row.edges) == (None,) * 5
    assert row.noise == 0


def test_the_photo_itself_has_lost_nothing_of_its_content(photo_file: Path, gray_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "map.png"
    content, style = explain_file(photo_file, photo_file, ["starry-night"], output, encoder="compact")
    assert content.startswith("content lost: 0 on average")
    assert style.startswith("style missing: ")
    assert " 0 on average" not in style
    assert load_image(output).width >= 3 * 80, "the picture and two heat maps"
    lost, _ = explain_file(gray_file, photo_file, ["starry-night"], output, encoder="compact")
    assert " 0 on average" not in lost


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"results": ["missing.png"]}, ImageError, "missing.png"),
        ({"photo": "missing.png"}, ImageError, "missing.png"),
        ({"styles": ["no-such-style"]}, StyleError, "no-such-style"),
        ({"sheet": "nowhere/sheet.png"}, OutputError, "nowhere"),
    ],
)
def test_what_cannot_be_opened_or_written(
    photo_file: Path, tmp_path: Path, values: dict[str, object], error: type[Exception], message: str
) -> None:
    def path_of(name: object) -> Path:
        return tmp_path / str(name)

    results = [path_of(name) for name in values.get("results", [photo_file])]  # type: ignore[attr-defined]
    photo, sheet = (path_of(values[name]) if name in values else None for name in ("photo", "sheet"))
    styles: list[str] = values.get("styles", [])  # type: ignore[assignment]
    with pytest.raises(error, match=message):
        compare_files(results, photo=photo, styles=styles, encoder="compact", sheet=sheet)
