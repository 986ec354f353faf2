"""The demo."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest

from stylenet.catalog import styles
from tests.cli.conftest import Run, files_in


def test_paints_sample_photographs_and_a_sheet(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = tuple(styles.read_card(styles.find_style(name)) for name in ("senecio", "goldfish", "four-trees"))
    monkeypatch.setattr(styles, "list_styles", lambda: cards)
    ended = run("demo", "--size", "48", "--set", "pyramid.steps=[2]", "--output", "results/demo")
    assert (ended.code, ended.err) == (0, "")
    assert str(folder / "results" / "demo") in ended.out
    assert "4 pictures painted in" in ended.out
    painted = {"astronaut-senecio.png", "coffee-goldfish.png", "cat-four-trees.png", "rocket-senecio.png"}
    assert files_in(folder / "results" / "demo") == painted | {"astronaut.png", "coffee.png", "cat.png", "rocket.png", "sheet.png"}
    with PIL.Image.open(folder / "results" / "demo" / "sheet.png") as sheet:
        assert sheet.width > 4 * 300


def test_a_folder_that_cannot_be_made(run: Run, folder: Path) -> None:
    assert run("demo", "--output", "photo.png/demo").code == 7
