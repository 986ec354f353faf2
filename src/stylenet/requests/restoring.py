"""The request of `stylenet enlarge` and `stylenet colorize`."""

from __future__ import annotations

from typing import Annotated, Literal

from stylenet.requests.base import Request, option
from stylenet.requests.machine import Device, Precision, Threads


class RestoreRequest(Request, frozen=True, kw_only=True):
    """A photo to be enlarged or colored by a network."""

    photo: Annotated[str, option("A picture file.")]
    network: Annotated[str, option("A file written by 'stylenet train --task ...'.")]
    task: Annotated[Literal["super-resolution", "colorization"], option("What the network was trained for.")]
    output: Annotated[
        str | None, option("Output file: .png, .jpg, .webp or .tif; default: named after the photo, in the current directory.")
    ] = None
    device: Device = "auto"
    precision: Precision = "auto"
    threads: Threads = None

    @property
    def verb(self) -> str:
        """What happens to the photo, as a past participle for messages and file names."""
        return "enlarged" if self.task == "super-resolution" else "colored"
