"""Pictures with the colors of others: of the photo that they were painted from, or of a palette.

Nobody paints again for it: the drawing stays, the colors move.
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
from stylenet.shapes import check_image

if TYPE_CHECKING:
    from stylenet.shapes import Image

Pixels: TypeAlias = NDArray[np.floating]
"""A list of colors, shape (N, 3)."""

KEEP_COLORS = ("luminance", "histogram", "mean-covariance")
"""The ways of `keep_colors`; the first looked best with all nine paintings that were compared and is the default."""

MOST_COLORS = 64
"""In a palette that a picture is moved to."""

_BLOCK_PX = 1 << 16  # changed at a time: large enough for NumPy, small enough for a processor's cache
_SAMPLE_PX = 1 << 19  # that stand for a picture's histogram: ranks are right to about 0.1 %
_LEVELS = 1025  # of a histogram's lookup table, evenly spaced in rank
_STILL = (2 / 255) ** 2  # variance of two 8-bit levels: less is rounding and JPEG's noise, not to be blown up to color
_LOOK_COLORS = 64  # that stand for the picture when colors are assigned to a palette's
_SOFTNESS = 0.15  # of that assignment: at 0.05 smooth skies break into specks of two colors, from 0.3 on the colors mix to mud
_COARSER = 3  # than the picture: what colors are assigned by. The grain of paint differs in color from pixel to pixel
_LIGHTNESS_SHARE = 0.25  # taken from the palette; the drawing lives in the rest
_ROUNDS = 100  # of Sinkhorn's iteration; shares were right to a thousandth after 50 in 54 pairs of picture and palette


def keep_colors(painted: Image, photo: Image, mode: str) -> Image:
    """The painted picture with the photo's colors; or, before painting, the painting with the photo's colors.

    | mode              | the photo's                                              | the painted picture's                   |
    |-------------------|----------------------------------------------------------|-----------------------------------------|
    | `luminance`       | color of each place (CIELAB a*, b*)                      | lightness of each place (CIELAB L*)     |
    | `histogram`       | histograms of red, green and blue; nearly the next line  | which color goes where                  |
    | `mean-covariance` | mean and covariance of the colors                        | which color goes where                  |

    `luminance` brings every object's color back and is for after painting. The other two know nothing of places, and stretch the grain
    of paint with the colors: they look best on the painting, before it is painted with.

    Colors that no screen can show are mixed with the gray of their own luminance until it can: lightness stays and hue nearly does, where
    clipping each channel turns hues by up to 25 degrees.

    Args:
        painted: Shape (1, 3, H, W), 0..1.
        photo: Shape (1, 3, H', W'), 0..1; for `luminance` it is brought to the size of `painted`.
        mode: One of `KEEP_COLORS`.

    Returns:
        Shape (1, 3, H, W), 0..1, type of `painted`.

    Raises:
        UsageError: `mode` is unknown.
        ShapeError: Not one picture each.
        ImageError: A value is not finite.

    References:
        Gatys, Bethge, Hertzmann, Shechtman 2016 (Preserving color in neural artistic style transfer) and Gatys et al. 2017 (CVPR;
        Controlling perceptual factors in neural style transfer): luminance-only transfer and color matching. They keep the Y of YIQ; we
        keep L* of CIELAB, which is what an eye sees as lightness: with Y it changes by 1 to 2 units on average and by up to 10. Their
        matching is linear, by Cholesky or as in image analogies; see `_linear_transfer` for ours. `histogram` is ours: channels matched
        one by one give colors that neither picture has (a yellow dog under a blue sky), but not once the linear transfer went before.
    """
    if mode not in KEEP_COLORS:
        raise UsageError(f"'{mode}' is not a mode for keeping colors; allowed: {', '.join(KEEP_COLORS)}.{did_you_mean(mode, KEEP_COLORS)}")
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
    """A picture in the colors of a palette, each color covering about its share; smooth between them, the drawing kept.

    Lightness moves a quarter of the way to the palette's, so that light and dark stay where they are.

    Args:
        image: Shape (1, 3, H, W), 0..1.
        colors: ("#rrggbb", share) up to 64 times; the shares are relative to their sum. Colors of share 0 are left out.

    Returns:
        Shape (1, 3, H, W), 0..1, type of `image`.

    Raises:
        UsageError: No colors, too many, one that is no color, or a share below 0.
        ShapeError: Not one picture.
        ImageError: A value is not finite.

    References:
        The colors move by entropic optimal transport in CIELAB: Cuturi 2013 (NeurIPS) for the plan between two palettes, Pooladian and
        Niles-Weed 2021 (Entropic estimation of optimal transport maps) for the map of any other color. With squared distance as its cost
        the plan depends on the colors' inner products alone: how bright or strong the one palette is beside the other does not matter.
    """
    _check(image)
    wanted, wanted_shares = _lab_palette(colors)
    height, width = image.shape[2:]
    coarse = resize(image, (-(-width // _COARSER), -(-height // _COARSER)))
    swatches = palette(coarse, _LOOK_COLORS)
    given, given_shares = _lab_palette([(swatch.color, swatch.share) for swatch in swatches])
    given_mean, wanted_mean = given_shares @ given, wanted_shares @ wanted
    spread = np.sqrt((given_shares @ (given - given_mean) ** 2).sum() * (wanted_shares @ (wanted - wanted_mean) ** 2).sum())
    directions = (wanted - wanted_mean).T / (_SOFTNESS * spread or 1.0)  # no spread: a single color, and any softness will do
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
    """Raise `UsageError` for a palette that no picture can be moved to: no colors, too many, one that is none, or a share below 0."""
    bad = [share for _, share in colors if not (np.isfinite(share) and share >= 0)]
    if bad:
        raise UsageError(f"a share of {bad[0]} is not possible in a palette; allowed are numbers from 0")
    for color, _ in colors:
        parse_color(color)
    count = sum(share > 0 for _, share in colors)
    if not 1 <= count <= MOST_COLORS:
        raise UsageError(f"a palette of {count} colors cannot be painted with; allowed are 1..{MOST_COLORS} with a share above 0")


def parse_color(color: str) -> tuple[int, int, int]:
    """Red, green and blue, 0..255 each, of "#rrggbb".

    Raises:
        UsageError: It is written another way.
    """
    if not re.fullmatch("#[0-9a-fA-F]{6}", color):
        raise UsageError(f"'{color}' is not a color; write #rrggbb, two hexadecimal digits each for red, green and blue: #2a9d8f")
    red, green, blue = bytes.fromhex(color[1:])
    return red, green, blue


def _check(image: Image) -> None:
    check_image(image)
    if image.shape[0] != 1 or not image.size:
        raise ShapeError(f"colors are changed in one picture at a time, shape (1, 3, H, W); got {tuple(image.shape)}")
    if not np.isfinite([image.min(), image.max()]).all():  # a NaN is both; `isfinite` of all would need more memory
        raise ImageError("the picture holds values that are not finite (NaN or infinity); its colors cannot be changed")


def _blocks(image: Image) -> Iterator[Pixels]:
    """The picture's colors, `_BLOCK_PX` at a time, float32; its copy in full is never made."""
    flat = image[0].reshape(3, -1)
    for start in range(0, flat.shape[1], _BLOCK_PX):
        yield np.ascontiguousarray(flat[:, start : start + _BLOCK_PX].T, dtype=np.float32)


def _changed(change: Callable[..., Pixels], image: Image, *others: Image) -> Image:
    """What `change` makes of the colors of pictures of one size, block by block; a picture like `image`, clamped to 0..1."""
    result = np.empty(image.shape, image.dtype)
    flat, start = result[0].reshape(3, -1), 0
    for blocks in zip(*map(_blocks, (image, *others)), strict=True):
        stop = start + len(blocks[0])
        flat[:, start:stop] = change(*blocks).T.clip(0, 1)
        start = stop
    return result


def _sample(image: Image) -> Pixels:
    """Colors that stand for all of them, at most `_SAMPLE_PX`; by chance, since a grid could meet the stripes of a picture."""
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

    A = S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2 for covariances S and T. Of all matrices with A S A^T = T this one moves the colors least, and
    it is symmetric: it stretches and never turns, so that no hue is traded for another, as the image-analogies form T^1/2 S^-1/2 may do.
    Where the picture has no color to stretch (gray, or all one color) its covariance is raised to that of two 8-bit levels.

    References:
        Pitié and Kokaram 2007 (CVMP; The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer). That
        smallest covariance is ours.
    """
    (given_mean, given_covariance), (wanted_mean, wanted_covariance) = given, wanted
    values, vectors = np.linalg.eigh(given_covariance)
    deviations = np.sqrt(np.maximum(values, _STILL))
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
        # A value that covers many ranks gets their mean: a picture of one color becomes the photo's mean color, not its brightest.
        levels, place = np.unique(np.quantile(given[:, band], ranks), return_inverse=True)
        wanted_levels = np.quantile(wanted[:, band], ranks)
        tables.append((levels, np.bincount(place, wanted_levels) / np.bincount(place)))
    return tables


def _with_chroma(painted: Pixels, photo: Pixels) -> Pixels:
    lab = rgb_to_lab(photo)
    lab[:, 0] = rgb_to_lab(painted)[:, 0]
    return _rgb_from_lab(lab)


def _rgb_from_lab(lab: Pixels) -> Pixels:
    """sRGB-encoded colors, 0..1, of CIELAB (D65) colors with L* of 0..100; L* stays whatever a* and b* are."""
    lab = lab.copy()
    lab[:, 2] = np.minimum(lab[:, 2], 0.9999 * 200 * (lab[:, 0] + 16) / 116)  # more would be less than no blue light (Z < 0)
    return encode(_into_gamut(lab_to_linear(lab)))


def _into_gamut(rgb: Pixels) -> Pixels:
    """Colors outside of 0..1 mixed with the gray of their own luminance until they lie on its border; those inside stay as they are."""
    gray = np.clip(rgb @ XYZ_FROM_RGB[1].astype(rgb.dtype), 0, 1)[:, None]
    away = rgb - gray
    room = np.where(away > 0, 1 - gray, gray) / np.maximum(np.abs(away), 1e-9)  # how far it is to the border, in steps of `away`
    return gray + np.minimum(room.min(axis=1, keepdims=True), 1) * away


def _balanced(scores: Pixels, shares: Pixels, wanted_shares: Pixels) -> Pixels:
    """What must be added to the scores (given colors x wanted colors) so that their softmax gives every wanted color its share."""
    offsets = np.log(wanted_shares)
    for _ in range(_ROUNDS):
        totals = np.logaddexp.reduce(scores + offsets, axis=1)
        offsets = np.log(wanted_shares) - np.logaddexp.reduce(scores + (np.log(shares) - totals)[:, None], axis=0)
    return offsets


def _lab_palette(colors: Sequence[tuple[str, float]]) -> tuple[Pixels, Pixels]:
    """The colors in CIELAB, shape (N, 3), and their shares, which add up to 1."""
    check_palette(colors)
    seen = [(parse_color(color), share) for color, share in colors if share > 0]
    shares = np.array([share for _, share in seen], dtype=np.float64)
    return rgb_to_lab(np.array([color for color, _ in seen], dtype=np.float64) / 255), shares / shares.sum()
