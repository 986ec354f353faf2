"""The request of `stylenet batch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import structs

from stylenet.errors import UsageError, did_you_mean
from stylenet.image.output import check_quality
from stylenet.requests.base import option
from stylenet.requests.painting import PaintFileRequest, Quality
from stylenet.requests.workers import WorkerOptions

FORMATS = ("png", "jpg", "webp", "tif")

_OPTIONS_WITHOUT_EFFECT = ("photos", "styles", "output", "workers", "ray", "device", "precision", "threads", "memory", "save_every")
"""Options that do not affect a result beyond rounding, or whose files are hashed instead."""


class BatchRequest(WorkerOptions, frozen=True, kw_only=True):
    """Many photos, each painted in each of the styles."""

    photos: Annotated[tuple[str, ...], option("Pictures and folders; folders are searched with their subfolders.")]
    styles: Annotated[tuple[str, ...], option("Each photo is painted in each style: names, paintings, style files, folders of paintings.")]
    output: Annotated[str, option("Output folder; with several styles, it gets a subfolder for each.")]
    format: Annotated[str, option("Format of the results: png (default), jpg, webp or tif.")] = FORMATS[0]
    quality: Quality = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.photos:
            raise UsageError("no photo is given; name at least one picture or folder")
        self.check_styles(len(self.styles))
        if self.blend:
            raise UsageError("--blend mixes styles, but batch paints every photo in each of them; omit it")
        if self.save_every:
            raise UsageError("--save-every is for a single photo; omit it")
        if self.format not in FORMATS:
            raise UsageError(f"format is '{self.format}'; allowed: {', '.join(FORMATS)}{did_you_mean(self.format, FORMATS)}")
        if self.quality is not None:
            check_quality(Path(f"result.{self.format}"))
        self.single()

    def single(self) -> PaintFileRequest:
        """The request for a single picture, without photo and style."""
        known = set(PaintFileRequest.__struct_fields__) - {"photo", "styles", "output"}
        return PaintFileRequest(**{name: value for name, value in structs.asdict(self).items() if name in known})

    def result_options(self) -> dict[str, object]:
        """The options that affect a result, as plain values."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if name not in _OPTIONS_WITHOUT_EFFECT}
