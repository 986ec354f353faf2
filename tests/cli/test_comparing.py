"""`stylenet compare` and `stylenet explain`."""

from __future__ import annotations

import json
from pathlib import Path

import PIL.Image

from tests.cli.conftest import INPUTS, Run, files_in


def test_compare_as_a_table(run: Run) -> None:
    ended = run("compare", "photo.png", "drawing.png", "--photo", "photo.png", "--style", "painting.jpg")
    assert (ended.code, ended.err) == (0, "")
    head, photo, drawing = ended.out.splitlines()
    assert head.split()[:3] == ["result", "style", "(less)"]
    assert "ssim (more)" in head
    assert "1*" in photo
    assert drawing.startswith("drawing.png")


def test_compare_as_json_leaves_out_what_was_not_given(run: Run) -> None:
    (row,) = json.loads(run("compare", "photo.png", "--json").out)
    assert row["result"] == "photo.png"
    assert row["style"] is row["content"] is None
    assert row["noise"] >= 0


def test_compare_as_a_sheet(run: Run, folder: Path) -> None:
    ended = run("compare", "photo.png", "drawing.png", "--photo", "photo.png", "--sheet", "sheet.png")
    assert (ended.code, ended.err) == (0, "")
    with PIL.Image.open(folder / "sheet.png") as sheet:
        assert sheet.width > 2 * 300
    assert run("compare", "photo.png", "--sheet", "photo.png").code != 0
    assert files_in(folder) == INPUTS | {"sheet.png"}


def test_explain(run: Run, folder: Path) -> None:
    ended = run("explain", "photo.png", "--photo", "photo.png", "--style", "painting.jpg", "-o", "told.png")
    assert (ended.code, ended.err) == (0, "")
    assert "content lost: 0 on average" in ended.out
    with PIL.Image.open(folder / "told.png") as sheet:
        assert sheet.width > 3 * 60
    assert files_in(folder) == INPUTS | {"told.png"}
    assert run("explain", "photo.png", "--photo", "photo.png", "-o", "b.png").code == 2


def test_notices_of_the_pictures_are_printed(run: Run, film: str) -> None:
    notice = f"note: {film}: animated: the first of 2 frames is used"
    compared = run("compare", film, "--json")
    assert (compared.code, compared.err) == (0, f"{notice}\n")
    assert len(json.loads(compared.out)) == 1
    explained = run("explain", "photo.png", "--photo", film, "--style", "painting.jpg", "-o", "heat.png")
    assert (explained.code, explained.out.splitlines()[0]) == (0, notice)
