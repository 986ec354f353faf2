"""A photo painted in styles that turn into one another."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

from stylenet.errors import UsageError
from stylenet.events import Done
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.stylizers.plan import Options
from stylenet.stylizers.sources import StyleSource
from stylenet.stylizers.stylizer import Stylizer

MOST_FRAMES = 1000


def shares_on_the_way(styles: int, frames: int) -> list[tuple[float, ...]]:
    """The share of every style in every frame: from the first style to the last, evenly, two neighbors at a time.

    Raises:
        UsageError: fewer than two styles or frames.
    """
    if styles < 2 or not 2 <= frames <= MOST_FRAMES:
        raise UsageError(
            f"a sequence of {styles} styles in {frames} frames is not possible; allowed are from 2 styles, and 2 to {MOST_FRAMES}"
        )
    found = []
    for frame in range(frames):
        place = frame * (styles - 1) / (frames - 1)
        left = min(math.floor(place), styles - 2)
        shares = [0.0] * styles
        shares[left], shares[left + 1] = 1 - (place - left), place - left
        found.append(tuple(shares))
    return found


def sequence(
    stylizer: Stylizer,
    photo: ImageSource | Picture,
    styles: Sequence[StyleSource],
    frames: int,
    *,
    options: Options | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Done]:
    """A `Done` for every frame. All begin from the same start with the same seed: frames differ by their shares alone.

    Raises:
        StylenetError: see the tree in `errors`.
    """
    picture = photo if isinstance(photo, Picture) else load_image(photo)
    opened = [stylizer.open_style(style) for style in styles]
    for shares in shares_on_the_way(len(styles), frames):
        frame = dataclasses.replace(options or Options(), blend=shares)
        for event in stylizer.stylize(picture, opened, frame, should_stop=should_stop):
            if isinstance(event, Done):
                yield event
                if event.reason == "interrupted":
                    return
