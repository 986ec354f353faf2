"""Names have the same meaning in every folder; files with the same names are given as paths."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stylenet.cli.options import parse_blend
from stylenet.errors import StyleError
from stylenet.styles.sources import open_palette
from tests.cli.conftest import Run

INSTANT = ("--recipe", "instant", "--size", "64")


@pytest.fixture(params=["file", "folder", "folder of pictures"])
def shadowed(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A current folder with files that have the names of styles, recipes, networks and weights."""
    for name in ("instant", "trained", "draft", "starry-night", "compact", "vgg16", "vgg19", "content", "photo", "none", "0.5", "#264653"):
        if request.param == "file":
            (folder / name).write_bytes((folder / "painting.jpg").read_bytes())
        else:
            (folder / name).mkdir()
        if request.param == "folder of pictures":
            (folder / name / "one.jpg").write_bytes((folder / "painting.jpg").read_bytes())
    return folder


@pytest.mark.parametrize("shadowed", ["file", "folder of pictures"], indirect=True)
def test_recipes_styles_networks_and_encoders_are_found_by_name(run: Run, shadowed: Path) -> None:
    for recipe in ("instant", "trained"):
        ended = run("stylize", "photo.png", "starry-night", "-o", "out.png", "--json", "--recipe", recipe, "--size", "64")
        assert (ended.code, ended.err) == (0, "")
        receipt = json.loads(ended.out.splitlines()[-1])["receipt"]
        assert (receipt["recipe"]["name"], receipt["styles"][0]["name"]) == (recipe, "starry-night")
    for more in (("--encoder", "compact"), ("--encoder", "vgg19"), ("--palette", "starry-night")):
        assert run("stylize", "photo.png", "starry-night", "-o", "out.png", *INSTANT, *more).code == 0
    assert run("stylize", "photo.png", "starry-night", "-r", "draft", "--size", "64", "--start", "content", "--dry-run").code == 0
    assert run("recipes", "show", "draft").code == 0
    assert run("styles", "show", "starry-night", "--no-swatch").code == 0


def test_weights_that_are_not_installed_are_no_file_that_is_called_so(run: Run, shadowed: Path) -> None:
    ended = run("stylize", "photo.png", "painting.jpg", "--encoder", "vgg16", "--dry-run")
    assert (ended.code, "weights get vgg16-torchvision" in ended.error) == (6, True)
    if (shadowed / "vgg16").is_file():
        assert "vgg16" in run("stylize", "photo.png", "painting.jpg", "--encoder", "./vgg16", "--dry-run").error


@pytest.mark.parametrize("shadowed", ["folder of pictures"], indirect=True)
def test_a_network_that_ships_is_exported_by_name(run: Run, shadowed: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    assert run("export", "starry-night", "night.onnx", "--quiet").code == 0


def test_a_path_is_what_lies_there(run: Run, shadowed: Path) -> None:
    ended = run("stylize", "photo.png", "./starry-night", "-o", "out.png", "--json", *INSTANT)
    pictures = (shadowed / "starry-night").is_file() or any((shadowed / "starry-night").iterdir())
    assert (ended.code == 0) == pictures
    assert "./starry-night" in ended.error or "folder" in ended.error if not pictures else not ended.err


def test_a_folder_without_a_style_of_its_name_is_a_style(run: Run, folder: Path) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "one.jpg").write_bytes((folder / "painting.jpg").read_bytes())
    assert run("stylize", "photo.png", "mine", "-o", "out.png", *INSTANT).code == 0
    with pytest.raises(StyleError, match="neither a file nor one of"):
        open_palette("mein")


def test_a_picture_with_a_comma_is_a_picture(folder: Path) -> None:
    (folder / "red, green.jpg").write_bytes((folder / "painting.jpg").read_bytes())
    assert open_palette("red, green.jpg") == open_palette("painting.jpg")


def test_a_replay_reports_the_parameters_of_its_recipe_if_the_name_is_the_same(run: Run, folder: Path) -> None:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "starry-night.jpg").write_bytes((folder / "painting.jpg").read_bytes())
    for number, style in enumerate(("starry-night", "pictures/starry-night.jpg")):
        assert run("stylize", "photo.png", style, "-o", f"{number}.png", "--threads", "1", *INSTANT).code == 0
    (folder / "starry-night.jpg").write_bytes((folder / "painting.jpg").read_bytes())
    for number in range(2):
        ended = run("stylize", "--replay", f"{number}.png", "-o", f"again-{number}.png", "--threads", "1")
        assert (ended.code, ended.err) == (0, "")
        assert (folder / f"again-{number}.png").read_bytes() == (folder / f"{number}.png").read_bytes()


def test_numbers_and_colors_are_no_files(shadowed: Path) -> None:
    assert parse_blend("0.5", ["a.jpg", "b.jpg", "0.5"]) == ((0.5, 0.5), ["a.jpg", "b.jpg"])
    assert parse_blend("0.5 0.5", ["a.jpg", "./0.5"]) == ((0.5, 0.5), ["a.jpg", "./0.5"])
    assert open_palette("#264653") == (("#264653", 1.0),)
