"""Options that are generated from the fields of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
import typer
from msgspec import Meta, field
from typer.main import get_command

from stylenet.cli.fields import Flag, takes
from stylenet.errors import UsageError
from stylenet.requests.base import Request, option


class Example(Request, frozen=True, kw_only=True):
    output: Annotated[str, option("Where.")]
    depth: Annotated[Annotated[int, Meta(ge=1)] | None, option("How deep.", allowed="from 1")] = None
    share: Annotated[float, option("How much.")] = 0.5
    kind: Annotated[Literal["a", "b"] | None, option("Which.")] = None
    words: Annotated[tuple[str, ...], option("Some words.")] = ()
    numbers: Annotated[tuple[float, ...], option("Some numbers.")] = ()
    changes: Annotated[dict[str, str], option("Changes.")] = field(default_factory=dict)
    loud: Annotated[bool, option("Aloud.")] = False
    hidden: Annotated[str, option("Not an option.")] = ""


def parsed(*words: str) -> tuple[dict[str, Any], Any]:
    found: list[Any] = []
    app = typer.Typer()

    @app.command()
    @takes(Example, {"depth": Flag(("--depth", "-d"), metavar="N")}, without=("hidden",))
    def example(place: str, *, quiet: bool = False, given: Mapping[str, Any]) -> None:
        """An example."""
        found.append((dict(given), (place, quiet)))

    get_command(app).main(args=["here", *words], standalone_mode=False)
    return found[0]


def test_only_what_was_given_is_passed_on() -> None:
    assert parsed("--output", "out") == ({"output": "out"}, ("here", False))
    given, _ = parsed("--output", "out", "-d", "0", "--share", "0")
    assert given == {"output": "out", "depth": 0, "share": 0.0}, "zero is a value; its range is the request's matter"


def test_values_have_the_types_of_the_fields() -> None:
    words = ["--words", "x", "--words", "y", "--numbers", "1, 2.5", "--set", "a.b=3", "--kind", "b", "--loud"]
    given, own = parsed("--output", "out", "--quiet", *words)
    assert own == ("here", True)
    expected = {"words": ("x", "y"), "numbers": (1.0, 2.5), "changes": {"a.b": "3"}, "kind": "b", "loud": True}
    assert given == {"output": "out", **expected}


def test_an_unknown_choice_a_missing_option_and_bad_numbers_are_rejected() -> None:
    for words in (["--output", "out", "--kind", "c"], [], ["--output", "out", "--hidden", "x"]):
        with pytest.raises(Exception, match=r"kind|output|hidden|not one of") as refused:
            parsed(*words)
        assert hasattr(refused.value, "format_message"), "Typer's own error, whatever its class is called in this version"
    with pytest.raises(UsageError, match="--numbers is '1 two'; write numbers, such as 30 50 70"):
        parsed("--output", "out", "--numbers", "1 two")
