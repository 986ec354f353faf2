"""Recolor pictures with the colors of their photo, or with a palette.

Only colors change; the picture is not painted again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import ImageError, ShapeError, UsageError, did_you_mean
from stylenet.image.color import palette
from stylenet.image.lab import XYZ_FROM_RGB, encode, lab_to_linear, rgb_to_lab
from stylenet.image.resize import resize
from stylenet.shapes import check_image, check_range

if TYPE_CHECKING:
    from stylenet.shapes import Image

Pixels: TypeAlias = NDArray[np.floating]
"""A list of colors, shape (N, 3)."""

KEEP_COLORS = ("luminance", "histogram", "mean-covariance")
"""The modes of `keep_colors`; the first is the default and looked best with all nine paintings compared."""

MAX_COLORS = 64
"""Maximum number of colors of a target palette."""

_BLOCK_PX = 1 << 16  # pixels changed at a time: efficient in NumPy, and fits the CPU cache
_SAMPLE_PX = 1 << 19  # sample for histograms: ranks are accurate to about 0.1 %
_LEVELS = 1025  # of a histogram's lookup table, evenly spaced in rank
_MIN_VARIANCE = (2 / 255) ** 2  # variance of two 8-bit levels: smaller ones are rounding and JPEG noise, which must not be amplified
_PALETTE_COLORS = 64  # colors that represent the picture when matching it to a palette
_SOFTNESS = 0.15  # of the matching: at 0.05 smooth skies break into specks of two colors, from 0.3 on the colors blend into brown
_MATCHING_SCALE = 3  # scale at which colors are matched: the grain of paint varies from pixel to pixel
_LIGHTNESS_SHARE = 0.25  # taken from the palette; the rest preserves the drawing
_ITERATIONS = 100  # iterations of Sinkhorn's algorithm; after 50, shares were within 0.001 in 54 pairs of picture and palette


def keep_colors(painted: Image, photo: Image, mode: str) -> Image:
    """The painted picture with the colors of the photo; or, before painting, the style image with the colors of the photo.

    | mode              | the photo's                                              | the painted picture's                   |
    |-------------------|----------------------------------------------------------|-----------------------------------------|
    | `luminance`       | color of each place (CIELAB a*, b*)                      | lightness of each place (CIELAB L*)     |
    | `histogram`       | histograms of red, green and blue; nearly the next line  | which color goes where                  |
    | `mean-covariance` | mean and covariance of the colors                        | which color goes where                  |

    `luminance` restores the color of every object and is used after painting. The other two ignore positions, and amplify the grain
    of paint with the colors: they look best on the style image, before painting.

    Colors out of gamut are mixed with the gray of their own luminance: this keeps lightness and nearly keeps hue, while
    clipping each channel changes hues by up to 25 degrees.

    Args:
        painted: Shape (1, 3, H, W), 0..1.
        photo: Shape (1, 3, H', W'), 0..1; for `luminance` it is resized to `painted`.
        mode: One of `KEEP_COLORS`.

    Returns:
        Shape (1, 3, H, W), 0..1, type of `painted`.

    Raises:
        UsageError: `mode` is unknown.
        ShapeError: The shapes are not those of one picture each.
        ImageError: A value is not finite, or outside of 0..1.

    References:
        Gatys, Bethge, Hertzmann, Shechtman 2016 (Preserving color in neural artistic style transfer) and Gatys et al. 2017 (CVPR;
        Controlling perceptual factors in neural style transfer): luminance-only transfer and color matching. They keep the Y of YIQ; we
        keep L* of CIELAB, the perceived lightness: with Y, it changes by 1 to 2 units on average and by up to 10. Their
        matching is linear, by Cholesky or as in image analogies; see `_linear_transfer` for ours. `histogram` is ours: channels matched
        one by one give colors that neither picture has (a yellow dog under a blue sky), but not after the linear transfer.
    """
    given: object = mode
    if not isinstance(given, str) or mode not in KEEP_COLORS:
        near = did_you_mean(str(mode), KEEP_COLORS)
        raise UsageError(f"'{mode!s:.60}' is not a mode for keeping colors; allowed: {', '.join(KEEP_COLORS)}{near}")
    _check(painted)
    _check(photo)
    if mode == "luminance":
        return _changed(_with_chroma, painted, resize(photo, (painted.shape[3], painted.shape[2])))
    matrix, offset = _linear_transfer(_moments(painted), _moments(photo))
    if mode == "mean-covariance":
        return _changed(lambda colors: _into_gamut(colors @ matrix.T + offset), painted)
    tables = _histogram_tables(_sample(painted) @ matrix.T + offset, _sample(photo))

    def matched(colors: Pixels) -> Pixels:
        moved = colors @ matrix.T + offset
        return np.stack([np.interp(moved[:, band], *table) for band, table in enumerate(tables)], axis=1)

    return _changed(matched, painted)


def with_palette(image: Image, colors: Sequence[tuple[str, float]]) -> Image:
    """A picture with the colors of a palette, each covering about its share, with smooth transitions and the drawing preserved.

    Lightness moves a quarter of the way to that of the palette, so that light and dark areas stay.

    Args:
        image: Shape (1, 3, H, W), 0..1.
        colors: ("#rrggbb", share) up to 64 times; the shares are relative to their sum. Colors with share 0 are ignored.

    Returns:
        Shape (1, 3, H, W), 0..1, type of `image`.

    Raises:
        UsageError: There are no or too many colors, a color is invalid, or a share is below 0.
        ShapeError: The shape is not that of one picture.
        ImageError: A value is not finite, or outside of 0..1.

    References:
        The colors move by entropic optimal transport in CIELAB: Cuturi 2013 (NeurIPS) for the plan between two palettes, Pooladian and
        Niles-Weed 2021 (Entropic estimation of optimal transport maps) for the map of any other color. With squared distance as its cost
        the plan depends only on inner products of the colors, not on the relative brightness or saturation of the palettes.
    """
    _check(image)
    wanted, wanted_shares = _lab_palette(colors)
    height, width = image.shape[2:]
    coarse = resize(image, (-(-width // _MATCHING_SCALE), -(-height // _MATCHING_SCALE)))
    swatches = palette(coarse, _PALETTE_COLORS)
    given, given_shares = _lab_palette([(swatch.color, swatch.share) for swatch in swatches])
    given_mean, wanted_mean = given_shares @ given, wanted_shares @ wanted
    spread = np.sqrt((given_shares @ (given - given_mean) ** 2).sum() * (wanted_shares @ (wanted - wanted_mean) ** 2).sum())
    directions = (wanted - wanted_mean).T / (_SOFTNESS * spread or 1.0)  # no spread: a single color, for which any softness works
    offsets = _balanced((given - given_mean) @ directions, given_shares, wanted_shares)
    origin, directions, offsets, wanted = (values.astype(np.float32) for values in (given_mean, directions, offsets, wanted))

    def moved(rgb: Pixels, around: Pixels) -> Pixels:
        scores = (rgb_to_lab(around) - origin) @ directions + offsets
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        lab = (weights @ wanted) / weights.sum(axis=1, keepdims=True)
        lab[:, 0] = _LIGHTNESS_SHARE * lab[:, 0] + (1 - _LIGHTNESS_SHARE) * rgb_to_lab(rgb)[:, 0]
        return _rgb_from_lab(lab)

    return _changed(moved, image, resize(coarse, (width, height)))


def check_palette(colors: Sequence[tuple[str, float]]) -> None:
    """Raise `UsageError` for a palette with no or too many colors, an invalid color, or a share below 0."""
    parts: Sequence[object] | None = colors if isinstance(colors, (tuple, list)) else None
    if parts is None or not all(_is_color_and_share(part) for part in parts):
        raise UsageError(f"a palette is a list of ('#rrggbb', share); got {colors!r:.60}")
    bad = [share for _, share in colors if not (np.isfinite(share) and share >= 0)]
    if bad:
        raise UsageError(f"a share of {bad[0]} is not possible in a palette; allowed are numbers from 0")
    for color, _ in colors:
        parse_color(color)
    if not np.isfinite(sum(float(share) for _, share in colors)):
        raise UsageError("the shares of a palette are too large: their sum is infinite; divide them by the largest")
    count = sum(share > 0 for _, share in colors)
    if not 1 <= count <= MAX_COLORS:
        raise UsageError(f"a palette of {count} colors cannot be used; allowed are 1..{MAX_COLORS} with a share above 0")


def _is_color_and_share(part: object) -> bool:
    if not isinstance(part, (tuple, list)) or len(part) != 2:
        return False
    return isinstance(part[0], str) and isinstance(part[1], (int, float, np.number))


def parse_color(color: str) -> tuple[int, int, int]:
    """Red, green and blue, 0..255 each, of "#rrggbb".

    Raises:
        UsageError: It has another form.
    """
    if not re.fullmatch("#[0-9a-fA-F]{6}", color):
        raise UsageError(f"'{color}' is not a color; write #rrggbb, two hexadecimal digits each for red, green and blue: #2a9d8f")
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def _check(image: Image) -> None:
    if not isinstance(image, np.ndarray):
        raise ShapeError(f"a picture is an array of shape (1, 3, H, W); got {type(image).__name__}; `load_image` converts others")
    check_image(image)
    if image.shape[0] != 1 or not image.size:
        raise ShapeError(f"colors are changed in one picture at a time, shape (1, 3, H, W); got {tuple(image.shape)}")
    if not np.isfinite([image.min(), image.max()]).all():  # NaN propagates to both; `isfinite` of all values would need more memory
        raise ImageError("the picture has values that are not finite (NaN or infinity); its colors cannot be changed")
    check_range(image)


def _blocks(image: Image) -> Iterator[Pixels]:
    """The colors of a picture, `_BLOCK_PX` at a time, float32, without copying the whole picture."""
    flat = image[0].reshape(3, -1)
    for start in range(0, flat.shape[1], _BLOCK_PX):
        yield np.ascontiguousarray(flat[:, start : start + _BLOCK_PX].T, dtype=np.float32)


def _changed(change: Callable[..., Pixels], image: Image, *others: Image) -> Image:
    """Apply `change` to the colors of pictures of one size, block by block; returns a picture like `image`, clamped to 0..1."""
    result = np.empty(image.shape, image.dtype)
    flat, start = result[0].reshape(3, -1), 0
    for blocks in zip(*map(_blocks, (image, *others)), strict=True):
        stop = start + len(blocks[0])
        flat[:, start:stop] = change(*blocks).T.clip(0, 1)
        start = stop
    return result


def _sample(image: Image) -> Pixels:
    """A random sample of at most `_SAMPLE_PX` colors; a regular grid could coincide with stripes."""
    flat = image[0].reshape(3, -1)
    if flat.shape[1] > _SAMPLE_PX:
        flat = flat[:, np.random.default_rng(0).integers(flat.shape[1], size=_SAMPLE_PX)]
    return flat.T.astype(np.float64)


def _moments(image: Image) -> tuple[Pixels, Pixels]:
    """Mean, shape (3,), and covariance, shape (3, 3), of the colors of all pixels."""
    count, total, products = 0, np.zeros(3), np.zeros((3, 3))
    for block in _blocks(image):
        colors = block.astype(np.float64)
        count, total, products = count + len(colors), total + colors.sum(axis=0), products + colors.T @ colors
    mean = total / count
    return mean, products / count - np.outer(mean, mean)


def _linear_transfer(given: tuple[Pixels, Pixels], wanted: tuple[Pixels, Pixels]) -> tuple[Pixels, Pixels]:
    """Matrix A and offset b: colors A x + b have the wanted mean and covariance where x has the given ones.

    A = S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2 for covariances S and T. Of all matrices with A S A^T = T, it moves the colors least. It
    is symmetric, so it scales without rotating hues, as the image-analogies form T^1/2 S^-1/2 may do.
    If the picture is gray or has one color, its variances are raised to that of two 8-bit levels.

    References:
        Pitié and Kokaram 2007 (CVMP; The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer). The
        lower bound is ours.
    """
    (given_mean, given_covariance), (wanted_mean, wanted_covariance) = given, wanted
    values, vectors = np.linalg.eigh(given_covariance)
    deviations = np.sqrt(np.maximum(values, _MIN_VARIANCE))
    root, inverse = (vectors * deviations) @ vectors.T, (vectors / deviations) @ vectors.T
    middle_values, middle_vectors = np.linalg.eigh(root @ wanted_covariance @ root)
    middle = (middle_vectors * np.sqrt(np.maximum(middle_values, 0))) @ middle_vectors.T
    matrix = inverse @ middle @ inverse
    return matrix, wanted_mean - matrix @ given_mean


def _histogram_tables(given: Pixels, wanted: Pixels) -> list[tuple[Pixels, Pixels]]:
    """For each channel the values in `given`, ascending, and those of the same rank in `wanted`."""
    ranks = np.linspace(0, 1, _LEVELS)
    tables: list[tuple[Pixels, Pixels]] = []
    for band in range(3):
        # A value with many ranks gets their mean: a picture of one color gets the mean color of the photo, not the brightest.
        levels, place = np.unique(np.quantile(given[:, band], ranks), return_inverse=True)
        wanted_levels = np.quantile(wanted[:, band], ranks)
        tables.append((levels, np.bincount(place, wanted_levels) / np.bincount(place)))
    return tables


def _with_chroma(painted: Pixels, photo: Pixels) -> Pixels:
    lab = rgb_to_lab(photo)
    lab[:, 0] = rgb_to_lab(painted)[:, 0]
    return _rgb_from_lab(lab)


def _rgb_from_lab(lab: Pixels) -> Pixels:
    """sRGB-encoded colors, 0..1, of CIELAB (D65) colors with L* of 0..100; L* is preserved for all a* and b*."""
    lab = lab.copy()
    lab[:, 2] = np.minimum(lab[:, 2], 0.9999 * 200 * (lab[:, 0] + 16) / 116)  # beyond that, Z would be negative
    return encode(_into_gamut(lab_to_linear(lab)))


def _into_gamut(rgb: Pixels) -> Pixels:
    """Mix colors outside of 0..1 with the gray of their own luminance until they are in range; others are unchanged."""
    gray = np.clip(rgb @ XYZ_FROM_RGB[1].astype(rgb.dtype), 0, 1)[:, None]
    away = rgb - gray
    room = np.where(away > 0, 1 - gray, gray) / np.maximum(np.abs(away), 1e-9)  # distance to the gamut border, in units of `away`
    return gray + np.minimum(room.min(axis=1, keepdims=True), 1) * away


def _balanced(scores: Pixels, shares: Pixels, wanted_shares: Pixels) -> Pixels:
    """The offsets to the scores (given colors x wanted colors) for which their softmax gives each wanted color its share."""
    offsets = np.log(wanted_shares)
    for _ in range(_ITERATIONS):
        totals = np.logaddexp.reduce(scores + offsets, axis=1)
        offsets = np.log(wanted_shares) - np.logaddexp.reduce(scores + (np.log(shares) - totals)[:, None], axis=0)
    return offsets


def _lab_palette(colors: Sequence[tuple[str, float]]) -> tuple[Pixels, Pixels]:
    """The colors in CIELAB, shape (N, 3), and their shares, which sum to 1."""
    check_palette(colors)
    seen = [(parse_color(color), share) for color, share in colors if share > 0]
    shares = np.array([share for _, share in seen], dtype=np.float64)
    return rgb_to_lab(np.array([color for color, _ in seen], dtype=np.float64) / 255), shares / shares.sum()
