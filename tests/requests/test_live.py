"""Requests of live painting."""

from __future__ import annotations

from typing import Any

import pytest

from stylenet.errors import UsageError
from stylenet.requests.live import LiveRequest


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"strength": 101.0}, r"strength is 101; allowed are 0 \(the photo\) to 100"),
        ({"style_scale": 0.1}, r"style-scale is 0\.1; allowed are"),
        ({"size": 63}, "size is 63; allowed are 64 to 1024 pixels"),
        ({"size": 1025}, "size is 1025; allowed are 64 to 1024 pixels"),
        ({"steady": -1.0}, "steady is -1; allowed are 0 to 100"),
        ({"steadi": 10.0}, r"there is no option 'steadi'; .* Did you mean 'steady'"),
    ],
)
def test_what_is_not_allowed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        LiveRequest.of(values)


def test_the_ends_of_the_ranges_are_allowed() -> None:
    assert LiveRequest.of({"size": 64, "steady": 0, "strength": 0}).size == 64
    assert LiveRequest.of({"size": 1024, "steady": 100, "strength": 100, "style_scale": 8}).steady == 100
