"""Options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stylenet.cli.options import is_picture, parse_blend, weights_file
from stylenet.errors import UsageError
from tests.cli.conftest import QUICK, Run


def test_two_styles_with_shares_as_people_write_them(run: Run) -> None:
    words = ("stylize", "photo.png", "painting.jpg", "drawing.png", "--json", "-o", "out.png", *QUICK)
    for blend in (("--blend", "0.75", "0.25"), ("--blend", "0.75 0.25"), ("--blend", "3,1")):
        done = json.loads(run(*words, *blend).out.splitlines()[-1])
        assert [(style["name"], style["share"]) for style in done["receipt"]["styles"]] == [("painting", 0.75), ("drawing", 0.25)]


def test_shares_may_stand_before_the_photo(run: Run) -> None:
    words = ("stylize", "--blend", "0.75", "0.25", "photo.png", "painting.jpg", "drawing.png", "--strength", "0", "--json", "-o", "out.png")
    done = json.loads(run(*words).out.splitlines()[-1])
    assert done["receipt"]["photo"] == "photo.png"
    assert [(style["name"], style["share"]) for style in done["receipt"]["styles"]] == [("painting", 0.75), ("drawing", 0.25)]


def test_the_name_of_a_style_where_a_picture_is_needed(run: Run) -> None:
    told = "'great-wave' is the name of a style, which holds no picture"
    assert (
        f"{told}; give the file of the photo instead; the photo comes first: photo.png great-wave"
        in run("stylize", "great-wave", "photo.png").error
    )
    for words in (("train", "great-wave", "--photos", "."), ("styles", "add", "great-wave")):
        assert f"{told}; give the file of the painting instead" in run(*words).error
    assert told in run("sheet", "great-wave", "painting.jpg").error
    assert told in run("sequence", "great-wave", "senecio", "the-scream", "-o", "a.gif").error


def test_shares_and_styles_are_distinguished() -> None:
    assert parse_blend(None, ["a.jpg", "0.5"]) == ((), ["a.jpg", "0.5"]), "without --blend, a number is the name of a style"
    assert parse_blend("1, .5;2e-1:3", ["a.jpg"]) == ((1.0, 0.5, 0.2, 3.0), ["a.jpg"])
    assert parse_blend("1", ["1889.jpg", "2", "./3"]) == ((1.0, 2.0), ["1889.jpg", "./3"])
    for blend in ("half", "1/2", "50%", ""):
        with pytest.raises(UsageError, match=f"--blend is '{blend}'; write one number for each style, such as --blend 0.7 0.3"):
            parse_blend(blend, ["a.jpg"])


def test_pictures_among_arguments(folder: Path) -> None:
    (folder / "great-wave").write_bytes((folder / "painting.jpg").read_bytes())
    (folder / "style.safetensors").touch()
    (folder / "paintings").mkdir()
    assert is_picture("photo.png")
    assert is_picture("./great-wave")
    for word in ("great-wave", "style.safetensors", "paintings", "missing.png"):
        assert not is_picture(word), word


def test_weights_are_a_file_or_a_name(folder: Path) -> None:
    (folder / "mine.pth").touch()
    assert weights_file("mine.pth") == Path("mine.pth")
    assert weights_file("vgg19") is None
    assert weights_file(None) is None
