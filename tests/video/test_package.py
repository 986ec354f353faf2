"""PyAV, imported on first use."""

from __future__ import annotations

import sys

import pytest

from stylenet.errors import UsageError
from stylenet.video.package import pyav


def test_ffmpeg_prints_nothing() -> None:
    av = pytest.importorskip("av")
    av.logging.set_level(av.logging.ERROR)
    assert pyav() is av
    assert av.logging.get_level() is None


def test_without_pyav_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UsageError, match=r'a clip needs PyAV.*pip install.*"stylenet\[video\]"'):
        pyav()
