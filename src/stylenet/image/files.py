"""Reading and writing pictures.

picture = load_image("photo.jpg")           # upright, sRGB, 0..1, with separate alpha
save_image(painting, "out.png", alpha=picture.alpha, metadata=picture.metadata, receipt={...})
"""

from __future__ import annotations

import io
import operator
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias, TypedDict, Unpack, cast, overload

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngInfo

from stylenet.errors import ImageError, OutputError, ShapeError
from stylenet.image.levels import Floats
from stylenet.image.metadata import RECEIPT_KEY, Metadata, exif_bytes, read_metadata, receipt_text, text_tags
from stylenet.image.modes import Decoded, channels_last, decode, from_array, turn_upright
from stylenet.image.opening import FileSource, check_pixels, damaged, opened
from stylenet.image.output import check_output, format_of
from stylenet.notices import CodedNotice
from stylenet.shapes import check_image, check_range
from stylenet.storage.atomic import written_whole

if TYPE_CHECKING:
    from stylenet.shapes import Image, Mask


class Convertible(Protocol):
    """Anything that NumPy can convert to an array, including tensors of several packages."""

    def __array__(self) -> NDArray[Any]: ...


ImageSource: TypeAlias = FileSource | PIL.Image.Image | NDArray[Any] | Convertible

JPEG_QUALITY = 95
"""Quality of JPEG and WebP. Brush strokes are fine detail in saturated color, which lower qualities and color subsampling smear."""

_STRIP_PX = 2**20  # pixels rounded at a time; copies of a large print would take more memory than painting it

_MAX_EXIF_BYTES = 65_500  # one JPEG segment holds 65,533 bytes, including Pillow's header


@dataclass(frozen=True, eq=False, kw_only=True)
class Picture:
    """A picture in the internal format, with its metadata.

    Attributes:
        pixels: Shape (1, 3, H, W), float32, RGB, sRGB-encoded, 0..1, upright. Transparent areas have the mean
            color of the visible ones, so that no hidden edge is painted.
        alpha: Shape (1, 1, H, W), float32, 0..1; None if all is opaque.
        source: The file it came from, or None.
        metadata: Metadata to copy to the result: author, date, camera, resolution.
        notices: Notices for the user, one line each: "animated: the first of 12 frames is used".
    """

    pixels: Image
    alpha: Mask | None = None
    source: str | None = None
    metadata: Metadata = field(default_factory=Metadata)
    notices: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[3])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[2])


def load_image(source: ImageSource | Picture) -> Picture:
    """Load a picture from a file, bytes, a binary file object, Pillow, NumPy or PyTorch, upright and in sRGB.

    Gray, palette, CMYK, Lab and 16-bit pictures, transparency of every kind and embedded color profiles are converted. 16-bit PNG and
    TIFF keep all their bits, except gray PNGs with alpha, CMYK, Lab, and profiles other than sRGB: these are read
    with 8. Floats and wide integers of TIFF are scaled to 0..1; floats above 1, in HDR photos, are clipped. Of
    animations and multi-page files, the first frame is used. `notices` lists the conversions.

    Args:
        source: A path; the bytes of a file; a binary file object, read from its position; a `PIL.Image.Image` of any mode, at its
            current frame; an array (H, W), (H, W, 1..4) or (1, 1..4, H, W) of bool, uint8, uint16, other integers in 0..255, or
            floats in 0..1; or a tensor on any device, of these shapes and types or (1..4, H, W). If both the first and the last
            side of a tensor could be its channels, the first is used. A `Picture` is returned unchanged.

    Raises:
        ImageError: It is missing, unreadable, damaged, truncated, too large (`opening.MAX_PIXELS`), or not a raster picture.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, PIL.Image.Image):
        check_pixels(source.size, "the given picture")
        return _decoded_picture(source, name="the given picture")
    if hasattr(source, "__array__") and not isinstance(source, (str, bytes)):  # NumPy's strings have it as well
        array = channels_last(source) if isinstance(source, np.ndarray) else channels_last(_array_of(source), first_of_three=True)
        if array.ndim >= 2:
            check_pixels((array.shape[1], array.shape[0]), "the given array")
        return _picture(from_array(array))
    with opened(source) as file:
        reopened = file.reopen() if file.reopen and file.image.format == "PNG" else None
        return _decoded_picture(file.image, name=file.name, path=file.path, reopened=reopened, notices=file.notices)


def is_source(source: object) -> bool:
    """Whether `load_image` accepts this type."""
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, PIL.Image.Image)
    return isinstance(source, kinds) or hasattr(source, "read") or hasattr(source, "__array__")


def to_pil(image: Image, alpha: Mask | None = None) -> PIL.Image.Image:
    """A Pillow picture of mode RGB, or RGBA with `alpha`; values are clamped to 0..1 and rounded to the nearest of 256.

    Args:
        image: Shape (1, 3, H, W), any floating-point type.
        alpha: Shape (1, 1, H, W), 0..1.

    Raises:
        ShapeError: The shape is wrong, or alpha has another size.
        ImageError: A value is not finite.
    """
    return PIL.Image.fromarray(_quantized(image, alpha, np.uint8))


class SaveOptions(TypedDict, total=False):
    """The options of `save_image` for files and file objects."""

    alpha: Mask | None
    metadata: Metadata | None
    receipt: Mapping[str, Any] | None
    quality: int
    bits: int | None


@overload
def save_image(image: Image, path: str | os.PathLike[str], **options: Unpack[SaveOptions]) -> Path: ...


@overload
def save_image(
    image: Image, path: str | os.PathLike[str] | BinaryIO, *, format: str | None = None, **options: Unpack[SaveOptions]
) -> Path | None: ...


def save_image(
    image: Image,
    path: str | os.PathLike[str] | BinaryIO,
    *,
    alpha: Mask | None = None,
    metadata: Metadata | None = None,
    receipt: Mapping[str, Any] | None = None,
    quality: int = JPEG_QUALITY,
    bits: int | None = None,
    format: str | None = None,
) -> Path | None:
    """Write a picture atomically, and return its path. The suffix selects the format: PNG, JPEG, WebP or TIFF.

    The same arguments give the same bytes. `metadata.read_receipt` reads the receipt.

    Args:
        image: Shape (1, 3, H, W), 0..1.
        path: A file, which is replaced if it exists, or a binary file object.
        alpha: Shape (1, 1, H, W), 0..1. JPEG has no alpha: the picture is composited on white.
        metadata: Metadata, usually `Picture.metadata` of the photo.
        receipt: The receipt, as JSON values.
        quality: Quality of JPEG and WebP, 1..100; 100 is lossless in WebP.
        bits: Bits per channel: 8, or 16 for TIFF (its default).
        format: For a file object, the suffix without its dot: "png" (the default), "jpg", "webp" or "tif".

    Returns:
        The path; None for a file object.

    Raises:
        OutputError: The path cannot be written (see `check_output`), or an option does not fit the format.
        ImageError: A value is not finite, or outside of 0..1; nothing is written.
        ShapeError: The shape is wrong, or alpha has another size.
    """
    check_image(image)
    check_range(image)
    size = (int(image.shape[3]), int(image.shape[2]))
    quality = _checked_quality(quality)
    stream = None if isinstance(path, (str, os.PathLike)) else path
    if not isinstance(path, (str, os.PathLike)) and not callable(getattr(path, "write", None)):
        raise OutputError(f"cannot write a picture to {type(path).__name__} {path!r:.60}; give a path or a binary file object")
    if stream is None:
        target = check_output(cast("str | os.PathLike[str]", path), size=size)
    else:
        target = Path(f"stream.{(format or 'png').lower().removeprefix('.')}")
        format_of(target, size=size)
    is_tiff = format_of(target) == "TIFF"
    if bits is None:
        bits = 16 if is_tiff else 8
    if bits not in (8, 16) or (bits == 16 and not is_tiff):
        raise OutputError(f"cannot write '{target}' with {bits} bits; allowed are 8, and 16 for .tif")
    encode = partial(
        _encode, image, alpha, target, metadata=metadata or Metadata(), receipt=None if receipt is None else receipt_text(receipt)
    )
    if stream is not None:
        # Encoded in memory first, because Pillow seeks, which is not possible in a pipe.
        buffer = io.BytesIO()
        encode(buffer, quality=quality, bits=bits)
        try:
            stream.write(buffer.getvalue())
        except (TypeError, ValueError, io.UnsupportedOperation) as cause:  # open as text, closed, or open for reading
            raise OutputError(f"cannot write to the given file object: {cause}; open it with mode 'wb'") from cause
        return None
    with written_whole(target) as temporary:
        encode(temporary, quality=quality, bits=bits)
    return target


def _checked_quality(quality: Any) -> int:
    try:
        number = operator.index(quality)
    except TypeError:
        number = 0
    if not 1 <= number <= 100:
        raise OutputError(f"cannot write a picture with quality {quality!r:.60}; allowed are whole numbers from 1 to 100")
    return number


def _encode(
    image: Image,
    alpha: Mask | None,
    target: Path,
    destination: Path | io.BytesIO,
    *,
    metadata: Metadata,
    receipt: str | None,
    quality: int,
    bits: int,
) -> None:
    """Write a picture in the format of `target` to a file or to memory."""
    if format_of(target) == "TIFF":
        _write_tiff(_quantized(image, alpha, np.uint16 if bits == 16 else np.uint8), destination, metadata=metadata, receipt=receipt)
    else:
        picture = to_pil(image, alpha)
        _write_with_pillow(picture, target, destination, metadata=metadata, receipt=receipt, quality=quality)


def _decoded_picture(
    image: PIL.Image.Image,
    *,
    name: str,
    path: str | None = None,
    reopened: PIL.Image.Image | None = None,
    notices: tuple[str, ...] = (),
) -> Picture:
    is_closed = _is_closed_unread(image)
    try:
        frames = _frame_notice(image) if image.format else ()
        decoded = decode(image, reopened)
        metadata, orientation = read_metadata(image)  # after decoding, when Pillow has rotated TIFFs and removed their orientation
    except ImageError as cause:
        raise ImageError(f"cannot read {name}: {cause}") from None
    except Exception as cause:  # Pillow's decoders raise nearly anything for hostile data
        if is_closed or "closed image" in str(cause):
            raise ImageError(
                f"cannot read {name}: it or its file is closed; give it before closing it, or give a copy() made before"
            ) from None
        raise damaged(name, cause) from cause
    return _picture(decoded, orientation=orientation, notices=notices + frames, metadata=metadata, source=path)


def _is_closed_unread(image: PIL.Image.Image) -> bool:
    """Whether the file of a picture was closed before its pixels were read."""
    file = getattr(image, "fp", None)
    return bool(getattr(image, "tile", ())) and (file is None or file.closed)


def _frame_notice(image: PIL.Image.Image) -> tuple[str, ...]:
    frames = getattr(image, "n_frames", 1)
    if frames < 2 or image.format == "MPO":  # MPO: a photo with a depth map or a second view, not an animation
        return ()
    if image.format == "TIFF":
        return (CodedNotice(f"{frames} pages: the first is used", "several-pages", pages=frames),)
    return (CodedNotice(f"animated: the first of {frames} frames is used", "animated", frames=frames),)


def _picture(
    decoded: Decoded,
    *,
    orientation: int = 1,
    notices: tuple[str, ...] = (),
    metadata: Metadata | None = None,
    source: str | None = None,
) -> Picture:
    rgb, alpha, more = decoded.rgb, decoded.alpha, decoded.notices
    if alpha is not None:
        if not alpha.any():
            more = (*more, CodedNotice("the picture is fully transparent; it is painted as white", "fully-transparent"))
        rgb = _on_mean_color(rgb, alpha)
    return Picture(
        pixels=_channels_first(turn_upright(rgb, orientation)),
        alpha=None if alpha is None else _channels_first(turn_upright(alpha, orientation)[..., None]),
        source=source,
        metadata=metadata or Metadata(),
        notices=notices + more,
    )


def _on_mean_color(rgb: Floats, alpha: Floats) -> Floats:
    """`rgb` composited on the mean of its visible colors.

    White or black would give cut-outs a hard outline, which the style would paint, and leave a fringe on semi-transparent edges
    when alpha is restored.
    """
    total = float(alpha.sum(dtype=np.float64))
    mean = np.einsum("hwc,hw->c", rgb, alpha, dtype=np.float64) / total if total > 0 else np.ones(3)
    cover = alpha[..., None]
    return rgb * cover + mean.astype(np.float32) * (1 - cover)


def _array_of(values: Any) -> NDArray[Any]:
    """The values of a tensor, without importing PyTorch."""
    try:
        if hasattr(values, "detach"):
            values = values.detach().cpu()
            values = values.float() if values.is_floating_point() else values  # NumPy has no bfloat16
        return np.asarray(values)
    except (TypeError, NotImplementedError, RuntimeError) as cause:  # sparse, quantized, and tensors without data
        reason = " ".join(str(cause).split())[:160]
        raise ImageError(f"cannot read the given {type(values).__name__}: {reason}; give a dense tensor of numbers") from None


def _channels_first(pixels: Floats) -> Floats:
    return np.array(pixels.transpose(2, 0, 1), dtype=np.float32, order="C")[None]


def _quantized(image: Image, alpha: Mask | None, dtype: type[np.uint8] | type[np.uint16]) -> NDArray[Any]:
    """(H, W, 3), or (H, W, 4) with alpha, rounded to the nearest level of `dtype`."""
    check_image(image)
    if image.shape[0] != 1:
        raise ShapeError(f"one picture, shape (1, 3, H, W), can be written at a time; got {tuple(image.shape)}")
    parts = [image] if alpha is None else [image, alpha]
    if alpha is not None and alpha.shape != (1, 1, *image.shape[2:]):
        raise ShapeError(
            f"alpha for a picture of shape {tuple(image.shape)} must have shape (1, 1, H, W) with the same size; got {tuple(alpha.shape)}"
        )
    channels = sum(part.shape[1] for part in parts)
    levels = np.empty((image.shape[2], image.shape[3], channels), dtype)
    rows = max(1, _STRIP_PX // image.shape[3])
    for top in range(0, image.shape[2], rows):
        strip = np.concatenate([part[0, :, top : top + rows] for part in parts], dtype=np.float32, casting="same_kind")
        if not np.isfinite(strip).all():
            raise ImageError("the picture has values that are not finite (NaN or infinity); nothing was written")
        np.clip(strip, 0, 1, out=strip)
        strip *= np.iinfo(dtype).max
        levels[top : top + rows] = np.rint(strip, out=strip).transpose(1, 2, 0)
    return levels


def _write_with_pillow(
    image: PIL.Image.Image,
    target: Path,
    destination: Path | io.BytesIO,
    *,
    metadata: Metadata,
    receipt: str | None,
    quality: int,
) -> None:
    options: dict[str, Any] = {"dpi": metadata.dpi} if metadata.dpi else {}
    kind = format_of(target)
    if kind == "PNG":
        chunks = PngInfo()
        chunks.add(b"sRGB", b"\1")  # relative colorimetric
        if receipt is not None:
            chunks.add_itxt(RECEIPT_KEY, receipt)
        options |= {"pnginfo": chunks, "exif": exif_bytes(metadata, None)}
    elif kind == "WEBP":
        exif = exif_bytes(metadata, receipt)
        options |= {"quality": quality, "lossless": quality == 100, "exif": exif}
    else:
        exif = exif_bytes(metadata, receipt)
        if len(exif) > _MAX_EXIF_BYTES:
            raise OutputError(f"cannot write '{target}': its receipt has {len(exif)} bytes, JPEG holds {_MAX_EXIF_BYTES}; write a .png")
        if image.mode == "RGBA":
            image = PIL.Image.alpha_composite(PIL.Image.new("RGBA", image.size, "white"), image).convert("RGB")
        options |= {"quality": quality, "subsampling": "4:4:4", "exif": exif}
    image.save(destination, format=kind, **options)


def _write_tiff(array: NDArray[Any], path: Path | io.BytesIO, *, metadata: Metadata, receipt: str | None) -> None:
    import tifffile  # Pillow does not write 16-bit color; imported here because it is slow to load and rarely needed

    ascii_type = 2
    tags = text_tags(metadata) | ({306: metadata.date} if metadata.date else {})  # 306: DateTime
    if receipt is not None:
        tags |= {270: f"{RECEIPT_KEY}:{receipt}"}  # 270: ImageDescription
    tags.pop(305, None)  # Software, which tifffile writes itself
    encoded = [(tag, ascii_type, 0, value.encode(), True) for tag, value in tags.items()]
    tifffile.imwrite(
        path,
        array,
        photometric="rgb",
        extrasamples=["unassalpha"] if array.shape[2] == 4 else None,
        compression="zlib",
        software="StyleNet",
        resolution=metadata.dpi,
        resolutionunit=2 if metadata.dpi else None,  # 2: dots per inch
        metadata=None,
        extratags=encoded,
    )
