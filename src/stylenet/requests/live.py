"""The request of `stylenet live`."""

from __future__ import annotations

from typing import Annotated

from stylenet.requests.base import Request, option
from stylenet.requests.painting import Strength, StyleScale


class LiveRequest(Request, frozen=True, kw_only=True):
    """How the frames of a camera are painted; all values may change between frames."""

    style: Annotated[str, option("Name of a style (see 'stylenet styles ls'), or a painting (default starry-night).")] = "starry-night"
    strength: Strength = 50.0
    style_scale: StyleScale = 1.0
    size: Annotated[
        int,
        option(
            "Long side of the painted frames in pixels (default 384). Smaller frames are painted faster.",
            allowed="64 to 1024 pixels",
            ge=64,
            le=1024,
        ),
    ] = 384
    steady: Annotated[
        float,
        option(
            "How closely static parts of the picture follow the previous painting, 0 to 100 (default 60).",
            allowed="0 to 100",
            ge=0,
            le=100,
        ),
    ] = 60.0
