"""Pictures and color profiles for the tests of images."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

Array = NDArray[np.float64]

# XYZ (D50) to linear sRGB, Bradford-adapted: brucelindbloom.com, "RGB/XYZ Matrices".
XYZ_TO_SRGB = np.array([[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]])
# Adobe RGB (1998) to XYZ (D50), same source; columns are the primaries. Its gamma is 563/256.
ADOBE_TO_XYZ = np.array([[0.6097559, 0.2052401, 0.1492240], [0.3111242, 0.6256560, 0.0632197], [0.0194811, 0.0608902, 0.7448387]])
ADOBE_GAMMA = 563 / 256


def srgb_encoded(linear: Array) -> Array:
    """IEC 61966-2-1, clipped to 0..1."""
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _icc(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC version 2 profile: header, table of tags, tags."""
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"made\0" + bytes(12 + 67), b"cprt": b"text\0\0\0\0none\0"} | tags
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", 128 + len(table) + len(body), bytes(4), 0x02400000, kind, space, connection)
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)  # the D50 white
    return header.ljust(128, b"\0") + table + body


def _xyz(values: Array) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


_WHITE = {b"wtpt": _xyz(np.array([0.9642, 1.0, 0.8249]))}


@pytest.fixture(scope="session")
def adobe_profile() -> bytes:
    primaries = {name: _xyz(ADOBE_TO_XYZ[:, band]) for band, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    curves = {name: _gamma(ADOBE_GAMMA) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return _icc(b"RGB ", b"XYZ ", b"mntr", _WHITE | primaries | curves)


@pytest.fixture(scope="session")
def linear_gray_profile() -> bytes:
    return _icc(b"GRAY", b"XYZ ", b"mntr", _WHITE | {b"kTRC": _gamma(1.0)})


def ink_lab(cyan: int, magenta: int, yellow: int, black: int) -> tuple[float, float, float]:
    """L*, a*, b* of full inks in `ink_profile`, muted to lie inside sRGB."""
    if black:
        return (0.0, 0.0, 0.0)
    return (100 - 25.0 * (cyan + magenta + yellow), 30.0 * magenta - 25.0 * cyan, 30.0 * yellow - 15.0 * cyan)


@pytest.fixture(scope="session")
def ink_profile() -> bytes:
    """A CMYK profile: a table with the 16 corners, interpolated between (ICC.1:2001-04, lut8Type)."""
    corners = b""
    for corner in range(16):
        lightness, a, b = ink_lab(corner >> 3 & 1, corner >> 2 & 1, corner >> 1 & 1, corner & 1)
        corners += bytes([round(lightness * 2.55), round(a + 128), round(b + 128)])
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 * (index % 4 == 0) for index in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + corners + ramp * 3
    paper = {b"wtpt": _xyz(np.array([0.80, 0.82, 0.60]))}  # yellowish; white on paper shall be white on a screen all the same
    return _icc(b"CMYK", b"Lab ", b"prtr", paper | {b"A2B0": table})


@pytest.fixture
def photo() -> PIL.Image.Image:
    """A smooth RGB picture, 30 x 20, whose four corners differ."""
    y, x = np.mgrid[0:20, 0:30]
    return PIL.Image.fromarray(np.stack([x * 8, y * 12, 255 - x * 4 - y * 6], axis=-1).astype(np.uint8))


@pytest.fixture
def adobe_to_srgb() -> Callable[[Array], Array]:
    """The expected conversion of the profile by an independent formula, (..., 3) in 0..1."""
    return lambda encoded: srgb_encoded(encoded**ADOBE_GAMMA @ ADOBE_TO_XYZ.T @ XYZ_TO_SRGB.T)


@pytest.fixture
def ink_to_srgb() -> Callable[[int, int, int, int], Array]:
    """The expected colors of full inks by an independent formula, from CIE L*a*b* (D50) to sRGB."""

    def convert(*inks: int) -> Array:
        lightness, a, b = ink_lab(*inks)
        middle = (lightness + 16) / 116
        roots = np.array([middle + a / 500, middle, middle - b / 200])
        ratios = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
        return srgb_encoded(XYZ_TO_SRGB @ (ratios * np.array([0.9642, 1.0, 0.8249])))

    return convert
