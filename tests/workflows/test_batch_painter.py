"""The painter of a batch, in a worker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stylenet.workflows.batch_painter import BatchPainter, PictureJob
from stylenet.workflows.jobs import NEEDS_DATA, PAINTED
from stylenet.workflows.request_files import read_named_files, with_local_files
from tests.workflows.batches import pictures, request_of


def test_a_machine_without_the_files_paints_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Style, palette and photo are given by paths that do not exist on the worker's machine."""
    home, away = tmp_path / "home", tmp_path / "away"
    home.mkdir()
    away.mkdir()
    pictures(home / "in", 2)
    (home / "in" / "0.png").rename(home / "style.png")
    (home / "palette.png").write_bytes((home / "style.png").read_bytes())
    monkeypatch.chdir(home)
    request = request_of(Path(), styles=("style.png",), palette="palette.png")
    photo = home / "in" / "1.png"
    job = PictureJob(source=Path("in", "1.png"), path=photo, sha256="", style="style.png")
    here = BatchPainter(request)
    assert here.paint(job, should_stop=lambda: False).state == NEEDS_DATA  # the hash is another one
    named = read_named_files(request)
    sent = PictureJob(source=job.source, path=job.path, sha256="", style=job.style, data=photo.read_bytes())
    expected = here.paint(sent, should_stop=lambda: False)
    os.rename(home, tmp_path / "elsewhere")
    monkeypatch.chdir(away)
    there = BatchPainter(with_local_files(request, named, tmp_path / "copies"), given=request)
    assert there.keys == here.keys
    found = there.paint(sent, should_stop=lambda: False)
    assert found.state == PAINTED, found.reason
    assert found.data == expected.data
