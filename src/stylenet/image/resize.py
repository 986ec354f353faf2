"""Parse sizes, and resize pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import ShapeError, UsageError, did_you_mean, shortened
from stylenet.image.bands import Band, filtered
from stylenet.image.opening import MAX_PIXELS
from stylenet.shapes import is_floating

FULL = "full"
"""The size of the photo."""

PAPERS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "a0": (841, 1189),
        "a1": (594, 841),
        "a2": (420, 594),
        "a3": (297, 420),
        "a4": (210, 297),
        "a5": (148, 210),
        "a6": (105, 148),
        "letter": (215.9, 279.4),
        "legal": (215.9, 355.6),
        "tabloid": (279.4, 431.8),
    }
)
"""Width and height of named paper sizes in millimeters: ISO 216 and ANSI Y14.1."""

PRINT_DPI = 300
"""Default dots per inch of a print."""


_RUNS = {2: 16, 3: 32}
"""Outputs computed at a time, by axis: the fastest of 4 to 64, for pictures of 0.2 to 12 megapixels."""


def resize(image: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """`image` at `size` by antialiased bicubic interpolation, clamped to 0..1; the same array if it already has that size.

    Args:
        image: Shape (B, C, H, W), 0..1, floating point; pictures, alpha and masks alike.
        size: (width, height) in pixels.

    Returns:
        Shape (B, C, height, width), of the same type.

    Raises:
        ShapeError: `image` is not 4-D or not floating point.
        UsageError: A side is below 1 px.

    References:
        Keys 1981 (IEEE TASSP), eq. 4, with a = -0.5, widened for downscaling, as in Pillow and PyTorch (`antialias=True`).
        Clamped, because the negative lobes overshoot.
    """
    if image.ndim != 4 or not is_floating(image):
        raise ShapeError(f"only floating-point arrays of shape (B, C, H, W) can be resized; got {tuple(image.shape)}, {image.dtype}")
    width, height = size
    _check_sides(width, height)
    if (height, width) == image.shape[2:]:
        return image
    resized = image.astype(np.result_type(image, np.float32), copy=False)
    for axis, length in ((2, height), (3, width)):
        if resized.shape[axis] != length:
            resized = filtered(resized, _bicubic(resized.shape[axis], length, run=_RUNS[axis]), axis=axis, length=length)
    return np.clip(resized, 0, 1, out=resized).astype(image.dtype, copy=False)


def target_size(width: int, height: int, size: int | str | tuple[int, int]) -> tuple[int, int]:
    """(width, height) in pixels for a picture of `width` x `height` and the option `size`.

    Args:
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        size: A number: the longer side, with the aspect kept and each side at least 1 px. (width, height) or "640x480": exactly that.
            "full": the size of the picture.

    Raises:
        UsageError: `size` has another form, is below 1 px, or exceeds `MAX_PIXELS`.
    """
    _check_sides(width, height)
    if isinstance(size, str):
        size = (width, height) if size.strip().lower() == FULL else _parsed(size)
    if isinstance(size, tuple):
        _check_sides(*size)
        result = (int(size[0]), int(size[1]))  # converts NumPy integers
    else:
        _check_sides(size, size)
        size = int(size)
        scale = size / max(width, height)
        result = (size, max(1, round(height * scale))) if width >= height else (max(1, round(width * scale)), size)
    if result[0] * result[1] > MAX_PIXELS:
        raise UsageError(f"{result[0]} x {result[1]} pixels are too many; allowed are {MAX_PIXELS // 1_000_000} million in all")
    return result


def print_size(width: int, height: int, paper: str, dpi: int) -> tuple[int, int]:
    """The largest (width, height) in pixels of a picture of `width` x `height` on paper.

    Args:
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        paper: "40x30cm", "400x300mm", "16x12in", or a name of `PAPERS`; rotated to the orientation of the picture.
        dpi: Dots per inch, 30..2400.

    Raises:
        UsageError: `paper` is not a paper size, `dpi` is out of range, or the result exceeds `MAX_PIXELS`.
    """
    _check_sides(width, height)
    check_dpi(dpi)
    short, long = sorted(side * dpi / 25.4 for side in _paper_mm(paper))
    across, down = (long, short) if width >= height else (short, long)
    scale = min(across / width, down / height)
    return target_size(width, height, (max(1, round(width * scale)), max(1, round(height * scale))))


def check_dpi(dpi: int) -> None:
    """Raise `UsageError` for a resolution out of range."""
    if not 30 <= dpi <= 2400:
        raise UsageError(f"dpi is {dpi}; allowed are 30..2400 dots per inch; {PRINT_DPI} is typical")


def _paper_mm(paper: str) -> tuple[float, float]:
    """The sides of a sheet of paper in millimeters."""
    word = paper.strip().lower()
    if word in PAPERS:
        return PAPERS[word]
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]*)?)\s*[x×]\s*([0-9]{1,6}(?:\.[0-9]*)?)\s*(mm|cm|in)", word)
    if match is None or not float(match[1]) or not float(match[2]):
        raise UsageError(
            f"'{shortened(paper)}' is not a paper size; write WIDTHxHEIGHT and a unit, such as 40x30cm, 400x300mm or 16x12in, or one of "
            f"{', '.join(PAPERS)}{did_you_mean(word, PAPERS)}"
        )
    unit = {"mm": 1.0, "cm": 10.0, "in": 25.4}[match[3]]
    return float(match[1]) * unit, float(match[2]) * unit


def fit_within(width: int, height: int, long_side_px: int) -> tuple[int, int]:
    """(width, height) with neither side above `long_side_px`, with the aspect kept; a smaller picture keeps its size."""
    return (width, height) if max(width, height) <= long_side_px else target_size(width, height, long_side_px)


def _bicubic(input_length: int, output_length: int, run: int) -> Iterator[Band]:
    """Weights that resample `input_length` samples to `output_length`, for `run` outputs at a time; those of each output sum to 1."""
    step = input_length / output_length
    stretch = max(1.0, step)
    for start in range(0, output_length, run):
        stop = min(start + run, output_length)
        middles = (np.arange(start, stop) + 0.5) * step
        first, last = max(0, int(middles[0] - 2 * stretch)), min(input_length, int(middles[-1] + 2 * stretch) + 1)
        weights = _keys((np.arange(first, last) + 0.5 - middles[:, None]) / stretch)
        yield slice(start, stop), slice(first, last), weights / weights.sum(axis=1, keepdims=True)


def _keys(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys 1981, eq. 4: the piecewise cubic with a = -0.5, zero from a distance of 2 on."""
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x * x + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x < 1, inner, np.where(x < 2, outer, 0))


def _parsed(text: str) -> int | tuple[int, int]:
    word = text.strip().lower()
    if re.fullmatch(r"[0-9]{1,9}", word):
        return int(word)
    if match := re.fullmatch(r"([0-9]{1,6})\s*[x×]\s*([0-9]{1,6})", word):  # accept both signs
        return (int(match[1]), int(match[2]))
    raise UsageError(
        f"'{shortened(text)}' is not a valid size; allowed are a number of pixels for the longer side (512), "
        f"WIDTHxHEIGHT (640x480), or {FULL}"
    )


def _check_sides(*sides: object) -> None:
    for side in sides:
        if not isinstance(side, int | np.integer) or isinstance(side, bool) or side < 1:
            raise UsageError(f"a side of {side} px is not valid; allowed are whole numbers from 1")
