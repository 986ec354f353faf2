"""Plain text tables."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

_NARROWEST = 24
"""Minimum width of a wrapped column, in characters."""


def print_table(rows: Iterable[Sequence[str]]) -> None:
    """Print rows in aligned columns. In a terminal, the last column is wrapped; otherwise each row is one line."""
    lines = [tuple(row) for row in rows]
    if not lines:
        return
    widths = [max(len(row[column]) for row in lines) for column in range(len(lines[0]) - 1)]
    last_width = shutil.get_terminal_size().columns - sum(widths) - 2 * len(widths) if sys.stdout.isatty() else 0
    for row in lines:
        first = "".join(f"{cell.ljust(width)}  " for cell, width in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], last_width) if last_width >= _NARROWEST else [row[-1]]
        print(f"{first}{wrapped[0] if wrapped else ''}".rstrip())
        for line in wrapped[1:]:
            print(" " * (sum(widths) + 2 * len(widths)) + line)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print facts as `name  value` with long values wrapped; empty values are omitted."""
    known = [(name, value) for name, value in facts if value]
    indent = max((len(name) for name, _ in known), default=0) + 2
    width = max(40, min(120, shutil.get_terminal_size().columns))
    for name, value in known:
        wrapped = textwrap.wrap(value, width - indent, break_long_words=False, break_on_hyphens=False) or [""]
        for index, line in enumerate(wrapped):
            print(f"{(name if index == 0 else '').ljust(indent)}{line}")


def shows_color() -> bool:
    """Whether standard output is a terminal with 24-bit color, and color is not disabled."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("COLORTERM", "") in ("truecolor", "24bit")


def color_patch(color: str, width: int) -> str:
    """`width` spaces with the background color "#rrggbb"."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"\x1b[48;2;{red};{green};{blue}m{' ' * width}\x1b[0m"
