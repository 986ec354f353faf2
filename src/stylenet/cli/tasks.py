"""What `stylenet train` is asked for: a style, or to enlarge photos, or to color them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stylenet.errors import UsageError

if TYPE_CHECKING:
    from stylenet.training.plan import Plan
    from stylenet.training.restoration import RestorationTask

Network = Literal["slim", "johnson", "texture"]
Task = Literal["style", "super-resolution", "colorization"]

FOLDER_SUFFIX = ".training"
"""Added to the output's name: the folder beside it that a training is gone on from; it disappears with the last update."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person asked for, as the options gave it; None stands for an option that was left out."""

    task: Task
    paintings: list[Path]
    photos: Path | None
    output: Path
    network: Network
    style_px: int
    loss_network: str | None
    start: Path | None
    plan: Plan
    device: str | None
    precision: str | None
    threads: int | None
    previews: Path | None
    tensorboard: bool
    keep: bool
    quiet: bool
    json: bool

    @property
    def folder(self) -> Path:
        """Beside the output."""
        return self.output.with_name(self.output.name + FOLDER_SUFFIX)


_OF_STYLE = {"paintings": "a painting", "network": "--network", "style_size": "--style-size", "start": "--start"}
"""Parameters of `train` that only a style needs, and what a person calls them."""


def check_task(task: Task, given: Callable[[str], bool], *, photos: Path | None) -> None:
    """Raise `UsageError` unless what was given on the command line goes with the task.

    Args:
        task: Of `--task`.
        given: Whether a parameter of the command was given.
        photos: Of `--photos`.
    """
    if task == "style":
        if not given("paintings"):
            raise UsageError("PAINTING is missing: give the picture whose style is learned, or another --task than style")
        return
    for parameter, word in _OF_STYLE.items():
        if given(parameter):
            raise UsageError(f"{word} is for a style; --task {task} learns from photos alone: leave it out, or leave --task out")
    if photos is None:
        raise UsageError(f"--photos is missing: give a folder with photos for --task {task}; some hundreds are enough")


def usual_crop_px(task: Task) -> int:
    """Side of the crops where none is asked for."""
    if task == "style":
        from stylenet.training.plan import Plan

        return Plan(steps=1).crop_px
    from stylenet.training.restoration import USUAL

    return USUAL[task].crop_px


def restoration_task(
    task: Literal["super-resolution", "colorization"], photos: Path, *, encoder: Any, plan: Plan, previews: Path | None
) -> RestorationTask:
    """What the trainer is given for a task that is no style."""
    from stylenet.image.crops import find_pictures
    from stylenet.training.restoration import RestorationTask

    shown = [] if previews is None else find_pictures(previews)
    return RestorationTask(find_pictures(photos), task, encoder=encoder, plan=plan, previews=shown)
