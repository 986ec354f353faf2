"""Weights included in the package."""

from __future__ import annotations

import pytest

from stylenet.catalog.encoders import COMPACT
from stylenet.errors import WeightsError
from stylenet.weights import bundled
from stylenet.weights.library import find_weights


def test_bundled(compact_like, monkeypatch, tmp_path):
    monkeypatch.setattr("stylenet.weights.bundled.resources.files", lambda _: tmp_path)
    bundled.bundled_path.cache_clear()
    assert bundled.bundled_names() == ()
    with pytest.raises(WeightsError, match="included are none; reinstall stylenet"):
        bundled.bundled_path("compact")
    (tmp_path / "weights" / "bundled").mkdir(parents=True)
    compact_like.rename(tmp_path / "weights" / "bundled" / "compact.safetensors")
    assert bundled.bundled_names() == ("compact",)
    assert bundled.bundled_path("compact").is_file()
    assert find_weights("compact") == bundled.bundled_path("compact")
    with pytest.raises(WeightsError, match="Did you mean 'compact'"):
        bundled.bundled_path("compct")
    bundled.bundled_path.cache_clear()


def test_the_compact_encoder_ships_whole():
    weights = bundled.open_bundled("compact")
    assert weights.record == COMPACT
    assert "tools/factoring/factor.py" in weights.provenance["made_by"]
    assert bundled.bundled_path("compact").stat().st_size < 6_000_000
