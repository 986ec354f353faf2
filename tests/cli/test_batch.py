"""`stylenet batch`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run, files_in

WORDS = ("--recipe", "instant", "--threads", "1")


def test_photos_first_and_the_style_last(run: Run, folder: Path) -> None:
    ended = run("batch", "photo.png", "drawing.png", "painting.jpg", "-o", "out", *WORDS)
    assert (ended.code, ended.err) == (0, "")
    assert "2 painted" in ended.out
    assert files_in(folder / "out") == {"photo.png", "drawing.png", "report.jsonl"}
    ended = run("batch", "photo.png", "drawing.png", "painting.jpg", "-o", "out", "--json", *WORDS)
    assert json.loads(ended.out.splitlines()[-1])["states"] == {"there": 2}


def test_bad_files_end_with_code_3(run: Run, folder: Path) -> None:
    (folder / "photos").mkdir()
    (folder / "photos" / "bad.png").write_text("no picture")
    (folder / "photos" / "good.png").write_bytes((folder / "photo.png").read_bytes())
    ended = run("batch", "photos", "--style", "starry-night", "--style", "the-scream", "-o", "out", *WORDS)
    assert ended.code == 3
    assert ended.err.count("bad.png") == 4  # once for each style, with its path and in the reason
    assert "2 painted, 2 failed" in ended.out


def test_words(run: Run, folder: Path) -> None:
    assert "give photos and a style" in run("batch", "photo.png", "-o", "out").error
    assert run("batch", "photo.png", "starry-night").code == 2  # no output
    assert "there is no file or folder 'starry-night'" in run("batch", "photo.png", "starry-night", "the-scream", "-o", "out").error
    ended = run("batch", "photo.png", "starry-night", "-o", "out", "--dry-run", *WORDS)
    assert ended.out.splitlines() == ["photo.png -> out/photo.png", "nothing was painted (--dry-run)"]
    assert "out" not in files_in(folder)


def test_notices_of_the_photos_are_printed_and_reported(run: Run, folder: Path, film: str) -> None:
    ended = run("batch", film, "photo.png", "starry-night", "-r", "instant", "-o", "out")
    assert (ended.code, ended.out.count("note:")) == (0, 1)
    assert f"note: {film}: animated: the first of 2 frames is used" in ended.out.splitlines()
    rows = {row["photo"]: row["notices"] for row in map(json.loads, (folder / "out" / "report.jsonl").read_text().splitlines())}
    assert rows == {film: ["animated: the first of 2 frames is used"], "photo.png": []}
