"""Painting the frames of a camera in a worker, each blended with the previous painting."""

from __future__ import annotations

import io

from stylenet.engines.protocol import OpenStyle
from stylenet.errors import ImageError
from stylenet.events import Done
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.opening import opened
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.live import LiveRequest
from stylenet.requests.painting import Options
from stylenet.video.stillness import StillSteadier

MAX_SIDE_PX = 1920
"""Maximum long side of a frame before it is resized."""

_QUALITY = 85


class LiveFrames:
    """The frames of one camera."""

    def __init__(self) -> None:
        self._request: LiveRequest | None = None
        self._steadier = StillSteadier(0)

    def painted(self, data: bytes, request: LiveRequest, stylizer: Stylizer, style: OpenStyle) -> bytes:
        """Paint a frame; the frame and the result are JPEG files.

        Args:
            data: The frame.
            request: The settings.
            stylizer: A stylizer whose recipe paints in one pass.
            style: The style of the request.

        Raises:
            ImageError: the frame is damaged or too large.
        """
        if request != self._request:  # otherwise, the previous painting would show through
            self._request, self._steadier = request, StillSteadier(request.steady)
        frame = _checked(data)
        options = Options(size=request.size, strength=request.strength, style_scale=request.style_scale)
        *_, done = stylizer.stylize(frame, style, options, noise_origin=(0, 0))
        if not isinstance(done, Done):
            raise RuntimeError("a stylizer's last event is Done")
        buffer = io.BytesIO()
        save_image(self._steadier.steady(frame.pixels, done.image), buffer, format="jpg", quality=_QUALITY)
        return buffer.getvalue()


def _checked(data: bytes) -> Picture:
    with opened(data) as file:
        width, height = file.image.size
    if max(width, height) > MAX_SIDE_PX:
        raise ImageError(
            f"the frame has {width} x {height} pixels; allowed are up to {MAX_SIDE_PX} on a side; make it smaller before you send it",
            code="invalid-frame",
        )
    return load_image(data)
