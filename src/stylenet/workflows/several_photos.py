"""Requests for painting several photos with the same options."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from stylenet.errors import UsageError
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.outputs import make_folder

_SINGLE = {"timelapse": "--timelapse", "preview": "--preview", "resume": "--resume", "start": "--start", "masks": "--mask"}
"""Options that apply to a single photo, by field."""


def requests_for(photos: Sequence[str], request: PaintFileRequest) -> list[PaintFileRequest]:
    """A request for each photo. `output` is a folder, which is created; if it is omitted, output names are generated.

    Raises:
        UsageError: an option applies to a single photo only, or the output is a file.
        OutputError: the folder cannot be created.
    """
    for name, word in _SINGLE.items():
        if getattr(request, name) and getattr(request, name) != "none":
            raise UsageError(f"{word} is for a single photo, and {len(photos)} are given; paint them one by one")
    if request.output is None:
        return [structs.replace(request, photo=photo) for photo in photos]
    folder = Path(request.output)
    if folder.suffix or os.path.isfile(folder):
        raise UsageError(f"{len(photos)} photos are given, and --output '{folder}' is one file; give a folder, or omit it")
    make_folder(folder)
    outputs = _outputs(photos, "-".join(Path(style).stem for style in request.styles), folder)
    return [structs.replace(request, photo=photo, output=str(output)) for photo, output in zip(photos, outputs, strict=True)]


def _outputs(photos: Sequence[str], styles: str, folder: Path) -> list[Path]:
    """A unique output file for each photo."""
    found: list[Path] = []
    for photo in photos:
        stem, number = f"{Path(photo).stem}-{styles}", 2
        output = folder / f"{stem}.png"
        while output in found:
            output, number = folder / f"{stem}-{number}.png", number + 1
        found.append(output)
    return found
