"""Log and previews of a training."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.events import Notice, Preview
from stylenet.training.journal import LOG, PREVIEWS, TENSORBOARD, Journal, clear
from stylenet.training.trainer import Update


def update(step: int) -> Update:
    return Update(step=step, steps=45, loss=3.0, terms={"content": 1.0, "style": 2.0}, rate=1e-3, seconds=float(step), seconds_left=0.0)


def steps(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / LOG).read_text().splitlines()]


def test_log_has_the_first_every_tenth_and_the_last(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for step in range(1, 46):
            journal.note(update(step))
        assert journal.note(Notice(message="hm")) is None
    assert steps(tmp_path) == [1, 10, 20, 30, 40, 45]
    row = json.loads((tmp_path / LOG).read_text().splitlines()[1])
    assert row == {"step": 10, "loss": 3.0, "rate": 1e-3, "seconds": 10.0, "content": 1.0, "style": 2.0}


def test_what_comes_after_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        for step in range(1, 46):
            journal.note(update(step))
    with (tmp_path / LOG).open("a") as log:
        log.write('{"step": 50, "lo')  # a kill in the middle of a line
    with Journal(tmp_path, step=25) as journal:
        journal.note(update(30))
    assert steps(tmp_path) == [1, 10, 20, 30]


def test_previews_are_pictures_by_their_step(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        path = journal.note(Preview(image=np.full((1, 3, 20, 30), 0.5, np.float32), step=7))
    assert path == tmp_path / PREVIEWS / "000007.png"
    assert path.is_file()


def test_tensorboard_has_losses_and_previews(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    with Journal(tmp_path, tensorboard=True) as journal:
        journal.note(update(10))
        journal.note(Preview(image=np.full((1, 3, 20, 30), 0.5, np.float32), step=10))
    (events,) = (tmp_path / TENSORBOARD).iterdir()
    written = events.read_bytes()
    assert all(tag in written for tag in (b"loss", b"style", b"rate", b"previews", b"PNG"))


def test_without_tensorboard_it_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UsageError, match=r'pip install "stylenet\[tensorboard\]"'):
        Journal(tmp_path, tensorboard=True)


def test_clear_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    for name, foreign in (("a", False), ("b", True)):
        folder = tmp_path / name
        folder.mkdir()
        with Journal(folder) as journal:
            journal.note(update(1))
            journal.note(Preview(image=np.full((1, 3, 20, 30), 0.5, np.float32), step=1))
        if foreign:
            (folder / "letter.txt").write_text("dear")
        clear(folder)
    assert not (tmp_path / "a").exists()
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["letter.txt"]
