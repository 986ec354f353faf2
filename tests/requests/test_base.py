"""Records that validate their values."""

from __future__ import annotations

import builtins
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import pytest
from msgspec import Meta, field

from stylenet.errors import UsageError
from stylenet.requests.base import Request, default_of, help_of, is_required, option, type_of


class Example(Request, frozen=True, kw_only=True):
    name: Annotated[str, option("What it is called.")]
    count: Annotated[int, option("How many.", allowed="1 to 9", ge=1, le=9)] = 3
    depth: Annotated[Annotated[int, Meta(ge=1)] | None, option("How deep.", allowed="whole numbers from 1")] = None
    shares: Annotated[tuple[float, ...], option("Shares.")] = ()
    changes: Annotated[dict[str, str], option("Changes.")] = field(default_factory=dict)
    plain: bool = False


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": "a", "count": 10}, "count is 10; allowed are 1 to 9"),
        ({"name": "a", "count": "many"}, "count is 'many'; allowed are 1 to 9"),
        ({"name": "a", "count": 2.5}, r"count is 2\.5; allowed are 1 to 9"),
        ({"name": "a", "depth": 0}, "depth is 0; allowed are whole numbers from 1"),
        ({"name": 5}, "name is 5: expected 'str', got 'int'"),
        ({"name": "a", "count": 10**5000}, r"count is about 10\^5000; allowed are 1 to 9$"),
        ({"name": "a", "count": "x" * 5000}, r"count is 'x{197}\.\.\.'; allowed are 1 to 9$"),
        ({"name": "a", "count": np.zeros(5000)}, r"count is \[0\.0, [^;]{0,200}\.\.\.; allowed are 1 to 9$"),
        ({"name": "a", "shares": np.zeros((64, 64, 3))}, r"shares is \[\[\[0\. [^:]{0,200}: expected"),
        ({"name": "a", "shares": ("x",)}, "shares is .*: expected 'float', got 'str'"),
        ({"name": "a", "cuont": 3}, r"there is no option 'cuont'; allowed are name, count, .* Did you mean 'count'"),
    ],
)
def test_values_that_are_not_allowed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        Example.of(values)


def test_values_from_json_are_checked_as_well() -> None:
    assert msgspec.json.decode(b'{"name": "a", "count": 9}', type=Example).count == 9
    with pytest.raises(msgspec.ValidationError, match="extra"):
        msgspec.json.decode(b'{"name": "a", "extra": 9}', type=Example)
    with pytest.raises((msgspec.ValidationError, UsageError)):
        msgspec.json.decode(b'{"name": "a", "count": 10}', type=Example)


def test_numbers_of_numpy_become_pythons() -> None:
    example = Example(name="a", count=np.int64(4), shares=np.array([0.25, 0.75]))  # type: ignore[arg-type]
    assert type(example.count) is int
    assert example.shares == (0.25, 0.75)
    assert msgspec.json.decode(msgspec.json.encode(example), type=Example) == example


def test_none_is_an_option_that_is_omitted() -> None:
    assert Example.of({"name": "a", "count": None, "shares": None}) == Example(name="a")


def test_options_are_described() -> None:
    assert (help_of(Example, "count"), help_of(Example, "plain")) == ("How many.", "")
    assert (default_of(Example, "count"), default_of(Example, "changes")) == (3, {})
    assert default_of(Example, "changes") is not default_of(Example, "changes")
    assert [is_required(Example, name) for name in ("name", "count")] == [True, False]
    assert msgspec.convert(9, type_of(Example, "count")) == 9


class Colors(Request, frozen=True, kw_only=True):
    parts: Annotated[str | tuple[tuple[str, float], ...] | None, option("Colors.")] = None
    files: Annotated[tuple[str, ...], option("Files.")] = ()


def test_numbers_of_numpy_in_nested_lists_become_pythons() -> None:
    colors = Colors(parts=(("#264653", 1.0), ("#e9c46a", np.float32(2))))  # type: ignore[arg-type]
    assert colors.parts == (("#264653", 1.0), ("#e9c46a", 2.0))


def test_a_path_of_bytes_becomes_text() -> None:
    with os.scandir(os.fsencode(Path(__file__).parent)) as entries:
        entry = next(entry for entry in entries if entry.name == b"test_base.py")
    assert Example(name=entry).name == os.path.realpath(__file__)  # type: ignore[arg-type]


def test_paths_become_text() -> None:
    assert Colors(parts=Path("a.png"), files=(Path("b.png"),)) == Colors(parts="a.png", files=("b.png",))  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [{"name": "a", "shares": ("",)}, {"name": "a", "count": ""}])
def test_empty_text_is_no_value(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is empty; give a value, or omit it"):
        Example.of(values)


def test_a_number_of_the_wrong_type_is_shown_as_given() -> None:
    with pytest.raises(UsageError, match=r"^count is 3\.0; allowed are 1 to 9$"):
        Example.of({"name": "a", "count": 3.0})


def test_types_are_read_once() -> None:
    """Annotations are texts; compiling them for every record made a server spend most of its time on them."""
    compiled = []

    def watch(frame: Any, event: str, called: Any) -> None:
        if event == "c_call" and called is builtins.compile:
            compiled.append(frame.f_code.co_qualname)

    Example(name="first")
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        Example(name="second", count=4)
    finally:
        sys.setprofile(before)
    assert not compiled
