"""Training from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from stylenet.catalog.networks import AnyRecord, JohnsonRecord, SlimRecord, TextureRecord, read_network_card
from stylenet.networks.files import read_network
from stylenet.networks.relay import white_noise
from stylenet.requests.training import TrainRequest
from tests.cli.conftest import INPUTS, Run, files_in

QUICK = ("--steps", "2", "--batch", "1", "--crop", "64", "--style-size", "48", "--precision", "float32")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a start network, and with networks of a few channels."""
    monkeypatch.setattr("stylenet.training.trainer._PREVIEW_PX", 32)
    monkeypatch.setattr("stylenet.training.one_style.network_files", dict)
    monkeypatch.setattr("stylenet.workflows.training._record", small_record)


def small_record(request: TrainRequest) -> AnyRecord:
    if request.photos is None:
        return TextureRecord(scales=2, width=2)
    return SMALL if request.network_kind == "slim" else JohnsonRecord(width=2, blocks=1, styles=len(request.paintings))


SMALL = SlimRecord(fine=4, coarse=4, blocks=1, mixed=1)


@pytest.fixture
def photos(folder: Path) -> Path:
    """Two photos and a broken one."""
    photos = folder / "photos"
    photos.mkdir()
    for index in range(2):
        pixels = np.random.default_rng(index).integers(0, 255, (70, 90, 3), np.uint8)
        PIL.Image.fromarray(pixels).save(photos / f"{index}.png")
    (photos / "broken.jpg").write_text("no picture")
    return photos


def test_missing_pictures_are_reported_before_torch_is_loaded(folder: Path, photos: Path) -> None:
    lines = ["painting.jpg --photos nowhere", "nothing.jpg --photos photos", "painting.jpg --photos photos --previews nowhere"]
    code = f"""
import sys
from stylenet.cli.app import main
for line in {lines!r}:
    assert main(["train", *line.split()]) == 3, line
    assert "torch" not in sys.modules, line
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert all("nowhere" in line or "nothing.jpg" in line for line in done.stderr.splitlines())
    assert files_in(folder) == INPUTS | {"photos"}


def test_a_network_that_paints(run: Run, folder: Path, photos: Path) -> None:
    ended = run("train", "painting.jpg", "--photos", "photos", "-o", "mine.safetensors", *QUICK, "--batch", "4")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0].startswith("training 'slim' on 3 photos, at most 2 updates")
    assert "skipped: cannot read 'photos/broken.jpg'" in ended.out
    assert "stylenet stylize PHOTO mine.safetensors" in ended.out.splitlines()[-1]
    assert files_in(folder) == INPUTS | {"photos", "mine.safetensors"}
    network, card = read_network(folder / "mine.safetensors")
    assert (card.name, card.title, card.paints, card.steps, card.style_px) == ("painting", "Painting", "style", 2, 48)
    assert card.record == SMALL
    assert network(torch.rand(1, 3, 40, 50), white_noise(40, 50, 0)).shape == (1, 3, 40, 50)


def test_notices_of_the_painting_are_printed(run: Run, photos: Path, film: str) -> None:
    ended = run("train", film, "--photos", "photos", "-o", "mine.safetensors", *QUICK)
    assert (ended.code, ended.out.splitlines()[1]) == (0, f"note: {film}: animated: the first of 2 frames is used")


def test_the_same_again_is_the_same_but_for_the_time(run: Run, folder: Path, photos: Path) -> None:
    for name in ("a", "b"):
        run("train", "painting.jpg", "--photos", "photos", "-o", f"{name}.safetensors", *QUICK)
    first, second = (read_network(folder / f"{name}.safetensors")[0].state_dict() for name in "ab")
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_keep_leaves_log_previews_and_checkpoint(run: Run, folder: Path, photos: Path) -> None:
    assert run("train", "painting.jpg", "--photos", "photos", "-o", "m.safetensors", "--keep", *QUICK).code == 0
    assert files_in(folder / "m.safetensors.training") == {"log.jsonl", "previews", "checkpoint.safetensors"}
    assert files_in(folder / "m.safetensors.training" / "previews") == {"000001.png", "000002.png"}


def test_texture_needs_no_photos(run: Run, folder: Path) -> None:
    assert run("train", "painting.jpg", "--network", "texture", *QUICK).code == 0
    card = read_network_card(folder / "painting-network.safetensors")
    assert (card.paints, card.trained["photos"]) == ("texture", 0)


def test_a_texture_network_paints_textures(run: Run, folder: Path) -> None:
    run("train", "painting.jpg", "--network", "texture", "-o", "t.safetensors", *QUICK)
    words = ("texture", "t.safetensors", "--size", "48x32", "--seed")
    assert [run(*words, seed, "-o", f"{name}.png").code for name, seed in (("a", "1"), ("b", "1"), ("c", "2"))] == [0, 0, 0]
    tiles = [np.asarray(PIL.Image.open(folder / f"{name}.png")) for name in "abc"]
    assert tiles[0].shape == (32, 48, 3)
    assert np.array_equal(tiles[0], tiles[1])
    assert not np.array_equal(tiles[0], tiles[2])
    assert "not for a style but for texture; use it with: stylenet texture" in run("stylize", "photo.png", "t.safetensors").error


def test_several_paintings_in_one_network(run: Run, folder: Path, photos: Path) -> None:
    words = ("train", "painting.jpg", "drawing.png", "--network", "johnson", "--photos", "photos", "-o", "both.safetensors")
    assert run(*words, *QUICK).code == 0
    card = read_network_card(folder / "both.safetensors")
    assert (card.name, card.styles) == ("both", ("painting", "drawing"))
    assert run("stylize", "photo.png", "both.safetensors", "--blend", "0.2", "0.8", "-o", "out.png").code == 0
    assert run("stylize", "photo.png", "both.safetensors:drawing", "-o", "out.png").code == 0
    assert "paints in the first one: painting, drawing" in run("stylize", "photo.png", "both.safetensors", "-o", "out.png").out


def test_json_is_events_one_a_line(run: Run, photos: Path) -> None:
    ended = run("train", "painting.jpg", "--photos", "photos", "-o", "m.safetensors", "--json", *QUICK)
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert events[0]["event"] == "started"
    assert events[0]["plan"]["steps"] == 2
    assert [event["step"] for event in events if event["event"] == "step"] == [1, 2]
    assert (events[-1]["event"], events[-1]["output"], events[-1]["reason"]) == ("done", "m.safetensors", "finished")


def test_quiet_says_nothing(run: Run, photos: Path) -> None:
    ended = run("train", "painting.jpg", "--photos", "photos", "-o", "m.safetensors", "--quiet", *QUICK)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_an_unfinished_training_is_not_begun_anew_by_mistake(run: Run, folder: Path, photos: Path) -> None:
    words = ("train", "painting.jpg", "--photos", "photos", "-o", "m.safetensors", *QUICK)
    run(*words, "--keep")
    assert "contains an unfinished training; continue it with --resume" in run(*words).error
    longer = run(*words, "--resume", "--steps", "3", "--json")
    assert [json.loads(line)["step"] for line in longer.out.splitlines() if '"step"' in line and '"terms"' in line] == [3]
    assert not (folder / "m.safetensors.training").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("painting.jpg",), 2, "--photos is missing"),
        (("painting.jpg", "--photos", "nowhere"), 3, "'nowhere' is not a folder"),
        (("gone.jpg", "--photos", "photos"), 3, "there is no such file"),
        (("painting.jpg", "--photos", "photos", "-o", "out.png"), 7, "allowed are .safetensors"),
        (("painting.jpg", "--photos", "photos", "--crop", "10"), 2, "64"),
        (("painting.jpg", "--photos", "photos", "--threads", "0"), 2, "threads is 0; allowed are 1 to 1024"),
        (("painting.jpg", "--photos", "photos", "--start", "painting.jpg"), 6, "is not a network file"),
        (("painting.jpg", "drawing.png", "--photos", "photos"), 2, "use --network johnson"),
        (("painting.jpg", "painting.jpg", "--photos", "photos", "--network", "johnson"), 2, "a different name"),
    ],
)
def test_what_is_wrong_is_reported_in_one_line(
    run: Run, folder: Path, photos: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    ended = run("train", *words)
    assert ended.code == code
    assert message in ended.error
    assert files_in(folder) == INPUTS | {"photos"}


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupted_it_keeps_the_network_and_goes_on(run: Run, folder: Path, photos: Path) -> None:
    log = folder / "m.safetensors.training" / "log.jsonl"

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if log.exists() and log.read_text():
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    words = ("train", "painting.jpg", "--photos", "photos", "-o", "m.safetensors", *QUICK)
    ended = run(*words, "--steps", "400")
    watcher.join()
    assert (ended.code, ended.err) == (130, "")
    assert "the network so far is saved; continue with --resume: m.safetensors" in ended.out
    steps = read_network_card(folder / "m.safetensors").steps
    assert 1 <= steps < 400
    assert (folder / "m.safetensors.training" / "checkpoint.safetensors").is_file()
    assert f"resuming after {steps} updates" in run(*words, "--resume", "--steps", str(steps + 1)).out
    assert read_network_card(folder / "m.safetensors").steps == steps + 1
