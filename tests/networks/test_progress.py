"""Progress as shares of the whole work."""

from __future__ import annotations

import pytest

from stylenet.networks.progress import ignored, share_of


def test_shares_of_parts_sum_to_the_whole() -> None:
    told: list[float] = []
    half = share_of(told.append, 0.5)
    for part in (share_of(half, 0.25), share_of(half, 0.75)):
        part(0.5)
        part(0.5)
    half(1.0)
    assert sum(told) == pytest.approx(1)
    assert told[:2] == [pytest.approx(0.0625)] * 2
    ignored(1.0)
