"""A job: what one painting is made of, how it is finished, and what is written down of it."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

import stylenet
from stylenet.catalog.recipe import Recipe
from stylenet.encoders.opening import OpenEncoder
from stylenet.image.recolor import keep_colors, with_palette
from stylenet.stylizers.one_pass import TrainedStyle
from stylenet.stylizers.plan import BEFORE, Options
from stylenet.stylizers.regions import Layout, with_photo_kept
from stylenet.stylizers.sources import AnyStyle, pixels_fingerprint, style_fingerprint

_NOT_OF_THE_PICTURE = ("save_every", "memory", "paper", "blend")
"""Options that a picture does not depend on, or that stand in its receipt in another form."""


@dataclass(frozen=True, kw_only=True)
class Keep:
    """Where the state of a painting is kept on the way.

    Attributes:
        path: The file; deleted by whoever keeps the result.
        resume: Go on from the state that is there, to the same bytes; without one the painting begins anew.
        seconds: Between two states.
    """

    path: Path
    resume: bool = False
    seconds: float = 20.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a painting is made of, opened.

    Attributes:
        photo: At the size to paint.
        photo_name: Of its file, without the folder.
        styles: Of every painted region, each with its share; the last region is the rest.
        layout: Where the regions lie, and where the photo is kept.
        options: What was wished for.
        start: A picture to start from, in place of the recipe's own.
        tile_px: Pixels of a tile; none: in one piece.
        keep: Where its state is kept on the way.
    """

    photo: Tensor
    photo_name: str | None
    styles: Sequence[Sequence[tuple[AnyStyle | TrainedStyle, float]]]
    layout: Layout
    options: Options
    start: Tensor | None
    tile_px: int | None
    keep: Keep | None


def finished(job: Job, painted: Tensor) -> Tensor:
    """A picture as a person sees it: in the colors that were asked for, the photo where it is kept."""
    options = job.options
    photo = job.photo.to(painted.device)
    if options.keep_colors is not None and not options.keep_colors.endswith(BEFORE):
        painted = keep_colors(painted, photo, options.keep_colors)
    if options.palette:
        painted = with_palette(painted, options.palette)
    return painted if job.layout.keep is None else with_photo_kept(painted, photo, job.layout.keep.to(painted.device))


def receipt_of(job: Job, *, recipe: Recipe, encoder: OpenEncoder, network_sha256: str | None, machine: Mapping[str, Any]) -> dict[str, Any]:
    """All that the picture's bytes depend on, in plain values: what `--replay` paints it from again.

    Args:
        job: The painting.
        recipe: With all changes.
        encoder: That it is painted with.
        network_sha256: Of the network that paints in every style, where it takes part.
        machine: Device, precision and threads.
    """
    photo, layout = job.photo, job.layout
    wishes = {name: value for name, value in dataclasses.asdict(job.options).items() if name not in _NOT_OF_THE_PICTURE}
    return {
        "stylenet": stylenet.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        **machine,
        "recipe": msgspec.to_builtins(recipe),
        "encoder": encoder.weights,
        "encoder_sha256": encoder.sha256,
        "network_sha256": network_sha256,
        "photo": job.photo_name,
        "photo_sha256": pixels_fingerprint(photo),
        "styles": [
            {"name": style.name, "share": share, "sha256": style_fingerprint(style), "region": region, **_own_shares(style)}
            for region, styles in enumerate(job.styles)
            for style, share in styles
        ],
        "regions_sha256": None if layout.weights is None else pixels_fingerprint(layout.weights),
        "keep_sha256": None if layout.keep is None else pixels_fingerprint(layout.keep),
        "start_sha256": None if job.start is None else pixels_fingerprint(job.start),
        **wishes,
        "dpi": job.options.print_dpi(),
        "size": [photo.shape[3], photo.shape[2]],
        "tile_px": job.tile_px,
    }


def _own_shares(style: AnyStyle | TrainedStyle) -> dict[str, Any]:
    """For the receipt: what a network of several styles mixes."""
    return {"shares": list(style.shares)} if isinstance(style, TrainedStyle) and style.shares else {}
