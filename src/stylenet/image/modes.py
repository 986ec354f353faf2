"""Convert pictures of all modes to sRGB floats and alpha."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from stylenet.errors import ImageError
from stylenet.image.levels import Floats, from_gamma, unit, unit_levels
from stylenet.image.profiles import Profile, lab_to_srgb
from stylenet.image.tiff import TiffPicture
from stylenet.notices import CodedNotice

_DEEP_RAW_MODES = {"RGB;16B", "RGBA;16B"}
_CHANNELS = (1, 2, 3, 4)
_PLAIN = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}


@dataclass(frozen=True, eq=False)
class Decoded:
    """Pixels as stored, before orientation.

    Attributes:
        rgb: Shape (H, W, 3), sRGB-encoded, 0..1.
        alpha: Shape (H, W), 0..1; None if all is opaque.
        notices: Notices for the user, one line each.
    """

    rgb: Floats
    alpha: Floats | None
    notices: tuple[str, ...]


def decode(image: PIL.Image.Image, reopened: PIL.Image.Image | None = None) -> Decoded:
    """The pixels of `image` as sRGB floats and alpha.

    Args:
        image: Any mode; its embedded profile, if any, in `info`.
        reopened: The same PNG, opened again and not loaded yet, to read all 16 bits of color pictures: Pillow returns only the upper 8.

    Raises:
        ImageError: The mode is unknown, or values are not finite.
        OSError: The data is damaged; Pillow may also raise other exceptions.
    """
    notices: list[str] = []
    profile = _profile_of(image, notices)
    if isinstance(image, TiffPicture):
        return _decode_tiff(image, profile, notices)
    deep = _sixteen_bits(image, reopened)
    image.load()
    is_negative = _is_negative(image)
    image, key = _plain(image)
    bands = image.getbands()
    alpha = unit(np.asarray(image.getchannel("A")), 255) if bands[-1] == "A" else None
    if image.mode in ("L", "LA", "I", "F") or image.mode.startswith("I;16"):
        levels = _gray_levels(image, notices)
        levels = 1 - levels if is_negative else levels
        alpha = _keyed(np.asarray(image)[..., None], key) if alpha is None and image.mode != "LA" else alpha
        rgb = _gray_to_srgb(levels, profile, notices)
    elif image.mode in ("RGB", "RGBA"):
        stored = np.asarray(image.convert("RGB")) if deep is None else deep[..., :3]
        if deep is not None and deep.shape[2] == 4:
            alpha = unit(deep[..., 3], 65535)
        alpha = _keyed(stored, key) if alpha is None else alpha
        rgb = _rgb_to_srgb(stored, profile, notices)
    elif image.mode in ("CMYK", "LAB"):
        rgb = unit(np.asarray(_print_to_srgb(image, profile, notices)), 255)
    else:
        raise ImageError(f"a picture of mode {image.mode} cannot be used; convert it to RGB first")
    if profile is None and "srgb" not in image.info:  # PNG: the gamma chunk has the lowest priority
        rgb = from_gamma(rgb, image.info.get("gamma"))
    return Decoded(rgb=rgb, alpha=_unless_opaque(alpha), notices=tuple(notices))


def channels_last(array: NDArray[Any], *, first_of_three: bool = False) -> NDArray[Any]:
    """`array`, shape (1, 1..4, H, W), as (H, W, 1..4); with `first_of_three` (1..4, H, W) too. Other arrays are returned unchanged."""
    if array.ndim == 4 and array.shape[0] == 1 and array.shape[1] in _CHANNELS:
        return array[0].transpose(1, 2, 0)
    return array.transpose(1, 2, 0) if first_of_three and array.ndim == 3 and array.shape[0] in _CHANNELS else array


def from_array(array: NDArray[Any]) -> Decoded:
    """A NumPy picture: (H, W) or (H, W, 1..4); bool, uint8, uint16, other integers in 0..255, or floats in 0..1.

    Raises:
        ImageError: The shape or type is not supported, or a value is out of range or not finite.
    """
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in _CHANNELS or array.size == 0:
        raise ImageError(f"an array of shape {array.shape} is not a picture; allowed are (H, W), (H, W, 1..4) and (1, 1..4, H, W)")
    if array.dtype in (np.uint8, np.uint16):
        values = unit(array, int(np.iinfo(array.dtype).max))
    elif array.dtype.kind in "iu":
        if array.min() < 0 or array.max() > 255:
            raise ImageError(
                f"an array of {array.dtype} has values in {array.min()}..{array.max()}; allowed are 0..255, or 0..65535 as uint16"
            )
        values = unit(array, 255)
    elif array.dtype.kind in "bf":
        values = array.astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise ImageError("an array of floats has values that are not finite (NaN or infinity); replace them with values in 0..1")
        if not (values.min() >= 0 and values.max() <= 1):
            raise ImageError(
                f"an array of floats has values in {values.min():g}..{values.max():g}; allowed are 0..1, divide by its full scale"
            )
    else:
        raise ImageError(f"an array of {array.dtype} is not a picture; allowed are bool, integers, and floats in 0..1")
    colors = values.shape[2] - (values.shape[2] in (2, 4))
    alpha = values[..., -1] if values.shape[2] in (2, 4) else None
    rgb = np.repeat(values[..., :1], 3, axis=2) if colors == 1 else values[..., :3]
    return Decoded(rgb=rgb, alpha=_unless_opaque(alpha), notices=())


def turn_upright(pixels: Floats, orientation: int) -> Floats:
    """Rotate `pixels`, shape (H, W) or (H, W, C), upright by EXIF `orientation` 1..8; other numbers change nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _decode_tiff(image: TiffPicture, profile: Profile | None, notices: list[str]) -> Decoded:
    stored, place = image.samples(), image.alpha_channel()
    colors = len(image.getbands())
    if image.mode == "P":
        table = image.colors()
        rgb = _rgb_to_srgb(table[stored[..., 0].clip(max=len(table) - 1)], profile, notices)
        return Decoded(rgb=rgb, alpha=None, notices=tuple(notices))
    if image.mode == "LAB":
        upper = np.ascontiguousarray((stored[..., :3] >> 8).astype(np.uint8))
        lab = PIL.Image.frombytes("LAB", image.size, upper.tobytes(), "raw", "LAB")
        return Decoded(rgb=unit(np.asarray(lab_to_srgb(lab)), 255), alpha=None, notices=tuple(notices))
    used = [*range(colors)] if place is None else [*range(colors), place[0]]
    levels = unit_levels(stored[..., used], "gray" if colors == 1 else "color", notices)
    alpha = None if place is None else levels[..., colors]
    levels = 1 - levels[..., :colors] if image.is_negative else levels[..., :colors]
    if alpha is not None and place is not None and place[1]:
        levels = np.divide(levels, alpha[..., None], out=np.zeros_like(levels), where=alpha[..., None] > 0).clip(max=1)
    if image.mode == "CMYK":
        inks = PIL.Image.fromarray((levels * 255).round().astype(np.uint8), "CMYK")
        rgb = unit(np.asarray(_print_to_srgb(inks, profile, notices)), 255)
    elif image.mode == "L":
        rgb = _gray_to_srgb(levels[..., 0], profile, notices)
    else:
        rgb = _rgb_to_srgb(levels, profile, notices)
    return Decoded(rgb=rgb, alpha=_unless_opaque(alpha), notices=tuple(notices))


def _unless_opaque(alpha: Floats | None) -> Floats | None:
    return None if alpha is None or bool((alpha >= 1).all()) else alpha


def _is_negative(image: PIL.Image.Image) -> bool:
    """Whether a TIFF has to be inverted: if white is stored as zero, Pillow inverts pictures of 8 bits only."""
    return getattr(image, "tag_v2", {}).get(262) == 0 and image.mode.startswith(("I", "F"))


def _plain(image: PIL.Image.Image) -> tuple[PIL.Image.Image, Any]:
    """`image` in one of the modes that `decode` supports, and the transparent color, if any."""
    key = image.info.get("transparency")
    if image.mode == "P":
        has_alpha = key is not None or (image.palette is not None and image.palette.mode == "RGBA")
        return image.convert("RGBA" if has_alpha else "RGB"), None
    if image.mode in _PLAIN:
        plain = PIL.Image.Image.convert(image, _PLAIN[image.mode]) if image.mode != "PA" else _palette_with_alpha(image)
        return plain, key if image.mode == "1" else None
    return image, key


def _palette_with_alpha(image: PIL.Image.Image) -> PIL.Image.Image:
    colors = image.convert("RGBA")
    colors.putalpha(image.getchannel("A"))
    return colors


def _profile_of(image: PIL.Image.Image, notices: list[str]) -> Profile | None:
    data = image.info.get("icc_profile")
    if not isinstance(data, bytes) or not data or image.mode == "LAB":
        return None
    try:
        profile = Profile(data)
    except ValueError as cause:
        notices.append(CodedNotice(str(cause), "damaged-profile"))
        return None
    fits_mode = {"CMYK": image.mode == "CMYK", "RGB": image.mode != "CMYK", "GRAY": image.mode in ("1", "L", "LA", "La", "I", "F")}
    if not fits_mode.get(profile.space, False) and not (profile.space == "GRAY" and image.mode.startswith("I;16")):
        message = f"the embedded color profile is for {profile.space}, but the picture is {image.mode}; the profile is ignored"
        notices.append(CodedNotice(message, "other-profile", space=profile.space, mode=image.mode))
        return None
    return profile


def _sixteen_bits(image: PIL.Image.Image, reopened: PIL.Image.Image | None) -> NDArray[np.uint16] | None:
    """All 16 bits of an RGB or RGBA PNG, shape (H, W, 3 or 4); None if the file has fewer or the method does not apply.

    Pillow's unpackers for 16-bit color keep the upper byte. With the opposite byte order they keep the lower one, so decoding twice
    gives both.
    """
    tiles = getattr(image, "tile", None)
    if reopened is None or not tiles:
        return None
    raw_modes = {tile.args if isinstance(tile.args, str) else tile.args[0] for tile in tiles}
    if not raw_modes <= _DEEP_RAW_MODES:
        return None

    def swapped(args: Any) -> Any:
        return args.replace(";16B", ";16L") if isinstance(args, str) else (args[0].replace(";16B", ";16L"), *args[1:])

    reopened.tile = [tile._replace(args=swapped(tile.args)) for tile in reopened.tile]  # type: ignore[attr-defined]
    upper, lower = np.asarray(image), np.asarray(reopened)
    whole: NDArray[np.uint16] = upper.astype(np.uint16) * np.uint16(256) + lower
    return whole


def _gray_levels(image: PIL.Image.Image, notices: list[str]) -> Floats:
    """Gray values in 0..1, shape (H, W)."""
    if image.mode in ("L", "LA"):
        return unit(np.asarray(image.getchannel(0)), 255)
    if image.mode.startswith("I;16"):
        bits = getattr(image, "tag_v2", {}).get(258, (16,))
        return unit(np.asarray(image), 2 ** (bits[0] if bits[0] in (10, 12, 14) else 16) - 1)
    return unit_levels(np.asarray(image), "gray", notices)


def _gray_to_srgb(levels: Floats, profile: Profile | None, notices: list[str]) -> Floats:
    if profile is not None and not profile.is_srgb:
        try:
            curve = profile.gray_curve()
            grid = np.linspace(0, 1, 256)
            return np.stack([np.interp(levels, grid, curve[:, band]) for band in range(3)], axis=-1).astype(np.float32)
        except ValueError as cause:
            notices.append(CodedNotice(str(cause), "damaged-profile"))
    return np.repeat(levels[..., None], 3, axis=2)


def _rgb_to_srgb(stored: NDArray[Any], profile: Profile | None, notices: list[str]) -> Floats:
    """`stored`, shape (H, W, 3), is uint8, uint16, or floats in 0..1."""
    levels = unit(stored, int(np.iinfo(stored.dtype).max)) if stored.dtype.kind == "u" else stored.astype(np.float32)
    if profile is not None and not profile.is_srgb:
        scaled = levels * 255
        lower = np.floor(scaled)
        try:
            below = stored if stored.dtype == np.uint8 else lower.astype(np.uint8)
            converted = unit(np.asarray(profile.to_srgb(PIL.Image.fromarray(below))), 255)
            if stored.dtype != np.uint8:
                above = profile.to_srgb(PIL.Image.fromarray((lower + 1).clip(max=255).astype(np.uint8)))
                converted += (scaled - lower) * (unit(np.asarray(above), 255) - converted)
                notices.append(CodedNotice("the embedded color profile is applied in 8 bits; the picture has more", "profile-in-8-bits"))
            return converted
        except ValueError as cause:
            notices.append(CodedNotice(str(cause), "damaged-profile"))
    return levels


def _print_to_srgb(image: PIL.Image.Image, profile: Profile | None, notices: list[str]) -> PIL.Image.Image:
    if image.mode == "LAB":
        return lab_to_srgb(image)
    if profile is not None:
        try:
            return profile.to_srgb(image)
        except ValueError as cause:
            notices.append(CodedNotice(str(cause), "damaged-profile"))
    else:
        notices.append(CodedNotice("a CMYK picture without a color profile; its colors are approximate", "no-cmyk-profile"))
    return image.convert("RGB")


def _keyed(stored: NDArray[Any], key: Any) -> Floats | None:
    """Alpha of a picture (H, W, C) with one transparent color (PNG's tRNS)."""
    if isinstance(key, int):
        key = (key,) * stored.shape[2]
    if not isinstance(key, tuple) or len(key) != stored.shape[2]:
        return None
    if stored.dtype == np.uint8 and max(key) > 255:  # the key has 16 bits, the pixels only the upper 8
        key = tuple(value >> 8 for value in key)
    shown: Floats = (stored != np.asarray(key)).any(axis=2).astype(np.float32)
    return shown
