"""Recoloring, compared with independent formulas: CIELAB, quantiles and moments."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylenet.errors import ImageError, ShapeError, UsageError
from stylenet.image import recolor
from stylenet.image.recolor import KEEP_COLORS, check_palette, keep_colors, parse_color, with_palette
from stylenet.image.resize import resize
from stylenet.shapes import Image

Array = NDArray[np.float64]

STATISTICS = ("histogram", "mean-covariance")

# IEC 61966-2-1: linear sRGB to XYZ (D65); Z and X of its white.
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab_of(image: Image) -> Array:
    """CIELAB by CIE 15, shape (H, W, 3)."""
    encoded = image[0].transpose(1, 2, 0).astype(np.float64)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    ratios = linear @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    roots = np.where(ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(roots, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def colors_of(image: Image) -> Array:
    return image[0].reshape(3, -1).T.astype(np.float64)


def rounded(image: Image) -> Image:
    """The picture, rounded to 8 bits."""
    return (image * 255).round() / np.float32(255)


def picture(seed: int, *, contrast: float = 1.0, height: int = 60, width: int = 80) -> Image:
    """Smooth waves with grain and correlated channels; all colors at contrast 1, muted ones around gray at 0.3."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    angles = random.uniform(0, 0.25, (3, 2))
    waves = np.stack([np.sin(a * rows + b * columns + seed) for a, b in angles])
    mixed = np.einsum("ij,jhw->ihw", np.eye(3) + random.uniform(-0.4, 0.6, (3, 3)), waves + random.normal(0, 0.15, waves.shape))
    return (0.5 + contrast * 0.4 * mixed).clip(0, 1).astype(np.float32)[None]


def plain(red: float, green: float, blue: float, *, size: tuple[int, int] = (16, 12)) -> Image:
    return np.full((1, 3, size[1], size[0]), np.reshape([red, green, blue], (3, 1, 1)), np.float32)


def hue_between(one: Array, other: Array) -> Array:
    """Angle between the hues of two colors, in degrees."""
    return np.degrees(np.abs(np.angle((one[..., 1] + 1j * one[..., 2]) * (other[..., 1] - 1j * other[..., 2]))))


def test_luminance_takes_lightness_from_the_painting_and_color_from_the_photo() -> None:
    painted, photo = picture(1, contrast=0.3), picture(2, contrast=0.3)
    result = lab_of(keep_colors(painted, photo, "luminance"))
    np.testing.assert_allclose(result[..., 0], lab_of(painted)[..., 0], atol=0.02)
    np.testing.assert_allclose(result[..., 1:], lab_of(photo)[..., 1:], atol=0.05)


def test_luminance_keeps_lightness_exactly_and_hue_nearly_where_no_screen_shows_the_color() -> None:
    painted, photo = picture(1), picture(2)
    image = keep_colors(painted, photo, "luminance")
    result, wanted = lab_of(image), lab_of(photo)
    changed = np.abs(result[..., 1:] - wanted[..., 1:]).max(axis=-1) > 1
    assert 0.2 < changed.mean() < 0.9
    assert np.hypot(*np.moveaxis(result[..., 1:], -1, 0)).mean() < np.hypot(*np.moveaxis(wanted[..., 1:], -1, 0)).mean()
    assert np.abs(result[..., 0] - lab_of(painted)[..., 0]).max() < 0.05
    assert np.abs(lab_of(rounded(image))[..., 0] - lab_of(painted)[..., 0]).mean() < 0.15
    colorful = np.hypot(result[..., 1], result[..., 2]) > 10
    assert np.quantile(hue_between(result, wanted)[colorful], 0.99) < 12


def test_luminance_brings_the_photo_to_the_paintings_size() -> None:
    painted, photo = picture(1, contrast=0.3), picture(2, contrast=0.3, height=20, width=50)
    larger = resize(photo, (80, 60))
    np.testing.assert_allclose(keep_colors(painted, photo, "luminance"), keep_colors(painted, larger, "luminance"), atol=1e-3, rtol=0)


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (6, 5)])
def test_histogram_has_the_photos_quantiles(seeds: tuple[int, int]) -> None:
    painted, photo = picture(seeds[0]), picture(seeds[1], height=50, width=70)
    ranks = np.linspace(0, 1, 201)
    wanted = np.quantile(colors_of(photo), ranks, axis=0)
    result = keep_colors(painted, photo, "histogram")
    given = np.quantile(colors_of(result), ranks, axis=0)
    assert np.abs(given - wanted).mean() < 0.001
    assert np.abs(given - wanted).max() < 0.02  # at the ends of the ranks, where few pixels are
    assert np.abs(np.quantile(colors_of(rounded(result)), ranks, axis=0) - wanted).mean() < 0.003
    covariance = np.cov(colors_of(photo).T)
    assert np.abs(np.cov(colors_of(result).T) - covariance).max() < 0.06 * np.trace(covariance)


@pytest.mark.parametrize("seeds", [(1, 2), (3, 4), (6, 5)])
def test_mean_and_covariance_are_the_photos(seeds: tuple[int, int]) -> None:
    painted, photo = picture(seeds[0]), picture(seeds[1], contrast=0.25, height=50, width=70)
    result = keep_colors(painted, photo, "mean-covariance")
    assert 0 < result.min() < result.max() < 1  # nothing was cut off
    given, wanted = colors_of(result), colors_of(photo)
    np.testing.assert_allclose(given.mean(axis=0), wanted.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.cov(given.T, bias=True), np.cov(wanted.T, bias=True), atol=1e-7)
    np.testing.assert_allclose(np.cov(colors_of(rounded(result)).T, bias=True), np.cov(wanted.T, bias=True), atol=1e-4)


def test_mean_and_covariance_are_nearly_the_photos_where_colors_leave_the_screens_range() -> None:
    painted, photo = picture(1), picture(2)
    given, wanted = colors_of(keep_colors(painted, photo, "mean-covariance")), colors_of(photo)
    assert np.isclose(given, 0).any()
    assert np.abs(given.mean(axis=0) - wanted.mean(axis=0)).max() < 0.03
    assert np.abs(np.cov(given.T) - np.cov(wanted.T)).max() < 0.1 * np.trace(np.cov(wanted.T))


def test_the_linear_transfer_stretches_and_never_turns() -> None:
    painted, photo = picture(1), picture(2, contrast=0.25)
    given, result = colors_of(painted), colors_of(keep_colors(painted, photo, "mean-covariance"))
    solution = np.linalg.lstsq(np.column_stack([given, np.ones(len(given))]), result, rcond=None)[0]
    matrix = solution[:3].T
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-5)
    assert np.linalg.eigvalsh((matrix + matrix.T) / 2).min() > 0
    # The root of S^-1 T by its eigenvectors, another way to the same matrix: A = S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2 = (T S)^1/2 S^-1.
    source, target = np.cov(given.T), np.cov(colors_of(photo).T)
    values, vectors = np.linalg.eig(target @ source)
    np.testing.assert_allclose(matrix, vectors @ np.diag(np.sqrt(values)) @ np.linalg.inv(vectors) @ np.linalg.inv(source), atol=1e-4)


@pytest.mark.parametrize(("mode", "tolerance"), [("luminance", 1e-4), ("histogram", 0.003), ("mean-covariance", 1e-5)])
def test_a_photo_in_its_own_colors_is_the_photo(mode: str, tolerance: float) -> None:
    photo = picture(1)
    np.testing.assert_allclose(keep_colors(photo, photo, mode), photo, atol=tolerance, rtol=0)
    assert np.array_equal(rounded(keep_colors(rounded(photo), rounded(photo), mode)), rounded(photo)) or mode == "histogram"


@pytest.mark.parametrize("mode", KEEP_COLORS)
@pytest.mark.parametrize(
    "painted", [plain(0.5, 0.5, 0.5), plain(0, 0, 0), plain(0.9, 0.2, 0.1), picture(1).mean(1, keepdims=True).repeat(3, axis=1)]
)
@pytest.mark.parametrize("photo", [plain(1, 1, 1), plain(0.1, 0.6, 0.3), picture(2)])
def test_gray_pictures_and_pictures_of_one_color(painted: Image, photo: Image, mode: str) -> None:
    result = keep_colors(painted, photo, mode)
    assert np.isfinite(result).all()
    assert 0 <= float(result.min()) <= float(result.max()) <= 1
    if mode in STATISTICS and float(painted.std(axis=(2, 3)).max()) < 1e-6:
        np.testing.assert_allclose(result.mean(axis=(2, 3)), photo.mean(axis=(2, 3)), atol=0.01, rtol=0)
        assert float(result.std(axis=(2, 3)).max()) < 1e-5
    if mode in STATISTICS and float(photo.std(axis=(2, 3)).max()) < 1e-6:
        np.testing.assert_allclose(result, np.broadcast_to(photo[:, :, :1, :1], result.shape), atol=1e-4, rtol=0)


@pytest.mark.parametrize("mode", STATISTICS)
def test_rounding_is_not_blown_up_to_color(mode: str) -> None:
    sepia = picture(1, contrast=0.3).mean(1, keepdims=True) * np.reshape([1.0, 0.9, 0.8], (1, 3, 1, 1))
    apart = keep_colors(rounded(sepia), picture(2), mode) - keep_colors(sepia, picture(2), mode)
    assert np.abs(apart).mean() < 0.08


@pytest.mark.parametrize("mode", [*KEEP_COLORS, "palette"])
def test_blocks_do_not_show(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    painted, photo = picture(1), picture(2)

    def change() -> Image:
        return with_palette(painted, (("#264653", 1), ("#e9c46a", 2))) if mode == "palette" else keep_colors(painted, photo, mode)

    whole = change()
    monkeypatch.setattr(recolor, "_BLOCK_PX", 37)
    np.testing.assert_allclose(change(), whole, atol=1e-5, rtol=0)


def test_a_sample_stands_for_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    painted, photo = picture(1), picture(2)
    whole = keep_colors(painted, photo, "histogram")
    monkeypatch.setattr(recolor, "_SAMPLE_PX", 2000)
    sampled = keep_colors(painted, photo, "histogram")
    assert 0 < np.abs(sampled - whole).mean() < 0.02
    assert np.array_equal(sampled, keep_colors(painted, photo, "histogram"))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_type_and_inputs_are_kept(dtype: type) -> None:
    painted: NDArray[Any] = picture(1).astype(dtype)
    photo: NDArray[Any] = picture(2, height=30, width=50).astype(dtype)
    before = painted.copy(), photo.copy()
    for mode in KEEP_COLORS:
        result = keep_colors(painted, photo, mode)
        assert result.dtype == dtype
        expected = keep_colors(painted.astype(np.float32), photo.astype(np.float32), mode)
        np.testing.assert_allclose(result, expected, atol=0.01)
    assert with_palette(painted, [("#264653", 1)]).dtype == dtype
    assert np.array_equal(painted, before[0])
    assert np.array_equal(photo, before[1])


def test_an_unknown_way() -> None:
    with pytest.raises(
        UsageError, match=r"'luminanz' is not a mode for keeping colors; allowed: luminance, histogram.* Did you mean 'luminance'\?"
    ):
        keep_colors(picture(1), picture(2), "luminanz")


def test_what_is_no_picture() -> None:
    broken = picture(1)
    broken[0, 1, 5, 5] = np.nan
    for one, other in ((broken, picture(2)), (picture(2), broken)):
        with pytest.raises(ImageError, match="not finite"):
            keep_colors(one, other, "luminance")
    with pytest.raises(ImageError, match="not finite"):
        with_palette(broken, [("#264653", 1)])
    with pytest.raises(ShapeError, match="one picture at a time"):
        keep_colors(picture(1).repeat(2, axis=0), picture(2), "histogram")
    with pytest.raises(ShapeError, match="one picture at a time"):
        with_palette(np.zeros((1, 3, 0, 4), np.float32), [("#264653", 1)])
    tensor: Any = torch.from_numpy(picture(1))
    with pytest.raises(ShapeError, match="got Tensor; `load_image` converts others"):
        keep_colors(tensor, picture(2), "luminance")
    with pytest.raises(ShapeError, match="got Tensor"):
        with_palette(tensor, [("#264653", 1)])


@pytest.mark.parametrize("mode", [None, 1, ["luminance"]])
def test_modes_of_other_types(mode: Any) -> None:
    with pytest.raises(UsageError, match="is not a mode for keeping colors; allowed: luminance"):
        keep_colors(picture(1), picture(2), mode)


PALETTE = (("#264653", 0.3), ("#2a9d8f", 0.1), ("#e9c46a", 0.4), ("#e76f51", 0.2))


def swatch_lab(color: str) -> Array:
    return lab_of(plain(*(level / 255 for level in parse_color(color))))[0, 0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_palette_covers_its_shares_and_the_drawing_stays(seed: int) -> None:
    image = picture(seed, height=120, width=160)
    result = lab_of(with_palette(image, PALETTE))
    wanted = np.stack([swatch_lab(color) for color, _ in PALETTE])
    nearest = ((result[..., None, 1:] - wanted[:, 1:]) ** 2).sum(axis=-1).argmin(axis=-1)
    covered = np.bincount(nearest.ravel(), minlength=len(wanted)) / nearest.size
    assert np.abs(covered - [share for _, share in PALETTE]).max() < 0.1
    lightness, before = result[..., 0], lab_of(image)[..., 0]
    assert np.corrcoef(lightness.ravel(), before.ravel())[0, 1] > 0.9
    assert np.abs(lightness - before).mean() < 0.25 * np.abs(wanted[:, 0] - before[..., None]).mean()


def test_patches_go_where_the_assignment_of_least_cost_sends_them() -> None:
    colors = ["#3a3a60", "#b04040", "#d8d090", "#60a070"]
    patches = np.concatenate([plain(*(level / 255 for level in parse_color(color)), size=(30, 30)) for color in colors], axis=3)
    wanted = [swatch_lab(color) for color, _ in PALETTE]
    given = [swatch_lab(color) for color in colors]
    least = min(itertools.permutations(range(4)), key=lambda order: sum(((given[i] - wanted[j]) ** 2).sum() for i, j in enumerate(order)))
    result = lab_of(with_palette(patches, [(color, 1) for color, _ in PALETTE]))[15, 15::30]
    for place, target in enumerate(least):
        distances = [np.hypot(*(result[place] - color)[1:]) for color in wanted]
        assert int(np.argmin(distances)) == target


def test_a_color_of_a_large_share_goes_where_the_picture_has_much_of_one_color() -> None:
    image = np.concatenate([np.tile(plain(level, level, level), (2, count)) for level, count in ((0.2, 6), (0.5, 3), (0.8, 1))], axis=3)
    colors = [("#203050", 6), ("#708040", 3), ("#f0c0a0", 1)]
    result = lab_of(with_palette(image, colors))[12, [40, 120, 154], 1:]
    np.testing.assert_allclose(result, [swatch_lab(color)[1:] for color, _ in colors], atol=4)


def test_one_color_tints_and_lightness_moves_a_quarter_of_the_way() -> None:
    image = picture(1, contrast=0.3)
    result, tint = lab_of(with_palette(image, [("#8a7f80", 1)])), swatch_lab("#8a7f80")
    np.testing.assert_allclose(result[..., 1:], np.broadcast_to(tint[1:], (60, 80, 2)), atol=0.05)
    np.testing.assert_allclose(result[..., 0], 0.75 * lab_of(image)[..., 0] + 0.25 * tint[0], atol=0.05)


def test_a_gradient_stays_a_gradient() -> None:
    ramp = np.broadcast_to(np.linspace(0, 1, 512, dtype=np.float32), (1, 3, 24, 512))
    result = with_palette(ramp, PALETTE)
    assert np.abs(np.diff(result, axis=3)).max() < 8 / 255
    lightness = lab_of(result)[12, :, 0]
    assert (np.diff(lightness) > -0.3).all()


def test_grain_does_not_break_a_surface_into_specks_of_two_colors() -> None:
    grain = np.random.default_rng(0).normal(size=(1, 3, 90, 120))
    surface = (np.linspace(0.3, 0.7, 120) + 0.04 * grain).clip(0, 1).astype(np.float32)
    colors = lab_of(with_palette(surface, [("#203060", 1), ("#f0c090", 1)]))[..., 1:]
    specks = np.abs(colors[:, 1:] - colors[:, :-1]).mean()
    assert np.ptp(colors[..., 1]) > 30
    assert specks < 2.5


def test_shares_are_relative_and_a_share_of_none_is_no_color() -> None:
    image = picture(1)
    twice = [(color, 2 * share) for color, share in PALETTE]
    np.testing.assert_allclose(with_palette(image, twice), with_palette(image, PALETTE), atol=1e-5, rtol=0)
    assert np.array_equal(with_palette(image, [*PALETTE, ("#ff00ff", 0)]), with_palette(image, PALETTE))


def test_a_picture_of_one_color_takes_a_palette() -> None:
    result = with_palette(plain(0.4, 0.4, 0.4), PALETTE)
    assert np.isfinite(result).all()
    assert float(result.std(axis=(2, 3)).max()) < 1e-4


@pytest.mark.parametrize(
    ("colors", "told"),
    [
        ([], r"a palette of 0 colors .* 1\.\.64"),
        ([("#264653", 0.0)], "a palette of 0 colors"),
        ([("#264653", 1.0)] * 65, "a palette of 65 colors"),
        ([("#26465", 1.0)], "'#26465' is not a color; write #rrggbb"),
        ([("red", 1.0)], "'red' is not a color"),
        ([("#264653", -0.5), ("#e9c46a", 1.0)], r"a share of -0\.5 is not possible"),
        ([("#264653", float("nan"))], "a share of nan is not possible"),
        ([("#264653", 1e308), ("#e9c46a", 1e308)], "the shares of a palette are too large"),
    ],
)
def test_what_is_no_palette(colors: list[tuple[str, float]], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        with_palette(picture(1), colors)


def test_parse_color() -> None:
    assert parse_color("#2A9d8f") == (0x2A, 0x9D, 0x8F)


@pytest.mark.parametrize(
    "palette", ["great-wave", ["#264653"], [(1, 2, 3)], None, 5, [("#264653", "1")], [(255, 1.0)], iter([("#264653", 1.0)])]
)
def test_palettes_of_other_types(palette: Any) -> None:
    with pytest.raises(UsageError, match=r"a palette is a list of \('#rrggbb', share\)"):
        check_palette(palette)


@pytest.mark.parametrize("picture", [np.full((1, 3, 8, 8), 128, np.float32), np.full((1, 3, 8, 8), -0.1, np.float32)])
def test_floats_of_another_scale_are_refused(picture: Image) -> None:
    fine = np.full((1, 3, 8, 8), 0.5, np.float32)
    for mode in KEEP_COLORS:
        for painted, photo in ((picture, fine), (fine, picture)):
            with pytest.raises(ImageError, match=r"the picture has values in .*; allowed are 0\.\.1, divide by its full scale"):
                keep_colors(painted, photo, mode)
    with pytest.raises(ImageError, match=r"allowed are 0\.\.1"):
        with_palette(picture, [("#264653", 1.0)])


def test_values_beyond_one_by_rounding_are_allowed() -> None:
    white = np.full((1, 3, 8, 8), 1.001, np.float32)
    assert with_palette(white, [("#ffffff", 1.0)]).max() <= 1
