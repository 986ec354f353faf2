"""Styles from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from stylenet.catalog.styles import list_styles
from tests.cli.conftest import INPUTS, QUICK, Run, files_in

CARD = ("--title", "A Painting", "--artist", "A Painter", "--year", "1889", "--licence", "CC0-1.0")


def test_a_painting_becomes_a_style_that_paints(run: Run, folder: Path) -> None:
    ended = run("styles", "add", "painting.jpg", "--name", "mine", *CARD)
    assert (ended.code, ended.err) == (0, "")
    assert any(line.split() == ["mine", "A", "Painting", "A", "Painter", "1889"] for line in run("styles", "ls").out.splitlines())
    card = next(card for card in json.loads(run("styles", "ls", "--json").out) if card["name"] == "mine")
    assert (card["title"], card["licence"], card["width"]) == ("A Painting", "CC0-1.0", 96)
    assert run("stylize", "photo.png", "mine", *QUICK).code == 0
    assert files_in(folder) == INPUTS | {"photo-mine.png"}


def test_show_tells_the_card_and_paints_a_swatch(run: Run, folder: Path) -> None:
    run("styles", "add", "painting.jpg", "--name", "mine", *CARD)
    told = run("styles", "show", "mine", "--no-swatch").out
    assert all(word in told for word in ("A Painting", "A Painter", "1889", "CC0-1.0", "96 x 72"))
    assert files_in(folder) == INPUTS
    assert run("styles", "show", "mine", "--size", "48").code == 0
    assert files_in(folder) == INPUTS | {"mine-swatch.png"}


def test_nothing_is_shown_where_the_swatch_cannot_be_painted(run: Run) -> None:
    ended = run("styles", "show", "great-wave", "--size", "1")
    assert (ended.code, ended.out) == (3, "")
    assert "at least 16 on each side" in ended.error


def test_options_of_the_swatch_need_one(run: Run) -> None:
    assert "--output and --size are for the swatch" in run("styles", "show", "great-wave", "--no-swatch", "--size", "64").error


def test_every_style_that_ls_shows_can_be_shown(run: Run) -> None:
    names = [card["name"] for card in json.loads(run("styles", "ls", "--json").out)]
    assert len(names) > 40
    assert all(run("styles", "show", name, "--no-swatch").code == 0 for name in names)


def _add_old_file(folder: Path, name: str = "old") -> Path:
    """A style file of format 1 in the library."""
    library = folder.parent / "styles"
    library.mkdir(exist_ok=True)
    path = library / f"{name}.safetensors"
    card = json.dumps({"name": name, "format": 1, "encoder_sha256": "0" * 64})
    save_file({"statistics": torch.zeros(1)}, path, metadata={"stylenet_style": card})
    return path


def test_a_style_file_that_cannot_be_used_is_a_line_of_the_list(run: Run, folder: Path) -> None:
    _add_old_file(folder)
    (folder.parent / "styles" / "broken.safetensors").write_bytes(b"no style")
    ended = run("styles", "ls")
    assert ended.code == 0
    (line,) = [line for line in ended.out.splitlines() if line.startswith("old:")]
    assert "made by an older StyleNet" in line
    assert "broken: " in ended.out
    rows = json.loads(run("styles", "ls", "--json").out)
    assert {row["name"] for row in rows if "problem" in row} == {"old", "broken"}
    assert len(rows) == len(list_styles()) + 2
    assert "made by an older StyleNet" in run("stylize", "photo.png", "old").error


def test_a_built_in_name_means_the_built_in_style(run: Run, folder: Path) -> None:
    for more in ((), ("--replace",)):
        assert "'starry-night' is a built-in style" in run("styles", "add", "painting.jpg", "--name", "starry-night", *more).error
    _add_old_file(folder, "starry-night")
    assert run("styles", "show", "starry-night", "--no-swatch").code == 0
    assert "starry-night: style file " in run("styles", "ls").out


@pytest.mark.parametrize(("name", "reason"), [("photo", "--mask FILE=photo"), ("1889", "--blend")])
def test_a_name_that_means_something_else_is_rejected(run: Run, name: str, reason: str) -> None:
    assert reason in run("styles", "add", "painting.jpg", "--name", name).error


def test_notices_of_the_painting_are_printed(run: Run, film: str) -> None:
    notice = "animated: the first of 2 frames is used"
    assert run("styles", "add", film, "-o", "added.safetensors").out.splitlines()[0] == f"note: {notice}"
    painted = run("stylize", "photo.png", film, "-r", "instant", "-o", "out.png")
    assert painted.code == 0
    assert f"note: style 'film': {notice}" in painted.out.splitlines()


def test_added_styles_can_be_deleted(run: Run, folder: Path) -> None:
    paths = [_add_old_file(folder, name) for name in ("one", "two", "three")]
    assert "Did you mean 'three'" in run("styles", "rm", "one", "thre").error
    assert "'great-wave' is a built-in style; only" in run("styles", "rm", "one", "great-wave").error
    assert all(path.exists() for path in paths)
    assert run("styles", "rm", "one", "two").code == 0
    assert [path.exists() for path in paths] == [False, False, True]


def test_a_style_file_of_ones_own(run: Run, folder: Path) -> None:
    assert run("styles", "add", "painting.jpg", "-o", "shared.safetensors").code == 0
    assert json.loads(run("styles", "show", "shared.safetensors", "--json", "--no-swatch").out)["name"] == "painting"
    assert run("stylize", "photo.png", "shared.safetensors", *QUICK).code == 0
    assert "painting" not in [card["name"] for card in json.loads(run("styles", "ls", "--json").out)]


def test_a_name_that_is_taken_is_not_replaced_unasked(run: Run, folder: Path) -> None:
    path = _add_old_file(folder, "painting")
    before = path.read_bytes()
    assert "--replace" in run("styles", "add", "painting.jpg").error
    assert path.read_bytes() == before
    assert run("styles", "add", "painting.jpg", "--replace").code == 0
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "missing.jpg"), 3, "missing.jpg"),
        (("add", "painting.jpg", "--name", "My Style"), 5, "My Style"),
        (("add", "painting.jpg", "--name", "../mine"), 5, "../mine"),
        (("add", "painting.jpg", "-o", "mine.png"), 7, ".safetensors"),
        (("add", "painting.jpg", "-o", "nowhere/mine.safetensors"), 7, "nowhere"),
        (("show", "no-such-style"), 5, "no-such-style"),
        (("show", "missing.safetensors"), 5, "missing.safetensors"),
    ],
)
def test_bad_input(run: Run, folder: Path, words: tuple[str, ...], code: int, told: str) -> None:
    ended = run("styles", *words)
    assert ended.code == code
    assert told in ended.error
    assert files_in(folder) == INPUTS
    assert not (folder.parent / "styles").exists()
