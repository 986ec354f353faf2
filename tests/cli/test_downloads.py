"""Progress of downloads: a line that is updated in a terminal, occasional lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from stylenet.cli.downloads import Download
from stylenet.weights.download import DownloadProgress


def progress(received: float, **more: Any) -> DownloadProgress:
    values: dict[str, Any] = {
        "file_name": "vgg.h5",
        "url": "https://example.org/vgg.h5",
        "total_bytes": 80_000_000,
        "bytes_per_second": 4e6,
        "seconds_left": 12.0,
        **more,
    }
    return DownloadProgress(received_bytes=int(received * 1e6), **values)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_in_a_pipe_lines_are_seconds_apart(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Download(quiet=False) as download:
        for step in range(20):
            clock[0] = 100 + step
            download.show(progress(4 * step))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1] == "vgg.h5: 20.0 of 80.0 MB (25%), 4.0 MB/s, 12 s left"


def test_in_a_terminal_the_line_is_written_over_and_cleared(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with Download(quiet=False) as download:
        download.show(progress(20))
        download.show(progress(40, total_bytes=None, seconds_left=None))
    parts = capsys.readouterr().out.split("\r")
    assert parts[1] == "vgg.h5: 20.0 of 80.0 MB (25%), 4.0 MB/s, 12 s left"
    assert parts[2] == "vgg.h5: 40.0 MB, 4.0 MB/s".ljust(len(parts[1]))
    assert parts[3].strip() == parts[4] == ""


def test_quiet(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Download(quiet=True) as download:
        download.show(progress(20))
    assert capsys.readouterr().out == ""
