"""`stylenet page`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stylenet.page import build
from tests.cli.conftest import Run, files_in


def test_it_says_what_was_written_and_how_to_open_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def built(output: Path, **options: Any) -> Any:
        asked.append((output, options["archive"]))
        return SimpleNamespace(files={"index.html": 400_000, "app.js": 800_000})

    monkeypatch.setattr(build, "build_page", built)
    ended = run("page", "-o", "site", "--runtime", "ort.tgz")
    assert asked == [(Path("site"), Path("ort.tgz"))]
    assert (ended.code, ended.err) == (0, "")
    first, second = ended.out.splitlines()
    assert first == "site  (2 files, 1.2 MB)"
    assert "python -m http.server --directory 'site'" in second
    assert run("page", "-o", "site", "--quiet").out == ""


def test_a_missing_archive_leaves_no_folder(run: Run, folder: Path) -> None:
    before = files_in(folder)
    ended = run("page", "-o", "site", "--runtime", "none.tgz")
    assert ended.code != 0
    assert "none.tgz" in ended.error
    assert files_in(folder) == before
