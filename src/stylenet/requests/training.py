"""The request of `stylenet train`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from stylenet.errors import UsageError
from stylenet.requests.base import Request, option
from stylenet.requests.machine import Device, Precision, Threads

Network = Literal["slim", "johnson", "texture"]
TrainingTask = Literal["style", "super-resolution", "colorization"]

DEFAULT_STEPS = 2000
DEFAULT_STYLE_PX = 384
_MAX_STEPS = 1_000_000  # used if --minutes limits the training

_OF_STYLE = {"paintings": "a painting", "network": "--network", "style_size": "--style-size", "start": "--start"}
"""Options that apply only to the task `style`, by field."""


class TrainRequest(Request, frozen=True, kw_only=True):
    """A network to train: to paint in a style, or to enlarge or color photos."""

    paintings: Annotated[tuple[str, ...], option("The style image; several with --network johnson.")] = ()
    task: Annotated[TrainingTask, option("What to train for; the last two need no painting.")] = "style"
    photos: Annotated[str | None, option("Folder of training photos; 50 are enough. Without it, --network texture paints textures.")] = None
    output: Annotated[str | None, option("Output file: .safetensors; default: named after the painting, in the current directory.")] = None
    network: Annotated[Network | None, option("slim (the default) is the fastest; the others are from the literature.")] = None
    style_size: Annotated[
        Annotated[int, Meta(ge=32, le=2048)] | None,
        option(
            f"Size of the painting for training; larger values give smaller strokes (default {DEFAULT_STYLE_PX}).",
            allowed="32 to 2048 pixels",
        ),
    ] = None
    loss_network: Annotated[str | None, option("compact (the default), vgg16, vgg19 or a weights file.")] = None
    start: Annotated[str | None, option("A network of the same kind to start from.")] = None
    steps: Annotated[
        Annotated[int, Meta(ge=1)] | None, option(f"Maximum number of updates (default {DEFAULT_STEPS}).", allowed="whole numbers from 1")
    ] = None
    minutes: Annotated[
        Annotated[float, Meta(ge=0.01)] | None, option("Train for about this many minutes.", allowed="minutes from 0.01")
    ] = None
    batch: Annotated[int, option("Photos per update (default 4).", allowed="1 to 4096 photos", ge=1, le=4096)] = 4
    crop: Annotated[
        Annotated[int, Meta(ge=64, le=2048)] | None,
        option("Size of the training crops; the default depends on the task.", allowed="64 to 2048 pixels"),
    ] = None
    seed: Annotated[int, option("Random seed (default 0).", allowed="whole numbers from 0", ge=0, le=2**63 - 1)] = 0
    device: Device = "auto"
    precision: Precision = "auto"
    threads: Threads = None
    resume: Annotated[bool, option("Continue a training of this name that was stopped or killed.")] = False
    previews: Annotated[str | None, option("Folder of photos for the previews; default: four of --photos.")] = None
    tensorboard: Annotated[bool, option("Also write TensorBoard logs to OUTPUT.training.")] = False
    keep: Annotated[bool, option("Keep OUTPUT.training at the end: log, previews, checkpoint.")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.task == "style":
            if not self.paintings:
                raise UsageError("PAINTING is missing: give the style image, or another --task")
        else:
            for name, word in _OF_STYLE.items():
                if getattr(self, name):
                    raise UsageError(f"{word} is for a style; --task {self.task} learns from photos alone: omit it, or omit --task")
            if self.photos is None:
                raise UsageError(f"--photos is missing: give a folder with photos for --task {self.task}; some hundreds are enough")
        if self.photos is None and self.network_kind != "texture":
            raise UsageError("--photos is missing: give a folder with photos to learn from; 50 are enough")
        if len(self.paintings) > 1 and self.network_kind != "johnson":
            raise UsageError(
                f"{len(self.paintings)} paintings are given, and a network '{self.network_kind}' supports one; use --network johnson"
            )
        names = self.style_names
        if len(set(names)) < len(names):
            raise UsageError(f"the styles would be named {', '.join(names)}, after their files; give each file a different name")

    @property
    def network_kind(self) -> Network:
        """The kind of network; default: slim."""
        return self.network or "slim"

    @property
    def style_names(self) -> tuple[str, ...]:
        """Names of the styles: their file names in kebab case."""
        return tuple(style_name(Path(painting)) for painting in self.paintings)

    @property
    def max_steps(self) -> int:
        """Maximum number of updates."""
        return self.steps or (DEFAULT_STEPS if self.minutes is None else _MAX_STEPS)


def style_name(file: Path) -> str:
    """The name of a file in kebab case; "painting" if nothing remains."""
    return re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "painting"
