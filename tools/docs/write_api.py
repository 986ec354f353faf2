"""Write docs/api.md: every public name of StyleNet with its signature and docstring.

python tools/docs/write_api.py            # prints the page
python tools/docs/write_api.py --write    # replaces docs/api.md
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

import stylenet
from stylenet.requests.base import help_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"

SECTIONS = {
    "Painting": ("stylize", "texture", "sequence", "Painting", "Options", "Region", "open_stylizer", "Stylizer"),
    "Pictures": ("load_image", "save_image", "load_mask", "keep_colors", "with_palette", "Picture"),
    "Restoring": ("enlarge", "colorize"),
    "Styles and recipes": ("list_styles", "load_recipe"),
    "Events": ("Started", "Step", "Preview", "Notice", "Saved", "Done", "Event"),
    "Errors": (
        "StylenetError",
        "UsageError",
        "ImageError",
        "RecipeError",
        "StyleError",
        "WeightsError",
        "DownloadError",
        "OutputError",
        "NumericalError",
        "CheckpointError",
        "ShapeError",
    ),
}
"""Public names by topic; all others follow at the end."""


def main() -> None:
    """Print the page, or write it to docs/api.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace docs/api.md")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())


def page() -> str:
    """The page in Markdown."""
    lines = [
        "# API reference",
        "",
        "All public names can be imported from `stylenet`. Everything else may change between versions. Pictures are NumPy arrays of shape",
        "(1, 3, H, W), float32, RGB, sRGB-encoded, 0..1, unless a function says otherwise. This page is written by",
        "`python tools/docs/write_api.py --write`.",
    ]
    listed = {name for names in SECTIONS.values() for name in names}
    rest = tuple(name for name in stylenet.__all__ if name not in listed and not name.startswith("__"))
    for title, names in {**SECTIONS, **({"More": rest} if rest else {})}.items():
        lines += ["", f"## {title}"]
        for name in names:
            lines += ["", *_entry(name, getattr(stylenet, name))]
    return "\n".join(lines) + "\n"


def _entry(name: str, value: Any) -> Iterator[str]:
    yield f"### `{name}`"
    yield ""
    if inspect.isclass(value) or inspect.isfunction(value):
        if not (inspect.isclass(value) and issubclass(value, Exception)):
            yield from ("```text", _signature(name, value), "```", "")
        yield from _markdown(inspect.getdoc(value) or "")
        if inspect.isclass(value) and issubclass(value, msgspec.Struct):
            yield from ("", *(f"- `{field}`: {help_of(value, field)}" for field in value.__struct_fields__))
        if inspect.isclass(value):
            yield from _methods(value)
    else:
        yield f"`{str(value).replace('stylenet.events.', '')}`"


def _methods(value: type) -> Iterator[str]:
    for name, method in vars(value).items():
        if name.startswith("_") or not (inspect.isfunction(method) or isinstance(method, property)) or _is_generated(value, name):
            continue
        function = method.fget if isinstance(method, property) else method
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        called = name if isinstance(method, property) else f"{name}{_arguments(function)}"
        yield from ("", f"**`{called}`** {summary}")


def _is_generated(value: type, name: str) -> bool:
    return dataclasses.is_dataclass(value) and name in {field.name for field in dataclasses.fields(value)}


def _signature(name: str, value: Any) -> str:
    return f"{name}{_arguments(value)}"


def _arguments(value: Any) -> str:
    signature = inspect.signature(value)
    parameters = [value.replace(annotation=inspect.Parameter.empty) for name, value in signature.parameters.items() if name != "self"]
    text = str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    return re.sub(r"<function .*? at 0x[0-9a-f]+>|<[^<>]*>", "...", text)


def _markdown(docstring: str) -> Iterator[str]:
    """A Google-style docstring as Markdown: sections become lists, and examples become code blocks."""
    in_section, in_code = "", False
    for line in docstring.splitlines():
        heading = re.fullmatch(r"(Args|Returns|Raises|Attributes|References|Examples):", line)
        if heading:
            in_section = heading[1]
            yield f"**{in_section}**"
            yield ""
        elif in_section == "Examples" and line.strip():
            if not in_code:
                yield "```python"
                in_code = True
            yield line.strip()
        elif in_section and (entry := re.match(r"    (\w[\w, ]*): (.*)", line)) and in_section in ("Args", "Attributes", "Raises"):
            yield f"- `{entry[1]}`: {entry[2]}"
        elif in_section and line.startswith("    "):
            yield f"  {line.strip()}" if in_section in ("Args", "Attributes", "Raises") else line.strip()
        else:
            if in_code:
                yield "```"
                in_code = False
            if line.strip():
                in_section = ""
            yield line
    if in_code:
        yield "```"


if __name__ == "__main__":
    main()
