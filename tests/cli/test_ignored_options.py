"""Options without effect are rejected, and invalid names get a one-line error."""

from __future__ import annotations

import pytest

from stylenet.errors import UsageError
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options
from stylenet.workflows.sequence import sequence
from tests.cli.conftest import QUICK, Run

PAINT = ("stylize", "photo.png", "starry-night", "-o", "out.png")
ONE_PASS = (*PAINT, "--recipe", "instant", "--size", "64")
LONG = "x" * 300

REJECTED = [
    ((*ONE_PASS, "--quality", "80"), 7, "quality is for .jpg and .webp, and the output is 'out.png'"),
    ((*ONE_PASS, "--resume"), 2, "recipe 'instant' paints in one pass and writes no checkpoints; omit --resume"),
    ((*ONE_PASS, "--checkpoint-every", "5"), 2, "omit --checkpoint-every"),
    ((*ONE_PASS, "--encoder", ""), 2, "encoder is empty; give a value, or omit it"),
    ((*ONE_PASS, "--palette", ""), 2, "palette is empty"),
    ((*ONE_PASS, "--threads", "100000"), 2, "threads is 100000; allowed are 1 to 1024"),
    ((*ONE_PASS, "--memory", "1MB"), 2, "the program alone needs"),
    (("stylize", "--replay", "painting.jpg", "--refine"), 2, "--replay uses the options in the receipt; omit --refine"),
    (("texture", "starry-night", "--size", "full"), 2, "size is 'full', which is the size of a photo"),
    (("styles", "add", "painting.jpg", "-o", "a.safetensors", "--replace"), 2, "--replace is for the library"),
    (("styles", "add", "painting.jpg", "-o", "painting.jpg/a.safetensors"), 7, "'painting.jpg' is a file, not a folder"),
    (("styles", "show", "painting.jpg"), 5, "'painting.jpg' is not a style file; make one with `stylenet styles add painting.jpg`"),
    (("export", "missing.safetensors", "a.onnx"), 6, "there is no network file 'missing.safetensors'"),
    (("weights", "import", "."), 6, "this is a folder; give a weights file"),
    ((*ONE_PASS, "--palette", f"{LONG}.png"), 3, "File name too long"),
    (("stylize", f"{LONG}.png", "starry-night"), 3, "File name too long"),
    (("stylize", "photo.png", f"{LONG}.png"), 3, "File name too long"),
    (("stylize", "photo.png", "starry-night", "-o", f"{LONG}.png"), 7, "File name too long; choose another name"),
    (
        ("batch", "photo.png", "starry-night", "-o", "out", "--recipe", "instant", "--keep-colors", "histogram:before"),
        5,
        "style 'starry-night' has no picture to recolor before painting",
    ),
    (("mask", f"{LONG}.png"), 3, "File name too long"),
]


@pytest.mark.parametrize(("words", "code", "reason"), REJECTED, ids=[" ".join(words)[-40:] for words, _, _ in REJECTED])
def test_one_sentence_and_no_file(run: Run, words: tuple[str, ...], code: int, reason: str) -> None:
    ended = run(*words)
    assert reason in ended.error
    assert (ended.code, ended.error.count("\n")) == (code, 0)


def test_every_recipe_file_is_checked(run: Run) -> None:
    ended = run("recipes", "check", "missing.toml", "draft", "nope")
    assert ended.code == 4
    assert "draft: recipe 'draft' is fine" in ended.out
    assert ("missing.toml" in ended.err, "no recipe is called 'nope'" in ended.err) == (True, True)


def test_an_interval_longer_than_the_painting_is_reported(run: Run) -> None:
    ended = run(*PAINT, "--recipe", "draft", *QUICK, "--save-every", "100")
    assert ended.code == 0
    assert "no intermediate picture is saved: the painting has 3 steps, --save-every is 100" in ended.out


def test_what_a_sequence_sets_itself() -> None:
    stylizer, photo = open_stylizer("instant"), "photo.png"
    with pytest.raises(UsageError, match="a sequence sets the share of each style"):
        list(sequence(stylizer, photo, ["starry-night", "great-wave"], 2, options=Options(blend=(1.0, 2.0))))
    with pytest.raises(UsageError, match="what open_stylizer returns; got str 'instant'"):
        list(sequence("instant", photo, ["starry-night", "great-wave"], 2))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="styles are a list of at least two styles"):
        list(sequence(stylizer, photo, "starry-night", 2))
