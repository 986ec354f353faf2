"""The request of `stylenet video`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from msgspec import Meta, structs

from stylenet.errors import UsageError
from stylenet.requests.base import option
from stylenet.requests.painting import Options, PaintFileRequest
from stylenet.requests.workers import MAX_WORKERS, WorkerOptions

USUAL_STEADY = 80.0


class VideoRequest(WorkerOptions, frozen=True, kw_only=True):
    """A clip, painted frame by frame."""

    clip: Annotated[str, option("The clip to paint.")]
    styles: Annotated[tuple[str, ...], option("A style, or several that blend into each other over time (with --blend: mixed).")]
    output: Annotated[str, option("Output file: .mp4, .mov, .mkv or .webm; .gif, .webp or .apng for short clips.")]
    steady: Annotated[
        float,
        option("How closely a frame follows the previous painting, 0 to 100 (default 80).", allowed="0 to 100", ge=0, le=100),
    ] = USUAL_STEADY
    strengths: Annotated[tuple[float, ...], option("Strength at the beginning and at the end, such as 20..80.")] = ()
    begin: Annotated[str | None, option("Start time, in seconds or as 1:05.")] = None
    end: Annotated[str | None, option("End time, in seconds or as 1:05.")] = None
    fps: Annotated[
        Annotated[float, Meta(gt=0, le=1000)] | None,
        option("Paint at most this many frames per second (default: all).", allowed="above 0, at most 1000 frames per second"),
    ] = None
    resume: Annotated[bool, option("Continue a clip of this name that was stopped or killed.")] = False
    frame_steps: Annotated[
        int,
        option("Steps of each frame after the first, for recipes that optimize (default 8).", allowed="1 to 1000 steps", ge=1, le=1000),
    ] = 8
    recipe: Annotated[str | None, option("instant (the default), trained, draft, standard, fine, or a .toml file.")] = None
    masks: Annotated[
        tuple[str, ...],
        option(
            "Use another style where FILE is white; FILE=photo keeps the clip there. FILE is a picture for all frames, or a folder or clip "
            "with one mask for each frame. May be repeated."
        ),
    ] = ()
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_WORKERS)] | None,
        option(
            "Number of painting processes (default 1; with --ray, as many as fit). Each paints one scene at a time, so a clip without cuts "
            "uses one.",
            allowed=f"1 to {MAX_WORKERS} processes",
        ),
    ] = None
    preview: Annotated[str | None, option("Write the current frame to FILE while painting.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_styles(len(self.styles))
        if self.save_every:
            raise UsageError("--save-every is for a single photo; omit it")
        if self.strengths:
            for strength in self.strengths:
                Options(strength=strength)
            if len(self.strengths) != 2:
                raise UsageError(f"{len(self.strengths)} strengths are given; write the first and the last, such as 20..80")
        begin, end = self.begin_seconds, self.end_seconds
        if end is not None and end <= begin:
            raise UsageError(f"--from {self.begin or 0} is not before --to {self.end}; give a later --to")
        if self.feather and not self.masks and not self.protected:
            raise UsageError(f"feather is {self.feather:g}, but there is no mask to soften; add --mask or --protect")
        self.single()

    @property
    def begin_seconds(self) -> Fraction:
        """Start time in seconds."""
        return Fraction(0) if self.begin is None else parse_time(self.begin)

    @property
    def end_seconds(self) -> Fraction | None:
        """End time in seconds; None: the end of the clip."""
        return None if self.end is None else parse_time(self.end)

    def single(self) -> PaintFileRequest:
        """The request for a single frame, without photo, styles and regions."""
        known = set(PaintFileRequest.__struct_fields__) - {"photo", "styles", "output", "resume", "preview", "masks", "protect"}
        return PaintFileRequest(**{name: value for name, value in structs.asdict(self).items() if name in known})

    def strength_at(self, share: float) -> float:
        """The strength at a position in the clip, 0 (start) to 1 (end)."""
        if not self.strengths:
            return self.strength
        first, last = self.strengths
        return first + (last - first) * min(1.0, max(0.0, share))


def parse_time(text: str) -> Fraction:
    """Parse `12.5`, `1:05` or `1:02:03.5` as seconds.

    Raises:
        UsageError: the text is not a time.
    """
    match = re.fullmatch(r"(?:(?:([0-9]+):)?([0-9]+):)?([0-9]+(?:\.[0-9]+)?)", text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not a time; write seconds, 1:05 or 1:02:03.5")
    hours, minutes, seconds = match.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + Fraction(seconds)
