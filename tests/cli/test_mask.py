"""`stylenet mask`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw

from tests.cli.conftest import INPUTS, Run, files_in

pytest.importorskip("cv2")


@pytest.fixture
def disc(folder: Path) -> str:
    """An orange disc on a gray-blue background, rotated by EXIF: upright, it is 80 x 120, with the disc in the upper half."""
    picture = PIL.Image.new("RGB", (80, 120), (70, 95, 120))
    ImageDraw.Draw(picture).ellipse((20, 20, 60, 60), fill=(230, 140, 40))
    exif = PIL.Image.Exif()
    exif[274] = 6
    picture.rotate(90, expand=True).save(folder / "disc.png", exif=exif)
    return "disc.png"


def read(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as picture:
        levels = np.asarray(picture.convert("RGB"))
    assert (levels == levels[..., :1]).all()
    return levels[..., 0]


def test_a_subject_to_a_gray_picture_of_the_photos_size(run: Run, folder: Path, disc: str) -> None:
    ended = run("mask", disc, "-o", "mask.png")
    assert (ended.code, ended.err) == (0, "")
    levels = read(folder / "mask.png")
    assert levels.shape == (120, 80)
    assert levels[40, 40] == 255
    assert levels[110, 40] == 0
    share = int(re.match(r"mask\.png  \((\d+)% of the photo is inside\); edit it, or use it: --mask mask\.png=STYLE", ended.out)[1])  # type: ignore[index]
    assert share == pytest.approx(100 * np.pi * 20**2 / 9600, abs=3)


def test_the_name_is_made_from_the_photos(run: Run, folder: Path, disc: str) -> None:
    assert run("mask", disc, "--subject", "--quiet").out == ""
    run("mask", disc)
    assert files_in(folder) == INPUTS | {disc, "disc-mask.png", "disc-mask-2.png"}


def test_a_rectangle_in_percent_or_pixels_an_edge_and_the_surroundings(run: Run, folder: Path, disc: str) -> None:
    run("mask", disc, "-o", "pixels.png", "--rectangle", "12,12,56,60")
    run("mask", disc, "-o", "percent.png", "--rectangle", "15%,10%,70%,50%")
    run("mask", disc, "-o", "soft.png", "--rectangle", "15%,10%,70%,50%", "--feather", "6")
    run("mask", disc, "-o", "around.png", "--rectangle", "15%,10%,70%,50%", "--feather", "6", "--invert")
    hard, soft, around = (read(folder / f"{name}.png").astype(int) for name in ("percent", "soft", "around"))
    assert (read(folder / "pixels.png") == hard).all()
    assert ((soft > 0) & (soft < 255)).sum() > 2 * ((hard > 0) & (hard < 255)).sum()
    assert soft[40, 40] == 255
    assert abs(around - (255 - soft)).max() <= 1


def test_show_shades_what_is_outside(run: Run, folder: Path, disc: str) -> None:
    assert run("mask", disc, "-o", "mask.png", "--show", "look.jpg").code == 0
    with PIL.Image.open(folder / "look.jpg") as look:
        assert look.size == (80, 120)
        inside, outside = (np.asarray(look.getpixel(place)) for place in ((40, 40), (40, 110)))
    assert abs(inside - (230, 140, 40)).max() < 8
    assert outside[2] > outside[1]


def test_faces_where_there_are_none(run: Run, folder: Path, disc: str) -> None:
    ended = run("mask", disc, "--faces", "-o", "mask.png")
    assert ended.code == 3
    assert "no face is found" in ended.error
    assert files_in(folder) == INPUTS | {disc}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--faces", "--subject"), 2, "choose one"),
        (("--faces", "--rectangle", "1,2,3,4"), 2, "choose one"),
        (("--rectangle", "1,2,3"), 2, "--rectangle is '1,2,3'; write X,Y,WIDTH,HEIGHT in pixels or percent"),
        (("--rectangle", "0,0,90,10"), 2, "is not inside the photo, which has 80 x 120 pixels"),
        (("--feather", "-1"), 2, "--feather"),
        (("--output", "mask.jpg"), 7, "unsupported output format '.jpg'; allowed are .png"),
        (("--output", "disc.png"), 2, "is also an input"),
        (("--show", "disc.png"), 2, "is also an input"),
        (("--show", "./mask.png"), 2, "give two files"),
    ],
)
def test_wrong_words(run: Run, folder: Path, disc: str, words: tuple[str, ...], code: int, told: str) -> None:
    ended = run("mask", disc, *(() if "--output" in words else ("-o", "mask.png")), *words)
    assert ended.code == code
    assert told in ended.error
    assert files_in(folder) == INPUTS | {disc}


def test_without_opencv_the_extra_is_named(run: Run, disc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    ended = run("mask", disc)
    assert ended.code == 2
    assert 'pip install "stylenet[masks]"' in ended.error


def test_notices_of_the_photo_are_printed(run: Run, folder: Path, disc: str) -> None:
    with PIL.Image.open(folder / disc) as first:
        first.save(folder / "film.gif", save_all=True, append_images=[PIL.Image.new("RGB", first.size)])
    ended = run("mask", "film.gif")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "note: animated: the first of 2 frames is used")
    assert "note" not in run("mask", "film.gif", "--quiet").out
