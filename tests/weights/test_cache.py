"""Folders of weights, their settings and their lock."""

from __future__ import annotations

import pytest

from stylenet.errors import WeightsError
from stylenet.weights.cache import cache_folder, exclusive, is_offline


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLENET_CACHE", str(tmp_path / "cache"))


def test_settings(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("STYLENET_CACHE")
    assert cache_folder().name == "stylenet"
    for value, offline in (("1", True), ("true", True), ("0", False), ("", False), ("no", False)):
        monkeypatch.setenv("STYLENET_OFFLINE", value)
        assert is_offline() is offline


def test_lock_is_exclusive(tmp_path):
    with (
        exclusive(tmp_path / "x"),
        pytest.raises(WeightsError, match="another process has been using"),
        exclusive(tmp_path / "x", timeout_s=0.05),
    ):
        pass
