"""Receipts that cannot be replayed, and inputs of those that can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.metadata import read_receipt
from stylenet.painting.painting import stylize
from stylenet.painting.receipts import Replay, found_again

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def painting(photo: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("receipts") / "a.png"
    stylize(photo, ["starry-night", "senecio"], recipe="instant", size=48, blend=(0.75, 0.25), seed=3, strength=60).save(path)
    return path


def changed(painting: Path, folder: Path, change: Change) -> Path:
    """The painting with another receipt."""
    receipt = read_receipt(painting)
    assert receipt is not None
    change(receipt)
    save_image(load_image(painting).pixels, folder / "b.png", receipt=receipt)
    return folder / "b.png"


def test_options_come_back(painting: Path) -> None:
    replay = Replay.of(painting)
    assert (replay.options.seed, replay.options.strength, replay.options.size) == (3, 60, "48x38")
    assert replay.options.blend == (0.75, 0.25)
    assert replay.styles_again() == ["starry-night", "senecio"]
    assert replay.recipe.name == "instant"
    assert not replay.is_texture


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda receipt: receipt.update(recolor={}), "was recolored after painting; replay the file that was recolored"),
        (lambda receipt: receipt.update(restored={}), "was enlarged or colored by a network; replay the original file"),
        (lambda receipt: receipt.pop("styles"), "cannot be replayed by this version of stylenet: 'styles'"),
        (lambda receipt: receipt.update(size="large"), "cannot be replayed by this version of stylenet"),
        (lambda receipt: receipt["recipe"].update(future=1), "cannot be replayed by this version of stylenet"),
    ],
)
def test_receipts_that_cannot_be_replayed(painting: Path, change: Change, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason):
        Replay.of(changed(painting, tmp_path, change))


def test_a_style_that_was_moved_is_asked_for(painting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    replay = Replay.of(changed(painting, tmp_path, lambda receipt: receipt["styles"][1].update(name="my-painting")))
    with pytest.raises(UsageError, match=f"the style 'my-painting' is neither in '{tmp_path}' nor the current directory; copy its file to"):
        replay.styles_again()
    (tmp_path / "my-painting.jpg").write_bytes(b"")
    assert replay.styles_again() == ["starry-night", str(Path(".", tmp_path / "my-painting.jpg"))]


def test_a_picture_without_a_receipt(tmp_path: Path) -> None:
    save_image(np.zeros((1, 3, 20, 20), np.float32), tmp_path / "plain.png")
    with pytest.raises(UsageError, match="has no receipt: it was not painted by stylenet"):
        Replay.of(tmp_path / "plain.png")


def test_other_inputs_are_an_error_and_another_machine_a_notice(painting: Path) -> None:
    replay = Replay.of(painting)
    assert list(replay.check(replay.receipt)) == []
    (notice,) = replay.check({**replay.receipt, "device": "cuda"})
    assert notice == "painted with device cpu, and now with cuda: the last digits may differ"
    styles = [{**style, "sha256": "0"} for style in replay.receipt["styles"]]
    with pytest.raises(UsageError, match=r"the receipt is of different inputs \(photo, styles\); give the same files again"):
        list(replay.check({**replay.receipt, "photo_sha256": "0", "styles": styles}))


def test_a_photo_without_a_name_is_asked_for(painting: Path) -> None:
    with pytest.raises(UsageError, match=r"the photo's name is not in the receipt, .*; give it: stylenet stylize PHOTO --replay"):
        Replay.of(painting).photo_again()


def test_files_are_found_beside_the_painting_then_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    monkeypatch.chdir(here)
    for path in (here / "a.jpg", there / "a.jpg", here / "only.jpg", there / "mine.png"):
        path.touch()
    painting = there / "mine.png"
    assert found_again("a.jpg", painting) == there / "a.jpg"
    assert found_again("only.jpg", painting) == Path("only.jpg")
    assert found_again("only", painting) == Path("only.jpg")
    assert found_again("mine", painting) is None, "the painting itself"
    assert found_again("none.jpg", painting) is None
