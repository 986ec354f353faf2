"""`stylenet sheet` and `stylenet sequence`."""

from __future__ import annotations

from pathlib import Path

import PIL.Image
import pytest

from stylenet.catalog.recipes import recipe_text
from tests.cli.conftest import INPUTS, Run, files_in


@pytest.fixture
def quick(folder: Path) -> tuple[str, ...]:
    """Options for a recipe of few steps."""
    (folder / "quick.toml").write_text(recipe_text("draft").replace("steps = [16, 8, 3]", "steps = [2, 1]"), encoding="utf-8")
    return "--recipe", "quick.toml"


def test_a_sheet(run: Run, folder: Path, quick: tuple[str, ...]) -> None:
    words = ("-o", "sheet.png", "--strengths", "30", "--style-scales", "0.5,2", "--size", "64")
    ended = run("sheet", "photo.png", "painting.jpg", *words, *quick)
    assert (ended.code, ended.err) == (0, "")
    assert "4 of 4: --strength 30 --style-scale 2 --keep-colors luminance" in ended.out
    with PIL.Image.open(folder / "sheet.png") as sheet:
        assert sheet.width > 4 * 64
    assert files_in(folder) == INPUTS | {"quick.toml", "sheet.png"}
    assert "--strengths is 'x'; write numbers" in run("sheet", "photo.png", "painting.jpg", "--strengths", "x").error


@pytest.mark.parametrize("name", ["turning.gif", "frames"])
def test_a_sequence(name: str, run: Run, folder: Path, quick: tuple[str, ...]) -> None:
    words = ("-n", "3", *quick, "--quiet", "--size", "48")
    ended = run("sequence", "photo.png", "painting.jpg", "drawing.png", "-o", name, *words)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    if name == "frames":
        assert sorted(path.name for path in (folder / name).iterdir()) == ["0001.png", "0002.png", "0003.png"]
    else:
        with PIL.Image.open(folder / name) as clip:
            assert clip.n_frames == 3  # type: ignore[attr-defined]


def test_what_is_no_sequence(run: Run, folder: Path) -> None:
    assert "needs at least two styles" in run("sequence", "photo.png", "painting.jpg", "-o", "a.gif").error
    assert "neither an animation" in run("sequence", "photo.png", "painting.jpg", "drawing.png", "-o", "a.txt").error
    assert files_in(folder) == INPUTS


@pytest.mark.parametrize("command", [("sheet", "--strengths", "30", "--style-scales", "1"), ("sequence", "drawing.png", "-n", "2")])
def test_notices_of_the_photo_are_printed(command: tuple[str, ...], run: Run, film: str, quick: tuple[str, ...]) -> None:
    name, *words = command
    ended = run(name, film, "painting.jpg", *words, "-o", "out.png" if name == "sheet" else "out.gif", *quick, "--size", "64")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "note: animated: the first of 2 frames is used"
