"""Styles from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stylenet.catalog import recipes
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


def test_show_tells_the_card_and_paints_a_swatch(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("styles", "add", "painting.jpg", "--name", "mine", *CARD)
    told = run("styles", "show", "mine", "--no-swatch").out
    assert all(word in told for word in ("A Painting", "A Painter", "1889", "CC0-1.0", "96 x 72"))
    assert files_in(folder) == INPUTS
    monkeypatch.setattr(recipes, "EVERYDAY", ())
    changed = recipes.recipe_text("standard").replace("steps = [150, 80, 50]", "steps = [2]")
    monkeypatch.setattr(recipes, "recipe_text", lambda name: changed)
    assert run("styles", "show", "mine", "--size", "48").code == 0
    assert files_in(folder) == INPUTS | {"mine-swatch.png"}


def test_a_style_file_of_ones_own(run: Run, folder: Path) -> None:
    assert run("styles", "add", "painting.jpg", "-o", "shared.safetensors").code == 0
    assert json.loads(run("styles", "show", "shared.safetensors", "--json", "--no-swatch").out)["name"] == "painting"
    assert run("stylize", "photo.png", "shared.safetensors", *QUICK).code == 0
    assert "painting" not in [card["name"] for card in json.loads(run("styles", "ls", "--json").out)]


def test_a_name_that_is_taken_is_not_replaced_unasked(run: Run) -> None:
    assert run("styles", "add", "painting.jpg").code == 0
    assert "--replace" in run("styles", "add", "painting.jpg").error
    assert run("styles", "add", "painting.jpg", "--replace").code == 0


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
