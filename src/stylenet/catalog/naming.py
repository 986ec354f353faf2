"""Distinguish names of styles, recipes and networks from files."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path

NETWORK_SUFFIX = ".safetensors"


def is_name(source: object, known: Container[str]) -> bool:
    """Whether `source` is a name: without folder and suffix, and either in `known` or not an existing file.

    Files in the current directory do not change the meaning of a known name; `./name` is the file.
    """
    if not isinstance(source, str) or Path(source).name != source or Path(source).suffix:
        return False
    return source in known or not os.path.exists(source)


def split_style(source: str | os.PathLike[str]) -> tuple[str, str]:
    """A file and the name of one of its styles, from `FILE.safetensors:NAME`; an empty name if none is given."""
    words = os.fspath(source)
    file, colon, name = words.rpartition(NETWORK_SUFFIX + ":")
    return (file + NETWORK_SUFFIX, name) if colon and not os.path.exists(words) else (words, "")
