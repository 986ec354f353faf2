"""The command line of the light install."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stylenet

TORCH = 'install it with: pip install "stylenet[torch]"\n'


def test_the_default_recipe_is_said_once(run: Any) -> None:
    ended = run("stylize", "photo.png", "starry-night", "-o", "out.png")
    assert ended.returncode == 0, ended.error
    assert ended.out.count("PyTorch is not installed: using recipe instant") == 1
    assert "torch" not in run("stylize", "photo.png", "starry-night", "-o", "out.png", "-r", "instant").out


def test_several_photos_share_a_network(run: Any, folder: Path, photo: Any) -> None:
    stylenet.save_image(photo.pixels[..., ::-1].copy(), folder / "other.png")
    ended = run("stylize", "photo.png", "other.png", "starry-night", "-o", "painted")
    assert ended.returncode == 0, ended.error
    assert ended.out.count("PyTorch is not installed") == 1
    assert sorted(path.name for path in (folder / "painted").iterdir()) == ["other-starry-night.png", "photo-starry-night.png"]


def test_masks_colors_and_a_replay(run: Any, folder: Path) -> None:
    options = ("--mask", "mask.png=great-wave", "--feather", "3", "--keep-colors", "luminance", "--strength", "70")
    assert run("stylize", "photo.png", "painting.png", "-o", "out.png", *options).returncode == 0
    again = run("stylize", "--replay", "out.png", "-o", "again.png")
    assert again.returncode == 0, again.error
    assert np.array_equal(stylenet.load_image(folder / "out.png").pixels, stylenet.load_image(folder / "again.png").pixels)


def test_standard_output_takes_the_picture_alone(run: Any, folder: Path) -> None:
    ended = run("stylize", "-", "starry-night", "-o", "-", given=(folder / "photo.png").read_bytes())
    assert ended.returncode == 0, ended.error
    assert ended.stdout.startswith(b"\x89PNG\r\n")
    assert stylenet.load_image(ended.stdout).pixels.shape == (1, 3, 64, 80)
    assert "PyTorch is not installed" in ended.error


def test_sheet_and_sequence(run: Any, folder: Path) -> None:
    assert run("sheet", "photo.png", "starry-night", "-o", "sheet.png", "--size", 64, "--style-scales", "1").returncode == 0
    assert run("sequence", "photo.png", "starry-night", "great-wave", "-o", "turn.gif", "--frames", 3).returncode == 0
    assert (folder / "sheet.png").is_file()
    assert (folder / "turn.gif").is_file()


@pytest.mark.parametrize(
    "words",
    [
        "stylize photo.png starry-night -r standard",
        "stylize photo.png starry-night --refine",
        "stylize photo.png starry-night --precision bfloat16",
        "stylize photo.png starry-night -r instant --encoder vgg19",
        "texture starry-night",
        "train painting.png --photos .",
        "compare photo.png --style starry-night",
        "explain photo.png --photo photo.png --style starry-night",
        "enlarge photo.png network.safetensors",
        "colorize photo.png network.safetensors",
        "export instant out.onnx",
        "styles add painting.png",
        "styles show starry-night -o swatch.png",
        "weights get vgg16-torchvision",
        "weights verify compact",
        "weights import photo.png",
        "bench --quick",
    ],
)
def test_what_needs_torch_says_so_in_one_line(run: Any, folder: Path, words: str) -> None:
    before = sorted(folder.iterdir())
    ended = run(*words.split())
    assert ended.returncode == 2
    assert ended.error.startswith("stylenet: error: ")
    assert ended.error.endswith(TORCH)
    assert ended.error.count("\n") == 1
    assert sorted(folder.iterdir()) == before


def test_styles_are_shown_without_their_swatch(run: Any, folder: Path) -> None:
    ended = run("styles", "show", "starry-night")
    assert ended.returncode == 0
    assert "Vincent van Gogh" in ended.out
    assert ended.error == f"the swatch is a texture, which needs torch; {TORCH}"
    assert not (folder / "starry-night-swatch.png").exists()


def test_the_doctor_knows_what_is_missing(run: Any) -> None:
    ended = run("doctor", "--seconds", 0.1)
    assert ended.returncode == 0, ended.error
    told = " ".join(ended.out.split())
    assert "extras missing: torch, " in told
    assert told.count('pip install "stylenet[torch,') == 1
    assert "for a picture of 512 x 512 with recipe instant" in told
    assert told.endswith("no problems found")


def test_the_demo_paints_computed_scenes(run: Any, folder: Path) -> None:
    ended = run("demo", "-o", "demo", "--size", 64)
    assert ended.returncode == 0, ended.error
    assert sorted(path.stem for path in (folder / "demo").iterdir()) == [
        "face",
        "face-the-scream",
        "hills",
        "hills-starry-night",
        "sheet",
        "street",
        "street-great-wave",
    ]
