"""Options of paintings: conflicts, and derived values."""

from __future__ import annotations

from typing import Any

import pytest

from stylenet.errors import UsageError
from stylenet.requests.painting import Options


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"strength": 100.5}, r"strength is 100\.5; allowed are 0 \(the photo\) to 100"),
        ({"style_scale": 9.0}, "style-scale is 9; allowed are"),
        ({"size": 512, "paper": "A4"}, "size 512 and paper A4 are both given; choose one"),
        ({"protect": "noses"}, "'noses' cannot be protected; allowed are faces, subject, or --mask FILE=photo"),
        ({"dpi": 0}, "dpi"),
        ({"memory": -1}, "memory is -1; write an amount such as 2GB"),
        ({"memory": "-1"}, "memory is '-1'; write an amount such as 2GB"),
        ({"memory": "lots"}, "memory is 'lots'; write an amount such as 2GB, 800MB or 1.5GiB"),
        ({"memory": "2 parsecs"}, "memory is '2 parsecs'"),
        ({"memory": "9" * 400}, "memory is '9{197}[.]{3}'; write an amount"),
        ({"blend": (0.5, float("inf"))}, "shares are 0 or more, and not all 0"),
        ({"blend": (0.0,)}, "shares are 0 or more, and not all 0"),
        ({"blend": (1e308, 1e308)}, "shares are 0 or more, and not all 0"),
        ({"blend": {0.7, 0.3}}, "blend is .*, which has no order; allowed are a list of numbers, one for each style"),
        ({"keep_colors": "histogramm"}, "keep-colors is 'histogramm'; allowed are .* Did you mean 'histogram'"),
        ({"keep_colors": "luminance:before"}, "keep-colors luminance:before is not possible"),
        ({"palette": (("red", 1.0),)}, "red"),
        ({"palette": []}, "a palette of 0 colors cannot be used"),
        ({"palette": "great-wave", "keep_colors": "histogram"}, "palette and keep-colors histogram cannot be combined; choose one"),
        ({"feather": 501.0}, "feather is 501; allowed are 0 to 500 pixels"),
    ],
)
def test_what_is_not_allowed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        Options(**values)


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (None, None),
        (123, 123),
        ("2GB", 2 * 10**9),
        ("800 mb", 800 * 10**6),
        ("1.5GiB", 3 * 2**29),
        ("7", 7),
        ("2g", 2 * 10**9),
        ("1kib", 1024),
    ],
)
def test_amounts_of_memory(memory: str | int | None, expected: int | None) -> None:
    assert Options(memory=memory).memory_bytes() == expected


def test_shares_sum_to_one() -> None:
    assert Options(blend=(3.0, 1.0)).shares(2) == (0.75, 0.25)
    assert Options().shares(4) == (0.25,) * 4
    Options(blend=(3.0, 1.0)).check_styles(2)
    with pytest.raises(UsageError, match="blend has 2 shares for 3 styles; give one for each"):
        Options(blend=(3.0, 1.0)).check_styles(3)
    with pytest.raises(UsageError, match="no style is given; name at least one"):
        Options().check_styles(0)


def test_what_is_derived() -> None:
    assert (Options().protected, Options(protect="faces").protected) == ((), ("faces",))
    assert Options(protect=("faces", "subject")).protected == ("faces", "subject")
    assert [Options(keep_colors=way).recolors_style for way in (None, "histogram", "histogram:before")] == [False, False, True]
    assert [options.print_dpi() for options in (Options(), Options(dpi=72), Options(paper="A4"), Options(paper="A4", dpi=150))] == [
        None,
        72,
        300,
        150,
    ]
