"""What a person can ask of a network that restores photos."""

from __future__ import annotations

from typing import Annotated, Literal

from stylenet.requests.base import Request, option
from stylenet.requests.machine import Device, Precision, Threads


class RestoreRequest(Request, frozen=True, kw_only=True):
    """A photo that is enlarged or colored by a network."""

    photo: Annotated[str, option("Any picture file.")]
    network: Annotated[str, option("A file of 'stylenet train --task ...'.")]
    task: Annotated[Literal["super-resolution", "colorization"], option("What the network was trained for.")]
    output: Annotated[str | None, option("Where to write: .png, .jpg, .webp or .tif. Left out: named after the photo, here.")] = None
    device: Device = "auto"
    precision: Precision = "auto"
    threads: Threads = None

    @property
    def verb(self) -> str:
        """What is done to the photo, in the past."""
        return "enlarged" if self.task == "super-resolution" else "colored"
