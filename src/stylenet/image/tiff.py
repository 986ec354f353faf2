"""Read TIFF pictures that Pillow cannot open, or does not read correctly.

Pillow supports a table of TIFF layouts: most with 8 bits, some with 16. This module reads the others: integers of 16 to 64 bits,
floats, separate planes, and more channels than colors. The bytes are still decompressed by Pillow's libtiff: the same strips and tiles
are presented to it as a gray picture of 8 bits, in which a sample of 4 bytes is 4 pixels.
"""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from stylenet.errors import ImageError

_COMPRESSIONS = {1: "none", 5: "LZW", 7: "JPEG", 8: "deflate", 32773: "PackBits", 32946: "deflate", 34925: "LZMA", 50000: "Zstandard"}
_UNPACKED = _COMPRESSIONS.keys() - {7}  # embedded JPEG has 8 bits, which Pillow reads
_MODES = {0: "L", 1: "L", 2: "RGB", 3: "P", 5: "CMYK", 8: "LAB"}
"""Pillow's mode by TIFF's photometric interpretation."""

_COLORS = {"L": 1, "P": 1, "RGB": 3, "CMYK": 4, "LAB": 3}
_TAGS = (*range(256, 260), 262, 266, 273, *range(277, 280), 284, 296, 317, 320, *range(322, 326), 338, 339)
"""Tags that describe how a picture is stored: TIFF 6.0, sections 3 to 16."""

_MAX_CHANNELS = 16
_MAX_PAGES = 1000


class TiffPicture(PIL.Image.Image):
    """The first picture of a TIFF file: mode, size, metadata and number of pages as in Pillow, and the samples as stored.

    Attributes:
        is_readable: Whether `samples` supports the layout.
        is_plain: Whether all numbers have at most 8 bits and are contiguous: then Pillow reads the file correctly, if it opens it.
        is_negative: Whether white is stored as zero.

    Raises:
        Exception: The header is damaged; the type depends on the position.
    """

    format = "TIFF"
    format_description = "Tagged Image File Format"

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        super().__init__()
        self._file, self._order = file, "<" if head[:2] == b"II" else ">"
        self._is_big = 43 in head[2:4]
        tags = ImageFileDirectory_v2(head[:16] if self._is_big else head[:8])
        first = tags.next
        file.seek(first)
        tags.load(file)
        self._tags = {tag: _whole_numbers(tags[tag]) for tag in _TAGS if tag in tags}
        self._channels = self._number(277, 1)
        self._photometric = self._number(262, 1 if self._channels < 3 else 2)
        self._bits = self._numbers(258, (1,))
        self._formats = self._numbers(339, (1,))  # 1: unsigned, 2: signed, 3: floating point
        self._mode = _MODES.get(self._photometric, "L")
        self._size = (self._number(256), self._number(257))
        self._planes = self._channels if self._number(284, 1) == 2 else 1
        is_tiled = 322 in tags
        strip = (self._size[0], min(self._size[1], self._number(278, 2**32)))
        self._segment = (self._number(322), self._number(323)) if is_tiled else strip
        self._offsets, self._counts = (self._numbers(tag, ()) for tag in ((324, 325) if is_tiled else (273, 279)))
        if not self._offsets:
            raise ValueError("the tags are damaged or truncated: there are no strips or tiles")
        self.is_negative = self._photometric == 0
        self.is_plain, self.is_readable = self._is_plain(), self._is_readable()
        self.n_frames = 1 + self._count_pages(tags.next)
        self._describe(first, tags)

    def _is_plain(self) -> bool:
        is_dark = self._mode == "P" and max(self._numbers(320, (65535,))) < 256  # a table of bytes, which Pillow divides by 256
        return max(self._bits) <= 8 and set(self._formats) <= {1, 4} and self._planes == 1 and not is_dark

    def _is_readable(self) -> bool:
        bits, number = self._bits[0], self._formats[0]
        widths = {1: (8, 16, 32, 64), 2: (8, 16, 32, 64), 3: (16, 32, 64)}.get(number, ())
        return (
            len(set(self._bits)) == len(set(self._formats)) == 1
            and bits in {"P": (8, 16), "LAB": (16,)}.get(self._mode, widths)
            and self._photometric in _MODES
            and self._number(259, 1) in _UNPACKED
            and self._number(317, 1) in (1, 2, 3)
            and _COLORS[self._mode] <= self._channels <= _MAX_CHANNELS
        )

    @property
    def padded_size(self) -> tuple[int, int]:
        """Width and height including complete last tiles, as unpacked."""
        width, height = (-(-whole // max(1, part)) * part for whole, part in zip(self._size, self._segment, strict=True))
        return (width, height) if 322 in self._tags else self._size

    @property
    def layout(self) -> str:
        """Description of the layout: "32-bit floats, RGB, 4 channels, compression LZW"."""
        kinds = {1: "integers", 2: "signed integers", 3: "floats"}
        kind = kinds.get(self._formats[0], "numbers of an unknown kind")
        known = _MODES.get(self._photometric, f"colors of kind {self._photometric}")
        colors = "gray" if known == "L" else known
        compression = self._number(259, 1)
        packed = _COMPRESSIONS.get(compression, f"kind {compression}")
        return f"{self._bits[0]}-bit {kind}, {colors}, {self._channels} channel{'s' * (self._channels > 1)}, compression {packed}"

    def samples(self) -> NDArray[Any]:
        """The numbers as stored, shape (H, W, C), in the machine's byte order; alpha and other extra channels are the last.

        Raises:
            ImageError: Strips or tiles are missing.
            OSError: The data is damaged or truncated.
        """
        width, height = self._size
        across, down = (-(-whole // max(1, part)) for whole, part in zip(self._size, self._segment, strict=True))
        if len(self._offsets) < across * down * self._planes:
            raise ImageError("it is damaged or cut off (strips or tiles are missing); get it again from its source")
        self._file.seek(0)
        data = self._file.read()
        planes = [self._plane(data, slice(plane * across * down, (plane + 1) * across * down)) for plane in range(self._planes)]
        whole = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
        return whole[:height, :width]

    def colors(self) -> NDArray[np.uint16]:
        """The palette, shape (N, 3), 0..65535."""
        table = np.array(self._numbers(320, ()), dtype=np.uint16).reshape(3, -1).T
        return table * np.uint16(257) if table.max() < 256 else table  # some programs write bytes there

    def alpha_channel(self) -> tuple[int, bool] | None:
        """The number of the channel that holds alpha, and whether the colors are premultiplied by it; None if there is none."""
        for place, kind in enumerate(self._numbers(338, ()), start=_COLORS[self._mode]):
            if kind in (1, 2) and place < self._channels:
                return place, kind == 1
        return None

    def _plane(self, data: bytes, segments: slice) -> NDArray[Any]:
        channels = self._channels if self._planes == 1 else 1
        across, size = self._segment[0] * channels, self._bits[0] // 8
        columns = self.padded_size[0] // self._segment[0]
        rows = self._unpacked(data, segments, across * size)
        predictor = self._number(317, 1)
        dtype = np.dtype(self._order + " uif"[self._formats[0]] + str(size))
        if predictor == 3:  # Adobe Photoshop TIFF Technical Note 3: differences of bytes, the highest bytes of all samples first
            sums = np.cumsum(rows.reshape(-1, columns, across * size // channels, channels), axis=2, dtype=np.uint8)
            rows = sums.reshape(-1, columns, size, across).swapaxes(2, 3)
            values = np.ascontiguousarray(rows).view(dtype.newbyteorder(">"))
        else:
            values = rows.reshape(-1, columns, across * size).view(dtype)
        values = values.reshape(-1, columns, self._segment[0], channels).astype(dtype.newbyteorder("="))
        if predictor == 2:
            whole = values.view(f"u{size}")
            values = np.cumsum(whole, axis=2, dtype=whole.dtype).view(values.dtype)
        return values.reshape(values.shape[0], -1, channels)

    def _unpacked(self, data: bytes, segments: slice, width_bytes: int) -> NDArray[np.uint8]:
        """Some of the strips or tiles as bytes, shape (H, bytes of a row)."""
        is_tiled = 322 in self._tags
        width = self.padded_size[0] * (width_bytes // self._segment[0])
        tags: dict[int, tuple[int, ...]] = {256: (width,), 257: (self.padded_size[1],), 258: (8,), 262: (1,), 277: (1,)}
        tags |= {tag: (self._number(tag, 1),) for tag in (259, 266)}  # the compression, and the order of bits in a byte
        if is_tiled:
            tags |= {322: (width_bytes,), 323: (self._segment[1],), 324: self._offsets[segments], 325: self._counts[segments]}
        else:
            tags |= {278: (self._segment[1],), 273: self._offsets[segments], 279: self._counts[segments]}
        start = len(data) + len(data) % 2
        entries, beyond = b"", b""
        for tag, values in sorted(tags.items()):
            packed = struct.pack(f"{self._order}{len(values)}L", *values)
            place = start + 6 + 12 * len(tags) + len(beyond)
            beyond += packed if len(packed) > 4 else b""
            entries += struct.pack(f"{self._order}HHL", tag, 4, len(values))
            entries += packed if len(packed) == 4 else struct.pack(f"{self._order}L", place)
        header = data[:2] + struct.pack(f"{self._order}HL", 42, start)
        directory = struct.pack(f"{self._order}H", len(tags)) + entries + bytes(4) + beyond
        with TiffImageFile(io.BytesIO(b"".join((header, data[8:], bytes(len(data) % 2), directory)))) as image:
            return np.asarray(image)

    def _describe(self, first: int, tags: ImageFileDirectory_v2) -> None:
        exif = self.getexif()
        exif.bigtiff, exif.endian = self._is_big, self._order
        exif.load_from_fp(self._file, first)
        if isinstance(profile := tags.get(34675), bytes):  # ICC.1:2010, annex B.4
            self.info["icc_profile"] = profile
        scale = {2: 1.0, 3: 2.54}.get(self._number(296, 2))  # per inch, per centimeter
        if scale and 282 in tags and 283 in tags:
            self.info["dpi"] = tuple(float(tags[tag]) * scale for tag in (282, 283))

    def _count_pages(self, place: int) -> int:
        """The number of pages in the chain that starts at `place`; 0 is the end."""
        count_format, entry_bytes, place_format = ("Q", 20, "Q") if self._is_big else ("H", 12, "L")
        places: set[int] = set()
        while place and place not in places and len(places) < _MAX_PAGES:
            places.add(place)
            self._file.seek(place)
            entries = self._read(count_format)
            self._file.seek(entries * entry_bytes, io.SEEK_CUR)
            place = self._read(place_format)
        return len(places)

    def _read(self, number_format: str) -> int:
        size = struct.calcsize(f"={number_format}")
        data = self._file.read(size)
        return int(struct.unpack(f"{self._order}{number_format}", data)[0]) if len(data) == size else 0

    def _numbers(self, tag: int, default: tuple[int, ...]) -> tuple[int, ...]:
        return self._tags.get(tag, default)

    def _number(self, tag: int, default: int | None = None) -> int:
        if tag not in self._tags and default is not None:
            return default
        return self._tags[tag][0]


def _whole_numbers(value: Any) -> tuple[int, ...]:
    return tuple(int(number) for number in (value if isinstance(value, tuple | bytes) else (value,)))
