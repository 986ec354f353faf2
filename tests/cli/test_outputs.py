"""No command overwrites its inputs, writes two results to one file, or writes to a file of another process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import INPUTS, QUICK, Run, files_in

STYLIZE = ("stylize", "photo.webp", "painting.jpg", "-o", "out.png")
BAD = [
    # Of the fault's first kind: an output beside --output.
    ((*STYLIZE, "--timelapse", "photo.webp"), "'photo.webp' is also an input, 'photo.webp'; choose another name for --timelapse"),
    ((*STYLIZE, "--preview", "./photo.webp"), "'photo.webp' is also an input, 'photo.webp'; choose another name for --preview"),
    # Every input of a painting.
    (("stylize", "photo.png", "painting.jpg", "-o", "./photo.png"), "choose another name for --output"),
    (("stylize", "photo.png", "painting.jpg", "-o", "link.png"), "the output 'link.png' is also an input, 'photo.png'"),
    (("stylize", "photo.png", "painting.jpg", "-o", "hard.png"), "the output 'hard.png' is also an input, 'photo.png'"),
    (("stylize", "photo.png", "drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    (("stylize", "photo.png", "paintings", "-o", "paintings/one.png"), "also an input, in the folder 'paintings'"),
    ((*STYLIZE, "--mask", "a=b.png=starry-night", "-o", "a=b.png"), "also an input, 'a=b.png'"),
    ((*STYLIZE, "--mask", "a=b.png=drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    ((*STYLIZE, "--start", "drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    ((*STYLIZE, "--palette", "drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    ((*STYLIZE, "--recipe", "mine.toml", "-o", "to-recipe.png"), "the output 'to-recipe.png' is also an input, 'mine.toml'"),
    ((*STYLIZE, "--encoder", "weights.png", "-o", "weights.png"), "also an input, 'weights.png'"),
    (("texture", "drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    (("texture", "painting.jpg", "--palette", "drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    # Two outputs of one painting.
    ((*STYLIZE, "--preview", "out.png"), "two outputs, --output 'out.png' and --preview 'out.png', are the same file"),
    (("stylize", "photo.png", "painting.jpg", "-o", "a.webp", "--timelapse", "./a.webp"), "--timelapse 'a.webp', are the same file"),
    ((*STYLIZE, "--preview", "now.webp", "--timelapse", "now.webp"), "--preview 'now.webp' and --timelapse 'now.webp'"),
    ((*STYLIZE, "--preview", "to-new.png", "-o", "new.png"), "--output 'new.png' and --preview 'to-new.png'"),
    # Every other command.
    (("sheet", "photo.png", "drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    (("sheet", "photo.png", "painting.jpg", "--recipe", "mine.toml", "-o", "to-recipe.png"), "also an input, 'mine.toml'"),
    (("sequence", "0002.png", "painting.jpg", "drawing.png", "-o", "."), "the output '0002.png' is also an input, '0002.png'"),
    (("sequence", "photo.png", "painting.jpg", "photo.webp", "-o", "photo.webp"), "also an input, 'photo.webp'"),
    (("recolor", "photo.png", "--palette", "drawing.png", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    (("mask", "photo.png", "-o", "mask.png", "--show", "photo.png"), "another name for --show"),
    (("mask", "photo.png", "-o", "mask.png", "--show", "./mask.png"), "give two files"),
    (("enlarge", "photo.png", "weights.png", "-o", "weights.png"), "also an input, 'weights.png'"),
    (("colorize", "photo.png", "weights.png", "-o", "weights.png"), "also an input, 'weights.png'"),
    (("compare", "photo.png", "drawing.png", "--sheet", "drawing.png"), "another name for --sheet"),
    (("compare", "photo.png", "--encoder", "weights.png", "--sheet", "weights.png"), "also an input, 'weights.png'"),
    (("explain", "photo.png", "--photo", "drawing.png", "--style", "starry-night", "-o", "drawing.png"), "also an input, 'drawing.png'"),
    (("export", "one.onnx", "one.onnx"), "another name for FILE"),
    (("train", "p.safetensors", "--photos", ".", "-o", "p.safetensors"), "also an input, 'p.safetensors'"),
    (
        ("train", "painting.jpg", "--photos", ".", "--loss-network", "p.safetensors", "-o", "p.safetensors"),
        "also an input, 'p.safetensors'",
    ),
    (("train", "painting.jpg", "--photos", "n.safetensors.training", "-o", "n.safetensors"), "'n.safetensors.training' is also an input"),
    (("styles", "add", "p.safetensors", "-o", "p.safetensors"), "another name for --output"),
    (("weights", "import", "p.safetensors", "-o", "p.safetensors"), "another name for --output"),
    (("recipes", "copy", "standard", "shipped.toml", "--overwrite"), "another name for FILE"),
]


@pytest.fixture
def inputs(folder: Path) -> Path:
    """Inputs of commands, and other paths to the same files."""
    from stylenet.catalog.recipes import recipe_path, recipe_text

    picture = (folder / "drawing.png").read_bytes()
    for name in ("photo.webp", "a=b.png", "weights.png", "0002.png", "p.safetensors", "one.onnx"):
        (folder / name).write_bytes(picture)
    for name in ("paintings", "n.safetensors.training"):
        (folder / name).mkdir()
        (folder / name / "one.png").write_bytes(picture)
    (folder / "mine.toml").write_text(recipe_text("draft"))
    (folder / "link.png").symlink_to("photo.png")
    (folder / "hard.png").hardlink_to(folder / "photo.png")
    (folder / "to-recipe.png").symlink_to("mine.toml")
    (folder / "to-new.png").symlink_to("new.png")
    (folder / "shipped.toml").symlink_to(recipe_path("standard"))
    return folder


@pytest.mark.parametrize(("words", "told"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_nothing_is_written_over_an_input_or_twice(run: Run, inputs: Path, words: tuple[str, ...], told: str) -> None:
    before = {path.name: path.read_bytes() for path in inputs.iterdir() if path.is_file()}
    ended = run(*words)
    assert told in ended.error
    assert ended.code == 2
    assert {path.name: path.read_bytes() for path in inputs.iterdir() if path.is_file()} == before


def test_pictures_on_the_way_are_outputs_too(run: Run, folder: Path) -> None:
    """Names of intermediate pictures depend on the steps: of three steps, every second is saved."""
    for name in ("out-0001.png", "out-0002.png", "out-0004.png"):
        (folder / name).write_bytes((folder / "photo.png").read_bytes())
    words = ("painting.jpg", "-o", "out.png", "--save-every", "2", *QUICK)
    ended = run("stylize", "out-0002.png", *words)
    assert (ended.code, ended.error) == (
        2,
        "the output 'out-0002.png' is also an input, 'out-0002.png'; choose another name for --output",
    )
    ended = run("stylize", "photo.png", *words, "--preview", "out-0002.png")
    assert "--preview 'out-0002.png' and --output 'out-0002.png', are the same file" in ended.error
    assert not (folder / "out.png").exists()
    assert (folder / "out-0002.png").read_bytes() == (folder / "photo.png").read_bytes()
    assert run("stylize", "out-0001.png", *words, "--dry-run").code == 0
    assert run("stylize", "out-0004.png", *words, "--dry-run").code == 0


def test_a_painting_is_not_replaced_by_its_replay(run: Run, folder: Path) -> None:
    words = ("--recipe", "instant", "--size", "64")
    assert run("stylize", "photo.png", "painting.jpg", "-o", "out.png", *words).code == 0
    painting = (folder / "out.png").read_bytes()
    assert "'out.png' is also an input" in run("stylize", "--replay", "out.png", "-o", "out.png").error
    assert (folder / "out.png").read_bytes() == painting


def test_installed_weights_are_not_imported_over_themselves(run: Run, folder: Path) -> None:
    from stylenet.weights.cache import weights_folder

    weights_folder().mkdir(parents=True)
    installed = weights_folder() / "mine.safetensors"
    installed.write_bytes(b"numbers")
    for more in ((), ("--name", "mine")):
        assert "choose another name for --name" in run("weights", "import", str(installed), *more).error
    assert installed.read_bytes() == b"numbers"


def test_an_invented_name_lies_among_the_paintings_of_a_folder(run: Run, folder: Path) -> None:
    (folder / "empty.png").touch()
    ended = run("stylize", "photo.png", ".", "--recipe", "instant", "--size", "64")
    assert (ended.code, ended.err) == (0, "")
    assert files_in(folder) == INPUTS | {"empty.png", "photo-2.png"}


@pytest.mark.parametrize("words", [("sheet", ".", "painting.jpg"), ("recolor", ".", "--palette", "painting.jpg"), ("mask", ".")])
def test_a_folder_in_place_of_a_photo_is_said(run: Run, folder: Path, words: tuple[str, ...]) -> None:
    ended = run(*words)
    assert (ended.code, "is a folder" in ended.error) == (3, True)
    assert files_in(folder) == INPUTS


@pytest.fixture
def several(folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Simultaneous paintings without given output names."""
    words = ("stylize", "photo.png", "painting.jpg", "--recipe", "instant", "--size", "64", "--threads", "1")
    started = [
        subprocess.Popen([sys.executable, "-m", "stylenet", *words], cwd=folder, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_processes_at_once_give_a_file_each(several: list[subprocess.Popen[str]], folder: Path) -> None:
    told = [process.communicate(timeout=120)[0].splitlines()[-1].split()[0] for process in several]
    names = {"photo-painting.png", "photo-painting-2.png", "photo-painting-3.png"}
    assert set(told) == names
    assert files_in(folder) == INPUTS | names
    assert all((folder / name).stat().st_size for name in names)
