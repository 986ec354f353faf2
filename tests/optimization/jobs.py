"""All arguments of `optimization.paint.paint` in one object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.opening import OpenEncoder
from stylenet.events import Done, Event
from stylenet.optimization.paint import TargetsAt, paint
from stylenet.requests.task import Task
from stylenet.shapes import Image


@dataclass(frozen=True, kw_only=True)
class Job:
    """Arguments of a painting."""

    task: Task[Any]
    recipe: Recipe
    encoder: OpenEncoder
    targets_at: TargetsAt
    start: Image | None = None
    style_picture: Image | None = None

    def events(self) -> Iterator[Event]:
        return paint(
            self.task,
            recipe=self.recipe,
            encoder=self.encoder,
            targets_at=self.targets_at,
            start=self.start,
            style_picture=self.style_picture,
        )

    def done(self) -> Done:
        *_, last = self.events()
        assert isinstance(last, Done)
        return last
