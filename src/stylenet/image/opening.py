"""Open a picture from any source, and check it before decoding its pixels.

Other files are rejected with a specific reason: an SVG is distinguished from a text file, and a HEIC photo without its plug-in
from a damaged one. Formats that run a program or access other files (EPS, WMF, ...) are never tried.
"""

from __future__ import annotations

import codecs
import contextlib
import importlib.util
import io
import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

import PIL.Image
from PIL import PngImagePlugin

from stylenet.errors import ImageError, did_you_mean_file
from stylenet.image.repair import repaired_jpeg, repaired_png
from stylenet.image.tiff import TiffPicture
from stylenet.notices import CodedNotice

MAX_PIXELS = 200_000_000
"""The largest picture that is decoded, in pixels; the largest phone cameras of 2024 have 199.8 million."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "HEIF", "GIF", "JPEG2000", "BMP", "ICO", "PPM", "QOI")
"""Formats to try, by Pillow's names: raster formats whose decoders neither run programs nor open other files."""

READABLE = "PNG, JPEG, WebP, TIFF, AVIF, HEIC, GIF, JPEG 2000, BMP, ICO, PPM and QOI"

CAMERA_RAW = {".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw"}
"""Raw formats. Most are TIFF files whose first picture is a thumbnail, which must not be used instead of the photo."""

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

_TORCH_PICKLE = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # start of files of torch.save until version 1.6
_ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd")  # gzip ... Zstandard

FileSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO


@dataclass(frozen=True, eq=False)
class Opened:
    """A picture whose header has been read, but not its pixels.

    Attributes:
        name: Name for messages: its path in quotes, or "the given data".
        image: Pillow's image, at its first frame; a `TiffPicture` if Pillow cannot read the pixels correctly.
        path: The file, if there is one.
        reopen: Opens the same data again, if possible.
        notices: Repairs of the file, one line each.
    """

    name: str
    image: PIL.Image.Image
    path: str | None = None
    reopen: Callable[[], PIL.Image.Image] | None = None
    notices: tuple[str, ...] = ()


@contextlib.contextmanager
def opened(source: FileSource) -> Iterator[Opened]:
    """Open the picture in `source`, read its header and check its size; the file is closed at the end of the block.

    Raises:
        ImageError: The source is missing, unreadable, empty, not a raster picture, damaged, or larger than `MAX_PIXELS`.
    """
    with contextlib.ExitStack() as stack:
        path: str | None = None
        if isinstance(source, str | os.PathLike):
            path = os.fsdecode(source)
            name = f"'{path}'"
            file = stack.enter_context(_open_file(path, name))
        else:
            name = "the given data"
            file = io.BytesIO(_bytes_of(source))
        head = file.read(1024)
        if not head:
            raise ImageError(f"cannot read {name}: it is empty (0 bytes)", code="not-a-picture")
        _register_heif(head)
        notices = _tone_notice(head)
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            file = repaired_png(file, notices)
        image = stack.enter_context(_open_image(file, name=name, head=head))
        check_pixels(image.size, name)
        if head.startswith(b"\xff\xd8\xff") and (repaired := repaired_jpeg(file, notices)):
            file = repaired
            image = stack.enter_context(_open_header(file, name=name, head=head))
        yield Opened(
            name=name,
            image=image,
            path=path,
            reopen=lambda: _open_header(file, name=name, head=head),
            notices=tuple(notices),
        )


def check_pixels(size: tuple[int, int], name: str) -> None:
    """Raise `ImageError` if (width, height) has no pixels or more than `MAX_PIXELS`."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"cannot read {name}: it has {width} x {height} pixels; a picture has at least one")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"cannot read {name}: it has {width} x {height} pixels ({width * height / 1e6:.0f} million); "
            f"allowed are up to {MAX_PIXELS // 1_000_000} million; make it smaller first",
            code="too-many-megapixels",
            megapixels=round(width * height / 1e6, 1),
            most=MAX_PIXELS // 1_000_000,
        )


def damaged(name: str, cause: BaseException) -> ImageError:
    """The error for a picture that cannot be decoded completely."""
    if isinstance(cause, MemoryError):
        return ImageError(f"cannot read {name}: there is not enough memory to decode it; make it smaller first", code="out-of-memory")
    reason = " ".join(str(cause).split())[:160] or type(cause).__name__
    return ImageError(f"cannot read {name}: it is damaged or cut off ({reason}); get it again from its source", code="damaged-picture")


_MAX_PROFILE_BYTES = 16 * 2**20  # bytes of a PNG color profile; those of printers have several million, Pillow's limit is one
_pillow_lock = threading.Lock()


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Use Pillow without warnings and with higher limits, which it does not accept as arguments.

    Only headers and metadata are read inside; `check_pixels` follows. The lock prevents threads from restoring each other's
    settings.
    """
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limits = PIL.Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        PIL.Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = None, _MAX_PROFILE_BYTES
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = limits


def _open_image(file: BinaryIO, *, name: str, head: bytes) -> PIL.Image.Image:
    tiff = _open_tiff(file, head)
    if tiff is not None and tiff.is_readable and not tiff.is_plain:
        check_pixels(tiff.padded_size, name)
        return tiff
    try:
        return _open_header(file, name=name, head=head)
    except ImageError:
        if tiff is None:
            raise
        if not tiff.is_readable:
            raise ImageError(
                f"cannot read {name}: a TIFF of this layout is not supported ({tiff.layout}); save it with 8 or 16 bits, RGB, uncompressed"
            ) from None
        check_pixels(tiff.padded_size, name)
        return tiff


def _open_tiff(file: BinaryIO, head: bytes) -> TiffPicture | None:
    if head[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None
    try:
        with quiet_pillow():
            return TiffPicture(file, head)
    except Exception:  # a malicious header can raise almost anything; Pillow reports the error
        return None


def _open_header(file: BinaryIO, *, name: str, head: bytes) -> PIL.Image.Image:
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        PIL.Image.preinit()  # loading the plug-ins of all formats takes 0.05 s
    else:
        PIL.Image.init()
    formats = [known for known in FORMATS if known in PIL.Image.OPEN]
    try:
        with quiet_pillow():
            file.seek(0)
            return PIL.Image.open(file, formats=formats)
    except PIL.UnidentifiedImageError:
        raise ImageError(f"cannot read {name}: {_foreign_kind(head) or _why_rejected(file, head, formats)}", code="not-a-picture") from None
    except Exception as cause:  # Pillow's parsers can raise almost anything for a malicious header
        raise damaged(name, cause) from cause


def _open_file(path: str, name: str) -> BinaryIO:
    if "://" in path:
        raise ImageError(f"cannot read {name}: it is a web address; download the picture and give the file")
    suffix = os.path.splitext(path)[1].lower()
    if suffix in CAMERA_RAW:
        raise ImageError(f"cannot read {name}: {suffix} is a camera's raw file; develop it to TIFF, PNG or JPEG first")
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            raise ImageError(f"cannot read {name}: it is a folder; give a picture file")
        if not stat.S_ISREG(kind):
            raise ImageError(f"cannot read {name}: it is a device or a pipe; give a picture file")
        return open(path, "rb")
    except (FileNotFoundError, NotADirectoryError):
        raise ImageError(f"cannot read {name}: {_why_missing(path)}") from None
    except PermissionError:
        raise ImageError(f"cannot read {name}: you have no permission to read it; change its permissions or copy it") from None
    except (OSError, ValueError) as cause:  # ValueError: a null byte in the path
        raise ImageError(f"cannot read {name}: {getattr(cause, 'strerror', None) or cause}") from cause


def _why_missing(path: str) -> str:
    folder, file_name = os.path.split(path)
    if os.path.islink(path):
        return f"it is a link to '{os.readlink(path)}', which does not exist"
    if folder and not os.path.isdir(folder):
        return f"there is no folder '{folder}'"
    try:
        neighbors = os.listdir(folder or ".")
    except OSError:
        neighbors = []
    return f"there is no such file{did_you_mean_file(file_name, neighbors)}"


def _bytes_of(source: bytes | bytearray | memoryview | BinaryIO) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if not callable(getattr(source, "read", None)):
        raise ImageError(
            f"cannot read a picture from {type(source).__name__}; give a path, bytes, a binary file, a PIL.Image or a NumPy array"
        )
    try:
        data = source.read()
    except Exception as cause:
        raise ImageError(f"cannot read the given file object: {cause}") from cause
    if not isinstance(data, bytes):
        raise ImageError("cannot read the given file object: it is open as text; open it with mode 'rb'")
    return data


def _register_heif(head: bytes) -> None:
    """Let Pillow read HEIC photos if the package pillow-heif is installed."""
    if _is_heif(head) and "HEIF" not in PIL.Image.OPEN and importlib.util.find_spec("pillow_heif"):
        import pillow_heif  # type: ignore[import-not-found,import-untyped,unused-ignore]

        pillow_heif.register_heif_opener()


def _is_heif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS


def _tone_notice(head: bytes) -> list[str]:
    """A notice if a PNG, AVIF or HEIC file has an HDR tone curve, which is not supported (ITU-T H.273, table 3)."""
    is_png, is_film = head.startswith(b"\x89PNG"), head[4:8] == b"ftyp"
    _, found, rest = head.partition(b"cICP" if is_png else b"colrnclx")
    transfer = rest[1 if is_png else 3 :][:1]
    name = {b"\x10": "PQ", b"\x12": "HLG"}.get(transfer) if found and (is_png or is_film) else None
    message = f"the picture has the HDR tone curve {name}; it is read as sRGB, so it looks flat"
    return [CodedNotice(message, "hdr-tone-curve", curve=name)] if name else []


def _why_rejected(file: BinaryIO, head: bytes, formats: list[str]) -> str:
    """The reason for which a file is rejected by its decoder, as the end of a sentence."""
    for known in formats:
        factory, accept = PIL.Image.OPEN[known]
        if accept is None or accept(head[:16]) is not True:
            continue
        try:
            file.seek(0)
            with quiet_pillow():
                factory(file, "")
        except Exception as cause:
            reason = " ".join(str(cause).split())[:160] or type(cause).__name__
            return f"it is damaged, or an unsupported kind of {known} ({reason}); get it again, or convert it to PNG"
    return f"it is damaged or in an unsupported format; supported are {READABLE}"


def _foreign_kind(head: bytes) -> str | None:
    """What a file is instead of a picture, judging by its first bytes, and what to do, as the end of a sentence; None if unknown."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if _is_heif(head) and "HEIF" not in PIL.Image.OPEN:
        return "HEIC photos need another package; run: pip install pillow-heif"
    if start.startswith(b"<svg") or (start.startswith((b"<?xml", b"<!doctype svg")) and b"<svg" in start):
        return "it is an SVG drawing, not a raster picture; export it as PNG"
    if start.startswith((b"%pdf", b"%!ps")):
        return "it is a PDF or PostScript page, not a raster picture; export it as PNG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, probably saved instead of the picture; download the picture itself"
    if head.startswith(b"8BPS"):
        return "it is a Photoshop document; export it as PNG or TIFF"
    if head.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")):
        return "JPEG XL is not supported; convert it to PNG or JPEG"
    is_picture = _is_heif(head) or head[8:12] in (b"avif", b"avis", b"WEBP")
    if not is_picture and (head[4:8] == b"ftyp" or head.startswith((b"\x1aE\xdf\xa3", b"RIFF"))):
        return "it is a video or audio file; give a picture file"
    if head.startswith((b"#?RADIANCE", b"#?RGBE", b"\x76\x2f\x31\x01")):
        return "Radiance HDR and OpenEXR are not supported; tone-map it and export it as PNG or TIFF"
    if head.startswith(b"gimp xcf"):
        return "it is a GIMP document; export it as PNG or TIFF"
    if head.startswith(_TORCH_PICKLE) or (head.startswith(b"PK\x03\x04") and (b"/data.pkl" in head or b"/constants.pkl" in head)):
        return "it is a PyTorch file with weights or a network, not a picture"
    if head.startswith(b"PK\x03\x04"):
        return "it is a ZIP archive; unpack it first"
    if head.startswith(_ARCHIVES) or head[257:262] == b"ustar":
        return "it is an archive or a compressed file; unpack it first"
    with contextlib.suppress(UnicodeDecodeError):
        if b"\0" not in head and codecs.getincrementaldecoder("utf-8")().decode(head):  # incremental: the last character may be truncated
            return f"it is a text file; supported are {READABLE}"
    return None
