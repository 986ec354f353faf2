"""TIFF files of every layout are read as the same picture, or rejected with a description of their layout."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError
from stylenet.image import opening
from stylenet.image.files import Picture, load_image

tifffile = pytest.importorskip("tifffile")

HEIGHT, WIDTH = 21, 35  # no multiple of a tile
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH]
COLORS = np.stack([X / 34, Y / 20, (X + Y) / 54], axis=-1)
GRAY = COLORS[..., :1].repeat(3, axis=2)
ALPHA = (Y[..., None] + 10) / 30
FULL = {"uint8": 255, "uint16": 65535, "uint32": 2**32 - 1, "float16": 1, "float32": 1, "float64": 1}


def stored(levels: np.ndarray, dtype: str) -> np.ndarray:
    values = levels * FULL[dtype]
    return (values.round() if dtype.startswith("u") else values).astype(dtype)


def written(values: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, metadata=None, **options)
    return buffer.getvalue()


Tags = Mapping[int, int | Sequence[int]]


def tiff(data: bytes, size: tuple[int, int], tags: Tags, order: str = "<") -> bytes:
    """A TIFF with one strip and any tags (TIFF 6.0, section 2); offsets and lengths are LONG, all others SHORT."""
    data += bytes(len(data) % 2)
    tags = {256: size[0], 257: size[1], 259: 1, 273: 8, 277: 1, 278: size[1], 279: len(data), **tags}
    entries, beyond, start = b"", b"", 8 + len(data) + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        values = [value] if isinstance(value, int) else value
        kind, letter = (4, "L") if tag in (273, 279) else (3, "H")
        packed = struct.pack(f"{order}{len(values)}{letter}", *values)
        place = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack(f"{order}L", start + len(beyond))
        entries += struct.pack(f"{order}HHL", tag, kind, len(values)) + place
        beyond += packed + bytes(len(packed) % 4) if len(packed) > 4 else b""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}L", 8 + len(data))
    return head + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + beyond


def pixels_of(picture: Picture) -> np.ndarray:
    return picture.pixels[0].transpose(1, 2, 0)


def refused(data: bytes) -> str:
    with pytest.raises(ImageError) as caught:
        load_image(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


LAYOUTS = [
    {},
    {"compression": "zlib"},
    {"byteorder": ">"},
    {"tile": (16, 32)},
    {"rowsperstrip": 4, "compression": "zlib", "byteorder": ">"},
    {"bigtiff": True},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", FULL)
def test_every_number_in_every_layout(dtype: str, layout: dict[str, Any]) -> None:
    tolerance = 0.51 / 255 if dtype == "uint8" else 1e-3 if dtype == "float16" else 1e-5
    for levels, options, expected in (
        (COLORS, {"photometric": "rgb"}, COLORS),
        (COLORS.transpose(2, 0, 1), {"photometric": "rgb", "planarconfig": "separate"}, COLORS),
        (GRAY[..., 0], {"photometric": "minisblack"}, GRAY),
        (1 - GRAY[..., 0], {"photometric": "miniswhite"}, GRAY),
    ):
        picture = load_image(written(stored(levels, dtype), **options, **layout))
        assert pixels_of(picture) == pytest.approx(expected, abs=tolerance), options
        assert (picture.alpha, picture.notices) == (None, ())


@pytest.mark.parametrize("dtype", FULL)
@pytest.mark.parametrize("is_separate", [False, True])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha", "unspecified"])
def test_alpha(kind: str, is_separate: bool, dtype: str) -> None:
    cover = ALPHA if kind == "assocalpha" else 1
    values = stored(np.concatenate([COLORS * cover, ALPHA], axis=2), dtype)
    planes = {"planarconfig": "separate"} if is_separate else {}
    data = written(values.transpose(2, 0, 1) if is_separate else values, photometric="rgb", extrasamples=[kind], **planes)
    picture = load_image(data)
    if kind == "unspecified":
        assert picture.alpha is None
        assert pixels_of(picture) == pytest.approx(COLORS, abs=0.003)
        return
    assert picture.alpha is not None
    assert picture.alpha[0, 0] == pytest.approx(ALPHA[..., 0], abs=0.003)
    on_mean = COLORS * ALPHA + (COLORS * ALPHA).sum((0, 1)) / ALPHA.sum() * (1 - ALPHA)
    assert pixels_of(picture) == pytest.approx(on_mean, abs=0.008)  # 8 bits times alpha are fewer


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("white", ["minisblack", "miniswhite"])
def test_gray_with_alpha(dtype: str, white: str) -> None:
    levels = np.full_like(ALPHA, 0.2)
    values = np.concatenate([1 - levels if white == "miniswhite" else levels, ALPHA], axis=2)
    picture = load_image(written(stored(values, dtype), photometric=white, planarconfig="contig", extrasamples=["unassalpha"]))
    assert picture.alpha is not None
    assert picture.alpha[0, 0] == pytest.approx(ALPHA[..., 0], abs=0.003)
    assert pixels_of(picture) == pytest.approx(np.full_like(COLORS, 0.2), abs=0.003)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("has_alpha", [False, True])
def test_cmyk(dtype: str, has_alpha: bool) -> None:
    inks = np.concatenate([1 - COLORS, np.zeros_like(ALPHA), *([ALPHA] if has_alpha else [])], axis=2)
    extra = {"extrasamples": ["unassalpha"]} if has_alpha else {}
    picture = load_image(written(stored(inks, dtype), photometric="separated", **extra))
    assert (picture.alpha is not None) == has_alpha
    cover = ALPHA if has_alpha else np.ones_like(ALPHA)
    assert pixels_of(picture) == pytest.approx(COLORS * cover + (COLORS * cover).sum((0, 1)) / cover.sum() * (1 - cover), abs=0.006)
    assert picture.notices == ("a CMYK picture without a color profile; its colors are approximate",)


def test_lzw_and_both_predictors() -> None:
    """Predictors as specified in TIFF 6.0, section 14, and Adobe Photoshop TIFF Technical Note 3."""
    floats = COLORS.astype("<f4")
    buffer = io.BytesIO()
    PIL.Image.fromarray(floats.view(np.uint8).reshape(HEIGHT, -1)).save(buffer, "TIFF", compression="tiff_lzw")
    with PIL.Image.open(io.BytesIO(buffer.getvalue())) as image:
        place, length = image.tag_v2[273][0], image.tag_v2[279][0]  # type: ignore[attr-defined]
    wide: dict[int, int | Sequence[int]] = {258: (32,) * 3, 262: 2, 277: 3, 339: (3,) * 3}
    packed = buffer.getvalue()[place : place + length]
    assert pixels_of(load_image(tiff(packed, (WIDTH, HEIGHT), wide | {259: 5}))) == pytest.approx(COLORS, abs=1e-6)

    highest_first = COLORS.astype(">f4").view(np.uint8).reshape(HEIGHT, WIDTH * 3, 4).transpose(0, 2, 1).reshape(HEIGHT, -1, 3)
    differences = np.diff(highest_first, axis=1, prepend=np.zeros((HEIGHT, 1, 3), np.uint8))
    data = zlib.compress(differences.tobytes())
    for order in "<>":
        picture = load_image(tiff(data, (WIDTH, HEIGHT), wide | {259: 8, 317: 3}, order))
        assert pixels_of(picture) == pytest.approx(COLORS, abs=1e-6)

    words = stored(COLORS, "uint16").astype(np.uint16)
    data = zlib.compress(np.diff(words, axis=1, prepend=np.zeros((HEIGHT, 1, 3), np.uint16)).astype(">u2").tobytes())
    picture = load_image(tiff(data, (WIDTH, HEIGHT), {258: (16,) * 3, 262: 2, 277: 3, 259: 8, 317: 2}, ">"))
    assert pixels_of(picture) == pytest.approx(COLORS, abs=1e-5)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("photometric", [0, 1])
def test_gray_of_few_bits(bits: int, photometric: int) -> None:
    picture = load_image(tiff(b"\xff\0", (16 // bits, 1), {258: bits, 262: photometric}))
    assert pixels_of(picture)[0, [0, -1], 0].tolist() == ([1, 0] if photometric else [0, 1])


def test_gray_of_12_bits_has_white() -> None:
    picture = load_image(tiff(b"\xff\xf8\x00", (2, 1), {258: 12, 262: 1}))
    assert pixels_of(picture)[0, :, 0] == pytest.approx([1, 0x800 / 0xFFF], abs=1e-4)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("scale", [1, 257])
def test_palettes(bits: int, scale: int) -> None:
    """Some programs write bytes into the 16-bit palette."""
    ramp = np.arange(256)
    table = np.zeros((3, 2**bits), int)
    table[:, :256] = np.stack([ramp, 255 - ramp, ramp // 2]) * scale
    picture = load_image(tiff(ramp.astype(f"<u{bits // 8}").tobytes(), (16, 16), {258: bits, 262: 3, 320: table.ravel().tolist()}))
    assert pixels_of(picture).reshape(-1, 3) == pytest.approx(table[:, :256].T / scale / 255, abs=1e-6)


def test_lab_of_16_bits() -> None:
    values = np.zeros((4, 4, 3), "<u2")
    values[..., 0] = 35126  # L* 53.6: half gray in sRGB
    picture = load_image(tiff(values.tobytes(), (4, 4), {258: (16,) * 3, 262: 8, 277: 3}))
    assert pixels_of(picture) == pytest.approx(np.full((4, 4, 3), 0.5), abs=0.01)


@pytest.mark.parametrize(
    ("values", "expected", "notice"),
    [
        ([0.25, 0.5, 0.75, 40], [0.25, 0.5, 0.75, 1], "color values 0.25..40 are clipped to 0..1, black..white"),
        ([-0.1, 0.5, 0.75, 1.5], [0, 0.5, 0.75, 1], "color values -0.1..1.5 are clipped to 0..1, black..white"),
        ([-0.1, 0.5, 0.75, 1], [0, 0.5, 0.75, 1], "color values -0.1..1 are clipped at 0, black"),
        ([0, 51, 102, 255], [0, 0.2, 0.4, 1], None),
        ([0, 100, 200, 1000], [0, 0.1, 0.2, 1], "color values 0..1000 are stretched to black..white"),
    ],
)
def test_floats_beyond_0_to_1(values: list[float], expected: list[float], notice: str | None) -> None:
    array = np.repeat(np.array(values, np.float32)[None, :, None], 3, axis=2)
    picture = load_image(written(array, photometric="rgb"))
    assert pixels_of(picture)[0, :, 1] == pytest.approx(expected)
    assert picture.notices == ((notice,) if notice else ())


def test_wide_integers_with_small_values() -> None:
    for dtype, largest in (("uint32", 255), ("uint32", 65535), ("int32", 65535), ("int16", 255)):
        picture = load_image(written(np.array([[0, largest]], dtype), photometric="minisblack"))
        assert (pixels_of(picture)[0, :, 0].tolist(), picture.notices) == ([0, 1], ())
    picture = load_image(written(np.array([[-500, 0, 1500]], "int16"), photometric="minisblack"))
    assert pixels_of(picture)[0, :, 0] == pytest.approx([0, 0.25, 1])
    assert picture.notices == ("gray values -500..1500 are stretched to black..white",)


def test_what_pillow_opened_is_no_negative_either() -> None:
    data = written(stored(1 - GRAY[..., 0], "uint16"), photometric="miniswhite")
    with PIL.Image.open(io.BytesIO(data)) as image:
        assert pixels_of(load_image(image)) == pytest.approx(GRAY, abs=1e-4)


def test_pages_profile_and_metadata_are_kept(linear_gray_profile: bytes) -> None:
    page = stored(GRAY[..., 0], "float32")
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        tags = [(315, 2, 0, "A. Painter", True), (274, 3, 1, 3, True), (34675, 7, len(linear_gray_profile), linear_gray_profile, True)]
        file.write(page, resolution=(300, 300), resolutionunit="INCH", metadata=None, extratags=tags)
        file.write(1 - page, metadata=None)
    picture = load_image(buffer.getvalue())
    encoded = np.where(GRAY <= 0.0031308, 12.92 * GRAY, 1.055 * GRAY ** (1 / 2.4) - 0.055)
    assert pixels_of(picture) == pytest.approx(encoded[::-1, ::-1], abs=0.01)  # orientation 3: upside down
    assert picture.notices == ("2 pages: the first is used",)
    assert (picture.metadata.author, picture.metadata.dpi) == ("A. Painter", (300, 300))


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (
            {258: (12,) * 5, 262: 2, 277: 5},
            r"not supported (12-bit integers, RGB, 5 channels, compression none); save it with 8 or 16 bits",
        ),
        ({258: (16,) * 3, 262: 6, 277: 3}, "not supported (16-bit integers, colors of kind 6, 3 channels, compression none)"),
        ({258: (16,) * 3, 262: 32845, 277: 3, 259: 34676}, "colors of kind 32845, 3 channels, compression kind 34676)"),
        ({258: (16,) * 3, 262: 2, 277: 3, 278: 1}, "it is damaged or cut off (strips or tiles are missing)"),
        ({258: (16,) * 3, 262: 2, 277: 3, 259: 8}, "it is damaged or cut off"),
    ],
)
def test_what_is_not_read_is_rejected_with_its_layout(tags: dict[int, int | Sequence[int]], reason: str) -> None:
    assert reason in refused(tiff(bytes(8 * 8 * 10), (8, 8), tags))


def test_values_that_are_not_finite() -> None:
    assert "not finite (NaN or infinity); save it again without them" in refused(
        written(np.full((4, 4, 3), np.nan, "f4"), photometric="rgb")
    )


def test_a_file_cut_off_is_rejected() -> None:
    data = tiff(stored(COLORS, "float32").tobytes(), (WIDTH, HEIGHT), {258: (32,) * 3, 262: 2, 277: 3, 339: (3,) * 3, 273: 3000})
    assert "damaged or cut off" in refused(data)


def test_tags_cut_off_are_no_unknown_layout() -> None:
    buffer = io.BytesIO()
    PIL.Image.fromarray(stored(COLORS, "uint8")).save(buffer, "TIFF")
    for missing in (1, 4, 12, 60):
        assert "it is damaged or" in refused(buffer.getvalue()[:-missing])


@pytest.mark.parametrize("tags", [{}, {322: 65520, 323: 65520, 324: 8, 325: 100}])
def test_the_limit_of_pixels_holds(tags: dict[int, int | Sequence[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_PIXELS", 100)
    assert "pixels" in refused(tiff(bytes(20 * 20 * 6), (20, 20), {258: (16,) * 3, 262: 2, 277: 3, **tags}))
