"""Measures of finished pictures: distances from painting and photo, and visible artifacts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylenet.encoders.resampling import as_tensor
from stylenet.encoders.vgg import VggEncoder
from stylenet.engines.devices import own_precision
from stylenet.engines.style_targets import AnyStyle
from stylenet.image.files import Picture
from stylenet.image.resize import fit_within, resize
from stylenet.losses.content import ContentTarget
from stylenet.losses.gaussian import RANK, gaussian, wasserstein_distance
from stylenet.losses.style import gram_distance
from stylenet.shapes import Image
from stylenet.styles.framing import framed_features
from stylenet.styles.style import moments_at

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_1"

_FEATURE_PX = 768
"""Long side at which features are compared; larger sizes take much longer without adding information about style."""

_RIM_PX = 16
_PERIODS = (2, 4, 8, 16)
"""Periods of checkerboards in pixels: the strides of networks."""

_FRAME_PX = 8
"""Width of the border in which straight lines are taken for a frame."""

_MIN_DETAIL = 0.01
"""Lightness deviation below which an area of a photo counts as flat."""

_MAX_BLOCKS = 1024
"""Maximum number of blocks whose spectra are computed (32 MB)."""

Plane = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Measures of one picture; None for those that need a photo or style that was not given.

    Attributes:
        style: Relative Wasserstein-2 distance from the painting, mean of five layers; 0: identical statistics. Lower is better.
        gram: Relative distance of the Gram matrices, mean of five layers. Lower is better.
        content: Distance from the photo at relu4_1 relative to its variance; 0: identical, 1: no content remains.
        ssim: Structural similarity to the lightness of the photo, -1..1.
        edges: Share of the photo's edges that the picture reproduces within two pixels, 0..1.
        noise: Standard deviation of grain, excluding edges, in levels of 0..255.
        checkerboard: Largest power at periods of 2, 4, 8 and 16 px relative to neighboring frequencies; about 1 if there is none.
        seam: Step at the strongest straight line across the picture relative to the lines around it; about 1 if there is none.
        border: Change of the photo's fine detail along the border, relative to the inside; about 1 if both are painted alike, below 0.8
            if a frame of the photo remains.
        palette: Distance between the colors of picture and painting (sliced Wasserstein-1 in RGB), 0..1.
    """

    style: float | None = None
    gram: float | None = None
    content: float | None = None
    ssim: float | None = None
    edges: float | None = None
    noise: float = 0.0
    checkerboard: float = 0.0
    seam: float = 0.0
    border: float | None = None
    palette: float | None = None


BETTER_LOWER = {"style", "gram", "content", "noise", "checkerboard", "seam", "palette"}
"""Measures for which lower is better; for the others, higher is better."""


def measure(
    result: Picture,
    encoder: VggEncoder,
    *,
    photo: Picture | None = None,
    styles: Sequence[AnyStyle] = (),
    seams: tuple[Sequence[int], Sequence[int]] | None = None,
) -> Measures:
    """The measures of a picture.

    Args:
        result: A picture of any size.
        encoder: Computes the features, in float32.
        photo: The photo; it is resized to the size of the result.
        styles: The styles, measured at the area of the result; several styles have equal weight.
        seams: Rows and columns at which tiles meet; other lines are ignored.
    """
    size = fit_within(result.width, result.height, _FEATURE_PX)
    small = resize(result.pixels, size)
    light = lightness(result.pixels)
    found: dict[str, float] = {
        "noise": noise(light),
        "checkerboard": checkerboard(light),
        "seam": seam(light, *(seams or (None, None))),
    }
    if photo is not None:
        target = resize(photo.pixels, size)
        with own_precision(encoder.mean.device), torch.no_grad():
            given, wanted = (
                framed_features(encoder, on_device(pixels, encoder), (CONTENT_LAYER,), _RIM_PX)[0][CONTENT_LAYER]
                for pixels in (small, target)
            )
            found["content"] = float(ContentTarget(wanted, "spread").loss(given))
        planes = lightness(small), lightness(target)
        found |= {"ssim": ssim(*planes), "edges": edges_kept(*planes), "border": border(*planes)}
    if styles:
        found |= _style_distances(small, encoder, styles)
    return Measures(**found)


def _style_distances(small: Image, encoder: VggEncoder, styles: Sequence[AnyStyle]) -> dict[str, float]:
    size_px = math.sqrt(small.shape[2] * small.shape[3])
    with own_precision(encoder.mean.device), torch.no_grad():
        _, given = framed_features(encoder, on_device(small, encoder), STYLE_LAYERS, _RIM_PX, moments_of=STYLE_LAYERS)
        wasserstein, gram = [], []
        for style in styles:
            wanted = moments_at(style, size_px, STYLE_LAYERS, encoder.mean.device)
            for layer in STYLE_LAYERS:
                target = wanted[layer].to(given[layer].gram.device, given[layer].gram.dtype)
                wasserstein.append(max(0.0, float(wasserstein_distance(given[layer], gaussian(target, rank=RANK)))))
                gram.append(float(gram_distance(given[layer], target, "relative")))
    found = {"style": float(np.mean(wasserstein)), "gram": float(np.mean(gram))}
    pictures = [pixels for style in styles for pixels in _pixels(style)]
    if pictures:
        found["palette"] = float(np.mean([color_distance(small, resize(pixels, (256, 256))) for pixels in pictures]))
    return found


def on_device(image: Image, encoder: VggEncoder) -> Tensor:
    """A picture as a tensor on the encoder's device."""
    return as_tensor(image, encoder.mean.device)


def _pixels(style: AnyStyle) -> list[Image]:
    """The pictures of a style; empty for a style file."""
    return [part.pixels for part in getattr(style, "parts", [style]) if hasattr(part, "pixels")]


def lightness(image: Image) -> Plane:
    """CIELAB's L* of a picture (1, 3, H, W), scaled to 0..1; shape (H, W)."""
    from skimage.color import rgb2lab

    strips = (image[0, :, top : top + 512] for top in range(0, image.shape[2], 512))
    rows = [rgb2lab(strip.transpose(1, 2, 0))[..., 0] for strip in strips]
    found: Plane = np.concatenate(rows).astype(np.float64) / 100
    return found


def ssim(given: Plane, target: Plane) -> float:
    """Structural similarity (Wang et al. 2004), in windows of 7 pixels, or the largest odd window that fits into a smaller picture."""
    from skimage.metrics import structural_similarity

    window = min(7, (min(given.shape) - 1) // 2 * 2 + 1)
    return float(structural_similarity(given, target, data_range=1.0, win_size=max(3, window))) if min(given.shape) >= 3 else 1.0


def edges_kept(given: Plane, target: Plane, *, within_px: int = 2) -> float:
    """Share of the target's edges (Canny, sigma 2) with an edge of the given picture within `within_px`; 1 if the target has none."""
    from scipy.ndimage import binary_dilation
    from skimage.feature import canny

    wanted, found = (canny(plane, sigma=2.0) for plane in (target, given))
    near = binary_dilation(found, iterations=within_px)
    return float(near[wanted].mean()) if wanted.any() else 1.0


def noise(plane: Plane) -> float:
    """Standard deviation of the noise, in levels of 0..255.

    References:
        Immerkaer 1996 (Fast noise variance estimation), eq. 3, from the response to the difference of two Laplacians. We use the median of
        the absolute responses instead of the mean, so that edges and strokes do not count.
    """
    if min(plane.shape) < 3:
        return 0.0
    second = plane[:, :-2] - 2 * plane[:, 1:-1] + plane[:, 2:]
    response = second[:-2] - 2 * second[1:-1] + second[2:]
    # The median of the absolute value of a normal variable is 0.6745 of its deviation; the mask's norm is 6.
    return float(np.median(np.abs(response)) / 0.6745 / 6 * 255)


def checkerboard(plane: Plane) -> float:
    """Largest ratio of the power at horizontal, vertical and diagonal periods of 2, 4, 8 and 16 pixels to the power nearby.

    The spectrum is the median over overlapping blocks of 64 pixels with a Hann window, so that patterns that repeat over the whole picture
    stand out and single shapes do not. The power of natural pictures falls with the square of the frequency, which is compensated first.
    The power nearby is the geometric mean over the frequencies 3 to 5 steps away. For horizontal and vertical periods, only frequencies on
    the same axis count, because straight edges put power on the axes without being a checkerboard.
    """
    side = 64
    if min(plane.shape) < side:
        return 1.0
    views = np.lib.stride_tricks.sliding_window_view(plane, (side, side))[:: side // 2, :: side // 2].reshape(-1, side, side)
    window = np.outer(np.hanning(side), np.hanning(side))
    views = views[:: math.ceil(len(views) / _MAX_BLOCKS)]
    power = np.median([np.abs(np.fft.fft2((block - block.mean()) * window)) ** 2 for block in views], axis=0)
    frequency = np.minimum(np.arange(side), side - np.arange(side))
    power *= frequency[:, None] ** 2 + frequency[None, :] ** 2
    steps = [step for step in range(-5, 6) if abs(step) >= 3]
    square = [(down, across) for down in range(-5, 6) for across in range(-5, 6) if max(abs(down), abs(across)) >= 3]
    ratios = []
    for place in (side // period for period in _PERIODS):
        for (row, column), nearby in (
            ((0, place), [(0, step) for step in steps]),
            ((place, 0), [(step, 0) for step in steps]),
            ((place, place), square),
        ):
            around = [
                power[(row + down) % side, (column + across) % side] for down, across in nearby if (row + down, column + across) != (0, 0)
            ]
            ratios.append(power[row, column] / float(np.exp(np.mean(np.log(np.maximum(around, 1e-20))))))
    return float(max(ratios)) if power.any() else 1.0


def seam(plane: Plane, rows: Sequence[int] | None = None, columns: Sequence[int] | None = None) -> float:
    """How much the strongest straight line across the whole picture stands out; 1 to 2 if there is none, lower if few are examined.

    The step across a line is the difference of the two rows, less what the gradients on both sides explain. The strength of a line is the
    magnitude of the median step over its length, plus a twentieth of the median magnitude: drawn edges bend and end, a seam does not. It is
    relative to the lines 3 to 12 pixels away and to all lines, and scaled so that the strongest fiftieth of the lines start at 1, because
    some line always stands out. If no lines are given, the outer 8 pixels are ignored, because scans have frames there.

    Grain and strokes hide seams: a smooth picture reveals steps of two 8-bit levels, a small painting with rough strokes steps of about
    eight. Straight edges in the scene, such as those of buildings, count as seams if no lines are given.

    Args:
        plane: Shape (H, W), 0..1. Sides below 48 px are ignored.
        rows: First rows of tiles; other rows are ignored.
        columns: First columns of tiles.
    """
    found = []
    for values, lines in ((plane, rows), (plane.T, columns)):
        if values.shape[0] < 48:
            continue
        strength = _line_strengths(values)
        baseline = max(float(np.percentile(strength[_FRAME_PX:-_FRAME_PX], 98)), 1.0)
        # The first strength belongs to the step to row 2.
        indices = range(_FRAME_PX, len(strength) - _FRAME_PX) if lines is None else [line - 2 for line in lines]
        found += [float(strength[index]) / baseline for index in indices if 0 <= index < len(strength)]
    return max(found, default=1.0)


def border(given: Plane, target: Plane) -> float:
    """How much a painting (H, W) changes the detail of its photo along the border, relative to the inside.

    Detail is the difference from a Gaussian blur of 2 pixels. The width of the border is a twelfth of the shorter side; a strip of the same
    width inside it is ignored.
    """
    from scipy.ndimage import gaussian_filter

    detail, known = (plane - gaussian_filter(plane, 2.0) for plane in (given, target))
    rows, columns = (np.minimum(np.arange(length), np.arange(length)[::-1]) for length in given.shape)
    depth, width = np.minimum(rows[:, None], columns[None, :]), max(1, min(given.shape) // 12)
    outside, inside = depth < width, depth >= 2 * width

    def changed(part: NDArray[np.bool_]) -> float:
        return float(np.abs(detail - known)[part].mean() / (np.abs(known[part]).mean() + _MIN_DETAIL))

    return changed(outside) / changed(inside) if inside.any() and changed(inside) > 0 else 1.0


def _line_strengths(values: Plane) -> Plane:
    """Strength of the step from the previous row relative to the surrounding rows, for rows 2 to H - 2; shape (H - 3,)."""
    step = values[2:-1] - values[1:-2]
    step -= 0.5 * ((values[1:-2] - values[:-3]) + (values[3:] - values[2:-1]))
    strength = np.abs(np.median(step, axis=1)) + 0.05 * np.median(np.abs(step), axis=1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(strength, 12, constant_values=np.nan), 25)
    near = np.nanmedian(np.delete(around, range(10, 15), axis=1), axis=1)
    # A tenth of an 8-bit level is invisible.
    found: Plane = strength / np.maximum(np.maximum(near, np.median(strength)), 0.1 / 255)
    return found


def color_distance(given: Image, target: Image) -> float:
    """Sliced Wasserstein-1 distance between the colors of two pictures (1, 3, H, W): the mean over 16 directions in RGB; 0..1."""
    generator = torch.Generator().manual_seed(0)
    directions = torch.nn.functional.normalize(torch.randn(16, 3, generator=generator), dim=1).numpy()
    quantiles = np.linspace(0, 1, 257)
    values = [np.quantile(directions @ resize(image, (128, 128)).reshape(3, -1), quantiles, axis=1) for image in (given, target)]
    return float(np.abs(values[0] - values[1]).mean())
