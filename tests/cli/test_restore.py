"""Networks for photo restoration: training and use from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from stylenet.catalog.networks import JohnsonRecord, read_network_card
from stylenet.training import restoration
from stylenet.training.restoration import Restoration, TaskDefaults
from tests.cli.conftest import INPUTS, Run, files_in

QUICK = ("--steps", "2", "--batch", "2", "--crop", "64", "--precision", "float32")

SMALL: dict[Restoration, TaskDefaults] = {
    "super-resolution": TaskDefaults(JohnsonRecord(width=2, blocks=1, normalization="batch", factor=4, residual=True), 72, "relu2_2"),
    "colorization": TaskDefaults(JohnsonRecord(width=2, blocks=1), 68, "relu3_1"),
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of a few channels."""
    monkeypatch.setattr("stylenet.training.trainer._PREVIEW_PX", 32)
    monkeypatch.setattr(restoration, "DEFAULTS", SMALL)


@pytest.fixture
def photos(folder: Path) -> Path:
    """Two photos."""
    photos = folder / "photos"
    photos.mkdir()
    for index in range(2):
        PIL.Image.fromarray(np.random.default_rng(index).integers(0, 255, (80, 90, 3), np.uint8)).save(photos / f"{index}.png")
    return photos


@pytest.mark.parametrize(
    ("task", "command", "made", "size"),
    [("super-resolution", "enlarge", "enlarged", (240, 192)), ("colorization", "colorize", "colored", (60, 48))],
)
def test_taught_and_used(run: Run, folder: Path, photos: Path, task: str, command: str, made: str, size: tuple[int, int]) -> None:
    ended = run("train", "--task", task, "--photos", "photos", *QUICK)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == f"training '{task}' on 2 photos, at most 2 updates of 2 crops of 64 px"
    assert ended.out.splitlines()[-1] == f"use it: stylenet {command} PHOTO {task}.safetensors"
    card = read_network_card(folder / f"{task}.safetensors")
    assert (card.name, card.paints, card.steps) == (task, task, 2)
    used = run(command, "photo.png", f"{task}.safetensors", "--device", "cpu")
    assert (used.code, used.err) == (0, "")
    assert used.out.startswith(f"photo-{made}.png  ({size[0]} x {size[1]} pixels, {made} in ")
    assert files_in(folder) == INPUTS | {"photos", f"{task}.safetensors", f"photo-{made}.png"}
    with PIL.Image.open(folder / f"photo-{made}.png") as image:
        assert (image.mode, image.size) == ("RGB", size)
    assert run(command, "photo.png", f"{task}.safetensors", "-o", "b.png", "-q").out == ""
    assert (folder / "b.png").read_bytes() == (folder / f"photo-{made}.png").read_bytes()


def test_interrupted_it_can_be_resumed(run: Run, folder: Path, photos: Path) -> None:
    words = ("train", "--task", "colorization", "--photos", "photos", "-o", "c.safetensors", *QUICK)
    run(*words, "--keep")
    assert "continue it with --resume" in run(*words).error
    assert "resuming after 2 updates" in run(*words, "--resume", "--steps", "3").out
    assert read_network_card(folder / "c.safetensors").steps == 3


def test_every_task_has_its_own_crops(run: Run, folder: Path, photos: Path) -> None:
    assert run("train", "--task", "colorization", "--photos", "photos", "--steps", "1", "--quiet").code == 0
    assert read_network_card(folder / "colorization.safetensors").trained["crop_px"] == 68


SHARPER = ("--task", "super-resolution")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "PAINTING is missing: give the style image, or another --task"),
        (("painting.jpg", *SHARPER, "--photos", "photos"), 2, "a painting is for a style; --task super-resolution"),
        ((*SHARPER, "--photos", "photos", "--network", "slim"), 2, "--network is for a style"),
        ((*SHARPER, "--photos", "photos", "--style-size", "384"), 2, "--style-size is for a style"),
        ((*SHARPER, "--photos", "photos", "--start", "painting.jpg"), 2, "--start is for a style"),
        (SHARPER, 2, "--photos is missing: give a folder with photos for --task super-resolution"),
        ((*SHARPER, "--photos", "photos", "--crop", "66"), 2, "give a multiple of 4"),
        (("--task", "sharpening", "--photos", "photos"), 2, "sharpening"),
        ((*SHARPER, "--photos", "nowhere"), 3, "'nowhere' is not a folder"),
    ],
)
def test_wrong_trainings_are_reported(run: Run, folder: Path, photos: Path, words: tuple[str, ...], code: int, message: str) -> None:
    ended = run("train", *words)
    assert ended.code == code
    assert message in ended.error
    assert files_in(folder) == INPUTS | {"photos"}


def test_wrong_uses_are_reported_in_one_line(run: Run, folder: Path, photos: Path) -> None:
    assert run("train", *SHARPER, "--photos", "photos", "-o", "sr.safetensors", *QUICK, "-q").code == 0
    before = files_in(folder)
    for words, code, message in (
        (("stylize", "photo.png", "sr.safetensors"), 5, "is not for a style but for super-resolution; use it with: stylenet enlarge"),
        (("colorize", "photo.png", "sr.safetensors"), 6, "is for super-resolution, not for colorization; use it with: stylenet enlarge"),
        (("enlarge", "photo.png", "painting.jpg"), 6, "is not a network file"),
        (("enlarge", "gone.png", "sr.safetensors"), 3, "gone.png"),
        (("enlarge", "photo.png", "sr.safetensors", "-o", "photo.png"), 2, "also an input"),
        (("enlarge", "photo.png", "sr.safetensors", "-o", "out.gif"), 7, ".gif"),
        (("enlarge", "photo.png", "sr.safetensors", "--threads", "0"), 2, "threads is 0"),
        (("enlarge", "photo.png", "sr.safetensors", "--device", "abacus"), 2, "device is 'abacus'"),
    ):
        ended = run(*words)
        assert ended.code == code
        assert message in ended.error
        assert files_in(folder) == before


def test_a_result_that_the_format_cannot_hold_is_rejected_before_the_work(run: Run, folder: Path) -> None:
    PIL.Image.new("RGB", (4200, 2)).save("wide.png")
    ended = run("enlarge", "wide.png", "any.safetensors", "-o", "out.webp")
    assert (ended.code, "16800 x 8 pixels are too many for WEBP" in ended.error) == (7, True)
