"""What a safetensors file says of itself, read from its header alone.

Read here and not by the safetensors package, for two reasons. Its reader loads NumPy or torch before it opens anything, and that takes
longer than all the rest of `stylenet styles ls`: 115 ms, where the headers of all built-in styles take 1.5 ms (by the package 1.7 ms, NumPy
loaded). And it refuses a file that was cut off, of which the header still tells what it was.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

_LONGEST = 1 << 20
"""Bytes; the header of the largest file that is written here has 20 000."""

_LONGEST_FOREIGN = 100_000_000
"""Bytes that the format itself allows."""


def read_metadata(path: Path) -> dict[str, str]:
    """The text by keyword that a safetensors file carries beside its tensors; empty where it carries none.

    Raises:
        OSError: The file cannot be read, or there is none.
        ValueError: It is no safetensors file, or one whose header is damaged or longer than any of ours.
    """
    with path.open("rb") as file:
        try:
            (length,) = struct.unpack("<Q", file.read(8))
        except struct.error:
            raise ValueError("the file is too short for a header") from None
        if length > _LONGEST:
            raise ValueError("its header is too long")
        try:
            header = json.loads(file.read(length))
        except RecursionError:
            raise ValueError("its header is nested too deep") from None
    metadata = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError("its header holds something else than text by keyword")
    return metadata


def is_safetensors(head: bytes, size_bytes: int) -> bool:
    """Whether a file of `size_bytes` that begins with `head` may be a safetensors file: the format has no mark of its own."""
    return len(head) > 8 and head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") <= min(size_bytes, _LONGEST_FOREIGN)
