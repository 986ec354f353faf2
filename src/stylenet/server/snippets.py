"""The shell command and the Python code that paint the same picture as a job."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

_FLAGS = {"paper": "--print", "masks": "--mask", "changes": "--set"}


def as_command(request: Mapping[str, Any], name_of: Callable[[str], str]) -> str:
    """The command, to be run in the folder of the photo.

    Args:
        request: The fields of a `JobRequest` that differ from their defaults.
        name_of: Returns the file name of a picture id, and other words unchanged.
    """
    words = ["stylenet", "stylize" if request.get("photo") else "texture"]
    words += [name_of(word) for word in (request.get("photo"), *request["styles"]) if word]
    for name, value in request.items():
        if name in ("photo", "styles", "format"):
            continue
        flag = _FLAGS.get(name, f"--{name.replace('_', '-')}")
        for argument in _arguments(name, value):
            words += [flag, argument]
    words += ["--output", f"painting.{request.get('format', 'png')}"]
    return shlex.join(_with_names(word, name_of) for word in words)


def as_python(request: Mapping[str, Any], name_of: Callable[[str], str]) -> str | None:
    """The Python code; None if `stylenet.stylize` does not support one of the options."""
    if not request.get("photo") or any(
        name in request for name in ("changes", "masks", "start", "encoder", "precision", "device", "paper")
    ):
        return None
    styles = [name_of(word) for word in request["styles"]]
    given = [repr(name_of(request["photo"])), repr(styles[0] if len(styles) == 1 else styles)]
    for name, value in request.items():
        if name not in ("photo", "styles", "format", "quality", "dpi"):
            given.append(f"{name}={(name_of(value) if isinstance(value, str) else value)!r}")
    return f"import stylenet\n\nstylenet.stylize({', '.join(given)}).save('painting.{request.get('format', 'png')}')"


def _arguments(name: str, value: Any) -> list[str]:
    if name == "changes":
        return [f"{key}={text}" for key, text in value.items()]
    if name == "blend":
        return [" ".join(map(_number, value))]
    if name == "palette" and not isinstance(value, str):
        return [",".join(color for color, _ in value)]
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return [_number(value) if isinstance(value, float) else str(value)]


def _number(value: float) -> str:
    """A number with all its digits, so that the command paints exactly the same picture."""
    return repr(value).removesuffix(".0")


def _with_names(word: str, name_of: Callable[[str], str]) -> str:
    """A value with file names instead of ids; a mask, `ID=STYLE`, may contain two."""
    prefix = "invert:" if word.startswith("invert:") else ""
    return prefix + "=".join(name_of(part) for part in word.removeprefix("invert:").split("="))
