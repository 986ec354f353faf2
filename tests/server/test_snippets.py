"""Commands and code that reproduce the painting of a job."""

from __future__ import annotations

import ast
import shlex
from typing import Any

import pytest
from typer.main import get_command

from stylenet.cli.commands import build
from stylenet.server.snippets import as_command, as_python

PHOTO, MASK = "0" * 64, "1" * 64
NAMES = {PHOTO: "my photo.png", MASK: "mask.png"}

REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"photo": PHOTO, "styles": ["starry-night"]}, "stylenet stylize 'my photo.png' starry-night --output painting.png"),
    ({"styles": ["starry-night"], "format": "webp"}, "stylenet texture starry-night --output painting.webp"),
    (
        {"photo": PHOTO, "styles": ["a", PHOTO], "blend": [0.1, 0.9], "strength": 60.0, "style_scale": 1.5},
        "stylenet stylize 'my photo.png' a 'my photo.png' --blend '0.1 0.9' --strength 60 --style-scale 1.5 --output painting.png",
    ),
    (
        {"photo": PHOTO, "styles": ["a"], "masks": [f"invert:{MASK}=photo", f"{MASK}=b"], "paper": "A4", "start": PHOTO},
        "stylenet stylize 'my photo.png' a --mask invert:mask.png=photo --mask mask.png=b --print A4 --start 'my photo.png' "
        "--output painting.png",
    ),
    (
        {"photo": PHOTO, "styles": ["a"], "changes": {"style.weight": "3", "x": "[1, 2]"}, "palette": [["#264653", 0.5], ["#e9c46a", 0.5]]},
        "stylenet stylize 'my photo.png' a --set style.weight=3 --set 'x=[1, 2]' --palette '#264653,#e9c46a' --output painting.png",
    ),
]


def name_of(word: str) -> str:
    return NAMES.get(word, word)


@pytest.mark.parametrize(("request_fields", "command"), REQUESTS)
def test_commands_of_the_command_line(request_fields: dict[str, Any], command: str) -> None:
    assert as_command(request_fields, name_of) == command
    program, name, *words = shlex.split(command)
    assert program == "stylenet"
    known: Any = get_command(build([name]))
    known.commands[name].make_context(name, words)  # is read, and not run


def test_numbers_have_all_their_digits() -> None:
    strength = 1 / 3 * 100
    words = shlex.split(as_command({"styles": ["a"], "strength": strength}, name_of))
    assert float(words[words.index("--strength") + 1]) == strength


def test_code_that_paints_the_same() -> None:
    given = {"photo": PHOTO, "styles": ["a"], "strength": 60.0, "palette": MASK, "format": "jpg", "quality": 90}
    code = as_python(given, name_of)
    assert code is not None
    *_, line = code.splitlines()
    assert line == "stylenet.stylize('my photo.png', 'a', strength=60.0, palette='mask.png').save('painting.jpg')"
    ast.parse(code)
    assert "'my photo.png', ['a', 'b']" in (as_python({"photo": PHOTO, "styles": ["a", "b"]}, name_of) or "")


@pytest.mark.parametrize(
    "more",
    [{"changes": {"a": "b"}}, {"masks": [f"{MASK}=photo"]}, {"start": "noise"}, {"encoder": "vgg19"}, {"paper": "A4"}, {"photo": None}],
)
def test_there_is_no_code_for_options_of_the_command_line_alone(more: dict[str, Any]) -> None:
    assert as_python({"photo": PHOTO, "styles": ["a"], **more}, name_of) is None
