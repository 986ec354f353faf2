"""Video encoders and their settings, by output suffix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import UsageError, counted
from stylenet.image.loops import LOOP_SUFFIXES, SHORTEST_MS
from stylenet.image.resize import resize
from stylenet.video.package import pyav

CONTAINERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""Formats with sound, by suffix."""

OUTPUT_SUFFIXES = (*CONTAINERS, *LOOP_SUFFIXES)
"""Suffixes of painted clips."""

WITH_ALPHA = ".webm, .mov, .webp or .apng"
"""Formats with transparency, for messages."""


_MAX_LOOP_FRAMES = 600
"""Maximum number of frames in a GIF, WebP or APNG, which are all held in memory until the file is written."""


@dataclass(frozen=True, kw_only=True)
class Coding:
    """An encoder and its settings. Frames are encoded in closed groups, one packet per frame, so that groups can be joined by copying.

    Attributes:
        codec: FFmpeg name of the encoder.
        pixels: FFmpeg name of the pixel format.
        name: Common name.
        options: Options of the encoder.
        has_alpha: Whether frames have an alpha channel.
        group: File suffix and container format of a group.
    """

    codec: str
    pixels: str
    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    has_alpha: bool = False
    group: tuple[str, str] = (".mkv", "matroska")


# Visually lossless constant rate factors, because brush strokes put fine detail everywhere.
_H264 = Coding(
    codec="libx264",
    pixels="yuv420p",
    name="H.264",
    options={"crf": "18", "preset": "medium", "bf": "0", "sc_threshold": "0", "threads": "1"},
    group=(".mp4", "mp4"),
)
_VP9_OPTIONS = {"crf": "20", "b": "0", "auto-alt-ref": "0", "lag-in-frames": "0", "deadline": "good", "cpu-used": "4", "threads": "1"}
_VP9 = Coding(codec="libvpx-vp9", pixels="yuv420p", name="VP9", options=_VP9_OPTIONS)
_VP9_ALPHA = Coding(codec="libvpx-vp9", pixels="yuva420p", name="VP9", options=_VP9_OPTIONS, has_alpha=True)
_PRORES = Coding(
    codec="prores_ks", pixels="yuva444p10le", name="ProRes", options={"profile": "4444", "alpha_bits": "16", "threads": "1"}, has_alpha=True
)
_LOSSLESS = Coding(codec="ffv1", pixels="bgr0", name="FFV1", options={"threads": "1"})
_LOSSLESS_ALPHA = Coding(codec="ffv1", pixels="bgra", name="FFV1", options={"threads": "1"}, has_alpha=True)


def coding_for(output: Path, *, has_alpha: bool) -> Coding:
    """The encoder settings for an output file. The groups of a loop are stored losslessly and converted at the end.

    Args:
        output: Path with one of `OUTPUT_SUFFIXES`.
        has_alpha: Whether the clip has transparency, which some formats drop.

    Raises:
        UsageError: this build of PyAV lacks the encoder.
    """
    suffix = output.suffix.lower()
    if suffix in LOOP_SUFFIXES:
        coding = _LOSSLESS_ALPHA if has_alpha else _LOSSLESS
    elif suffix == ".webm":
        coding = _VP9_ALPHA if has_alpha else _VP9
    else:
        coding = _PRORES if has_alpha and suffix == ".mov" else _H264
    av = pyav()
    try:
        av.Codec(coding.codec, "w")
    except (av.error.FFmpegError, ValueError):
        raise UsageError(
            f'this build of PyAV has no {coding.name} encoder; install the official one with: pip install --force-reinstall "av>=14"'
        ) from None
    return coding


def add_stream(container: Any, coding: Coding, size: tuple[int, int], *, rate: int = 25, group: int | None = None) -> Any:
    """Add a video stream of (width, height) to an open container; `group` is the maximum interval between key frames."""
    options = dict(coding.options) | ({"g": str(group)} if group is not None else {})
    stream = container.add_stream(coding.codec, rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = *size, coding.pixels
    if coding.pixels.startswith("yuv"):
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 1, 1, 1, 1  # BT.709, limited
    return stream


def coded_frame(pixels: NDArray[np.uint8], coding: Coding, number: int, *, rate: int = 25) -> Any:
    """A frame (H, W, 3 or 4) in the pixel format of the encoder."""
    frame = pyav().VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba" if pixels.shape[2] == 4 else "rgb24")
    if coding.pixels.startswith("yuv"):
        frame = frame.reformat(format=coding.pixels, dst_colorspace="ITU709", dst_color_range="MPEG")
    else:
        frame = frame.reformat(format=coding.pixels)
    frame.pts, frame.time_base = number, Fraction(1, rate)
    return frame


def check_loop(output: Path, *, rate: float, frames: int | None) -> None:
    """Check that a GIF, WebP or APNG can hold a clip; `frames` is the approximate number of frames, None if unknown.

    Raises:
        UsageError: the clip has too many frames, or too many per second.
    """
    if rate > 1000 / SHORTEST_MS:
        raise UsageError(f"a {output.suffix} has at most 50 frames per second, and the clip has {rate:.4g}; give --fps 50 or less")
    if frames is None or frames > _MAX_LOOP_FRAMES:
        count = "an unknown number of frames" if frames is None else f"about {counted(frames, 'frame')}"
        raise UsageError(
            f"a {output.suffix} is for short clips of at most {_MAX_LOOP_FRAMES} frames, and this one has {count}; "
            "give --from and --to, a lower --fps, or write a .mp4 or .webm"
        )


def with_alpha(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """A frame (H, W, 3) with an alpha channel of any size as its fourth channel; None: fully opaque."""
    height, width = pixels.shape[:2]
    if alpha is None:
        alpha = np.full((height, width), 255, np.uint8)
    elif alpha.shape != (height, width):
        levels = alpha[None, None].astype(np.float32) / np.float32(255)
        resized = resize(levels, (width, height))
        alpha = np.rint(resized[0, 0].clip(0, 1) * 255).astype(np.uint8)
    return np.dstack([pixels, alpha])
