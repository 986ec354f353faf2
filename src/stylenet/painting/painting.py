"""The functions `stylize` and `texture`, and their result."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, overload

import numpy as np
from numpy.typing import NDArray

from stylenet.catalog.recipe import Recipe
from stylenet.errors import UsageError, shortened
from stylenet.events import Done, Event
from stylenet.image.files import JPEG_QUALITY, ImageSource, Picture, load_image, save_image, to_pil
from stylenet.image.resize import fit_within, resize
from stylenet.painting.defaults import default_recipe
from stylenet.painting.regions import Region, check_regions
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options
from stylenet.shapes import Image, Mask
from stylenet.styles.sources import StyleSource

if TYPE_CHECKING:
    import PIL.Image

_NOTEBOOK_PX = 1024
"""Long side of the image in notebooks."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Painting:
    """A finished picture.

    Attributes:
        pixels: Array (1, 3, H, W), float32, RGB, 0..1.
        photo: The photo that it was painted from; provides alpha and metadata.
        done: The last event: reason, seconds, loss, receipt.
    """

    pixels: Image
    photo: Picture
    done: Done

    def __repr__(self) -> str:
        recipe = self.receipt.get("recipe", {}).get("name", "")
        styles = ", ".join(style["name"] for style in self.receipt.get("styles", ()))
        size = f"{self.pixels.shape[3]} x {self.pixels.shape[2]}"
        return f"<Painting {size}{f', {styles}' if styles else ''}{f', recipe {recipe}' if recipe else ''}, {self.done.seconds:.1f} s>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The picture for NumPy, (H, W, 3), so that a painting can be a style, an initial image or a mask.

        Args:
            dtype: Floating point: 0..1. uint8: 0..255. uint16: 0..65535.
            copy: As in `numpy.asarray`.

        Raises:
            UsageError: another dtype.
        """
        array = self.pixels[0].transpose(1, 2, 0)
        kind = array.dtype if dtype is None else np.dtype(dtype)
        if kind in (np.uint8, np.uint16):
            return (array * np.float32(np.iinfo(kind).max)).round().astype(kind)
        if kind.kind != "f":
            raise UsageError(f"a painting cannot be an array of {kind}; allowed are floating-point types (0..1), uint8 and uint16")
        return array.astype(kind, copy=bool(copy))

    def _repr_png_(self) -> bytes:
        """The picture for notebooks, at most 1024 px on the long side."""
        width, height = fit_within(self.pixels.shape[3], self.pixels.shape[2], _NOTEBOOK_PX)
        alpha = self._alpha
        small = to_pil(resize(self.pixels, (width, height)), None if alpha is None else resize(alpha, (width, height)))
        buffer = io.BytesIO()
        small.save(buffer, format="PNG")
        return buffer.getvalue()

    @property
    def image(self) -> PIL.Image.Image:
        """The picture for Pillow: RGB, or RGBA if the photo has an alpha channel."""
        return to_pil(self.pixels, self._alpha)

    @property
    def receipt(self) -> Mapping[str, Any]:
        """Everything needed to paint it again."""
        return self.done.receipt

    @overload
    def save(self, path: str | os.PathLike[str], *, quality: int | None = None) -> Path: ...

    @overload
    def save(self, path: BinaryIO, *, format: str | None = None, quality: int | None = None) -> None: ...

    def save(self, path: str | os.PathLike[str] | BinaryIO, *, format: str | None = None, quality: int | None = None) -> Path | None:
        """Write the picture with its receipt, atomically.

        Args:
            path: A file whose suffix selects the format (PNG, JPEG, WebP or TIFF), or a binary file object.
            format: For a file object, the suffix: "png" (the default), "jpg", "webp" or "tif".
            quality: Quality of JPEG and WebP, 1..100; default 95.

        Returns:
            The path; None for a file object.

        Raises:
            OutputError: the file cannot be written.
        """
        metadata, dpi = self.photo.metadata, self.receipt.get("dpi")
        if dpi is not None:
            metadata = replace(metadata, dpi=(float(dpi), float(dpi)))
        return save_image(
            self.pixels,
            path,
            alpha=self._alpha,
            metadata=metadata,
            receipt=self.receipt,
            quality=JPEG_QUALITY if quality is None else quality,
            format=format,
        )

    @property
    def _alpha(self) -> Mask | None:
        alpha = self.photo.alpha
        return None if alpha is None else resize(alpha, (self.pixels.shape[3], self.pixels.shape[2]))


def stylize(
    photo: ImageSource | Picture | Painting,
    style: StyleSource | Sequence[StyleSource],
    *,
    recipe: str | Path | Recipe | Stylizer | None = None,
    size: int | str | None = None,
    strength: float = 50.0,
    style_scale: float = 1.0,
    blend: Sequence[float] = (),
    seed: int = 0,
    regions: Sequence[Region] = (),
    feather: float = 0.0,
    protect: str | Sequence[str] | None = None,
    keep_colors: str | None = None,
    palette: str | Sequence[tuple[str, float]] | None = None,
    memory: int | str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Painting:
    """Paint a photo in the style of a painting.

    Args:
        photo: A file, its bytes, a binary file object, a PIL image, an array, a tensor or a `Painting`.
        style: The name of a style ("starry-night"), a painting, a style file, or a list of them.
        recipe: Name of a recipe, a `.toml` file, a recipe, or an open stylizer, which saves loading time. Default: "standard"
            with torch, "instant" without, "trained" if the style is a network file.
        size: Long side in pixels, "WIDTHxHEIGHT" or "full"; default: the size of the photo, up to the recipe's limit.
        strength: 0 (the photo) to 100 (the painting); 50 is the recipe.
        style_scale: Size of the strokes, 0.125..8.
        blend: Share of each style, or of each style in a network with several.
        seed: Random seed.
        regions: Regions with another style, or where the photo is kept; `style` applies to the rest.
        feather: Width of the soft edges of masks, in pixels.
        protect: "faces", "subject" or both in a list: keep these as in the photo.
        keep_colors: "luminance", "histogram" or "mean-covariance": use the colors of the photo; the suffix ":before" recolors the
            style image before painting instead of the result.
        palette: Colors of the result: the name of a style, a picture file, "#264653,#e9c46a", or ("#rrggbb", share) each.
        memory: Memory limit of the process, such as "2GB".
        on_event: Called with every event.

    Raises:
        StylenetError: see the tree in `stylenet.errors`.

    Examples:
        >>> import numpy, stylenet
        >>> photo = numpy.full((48, 64, 3), 128, dtype=numpy.uint8)
        >>> stylenet.stylize(photo, "starry-night", recipe="instant").image.size
        (64, 48)
    """
    options = Options(
        size=size,
        strength=strength,
        style_scale=style_scale,
        blend=blend,  # type: ignore[arg-type]  # converted and checked
        seed=seed,
        feather=feather,
        protect=protect,  # type: ignore[arg-type]
        keep_colors=keep_colors,
        palette=palette,  # type: ignore[arg-type]
        memory=memory,
    )
    check_regions(regions)
    _check_callable(on_event)
    if recipe is None:
        listed = style if isinstance(style, (list, tuple)) else [style]
        recipe = default_recipe([*listed, *(region.style for region in regions)])
    stylizer = recipe if isinstance(recipe, Stylizer) else open_stylizer(recipe)
    picture = _picture(photo)
    return _painting(stylizer.stylize(picture, style, options, regions=regions), picture, on_event)


def texture(
    style: StyleSource | Sequence[StyleSource],
    *,
    recipe: str | Path | Recipe | Stylizer | None = None,
    size: int | str = 512,
    style_scale: float = 1.0,
    blend: Sequence[float] = (),
    seed: int = 0,
    on_event: Callable[[Event], None] | None = None,
) -> Painting:
    """Paint a texture with the strokes and colors of a style, from noise. Arguments as in `stylize`; the style may be a texture network."""
    options = Options(size=size, style_scale=style_scale, blend=blend, seed=seed)  # type: ignore[arg-type]  # converted and checked
    _check_callable(on_event)
    if recipe is None:
        recipe = default_recipe(style if isinstance(style, (list, tuple)) else [style], texture=True)
    stylizer = recipe if isinstance(recipe, Stylizer) else open_stylizer(recipe)
    return _painting(stylizer.texture(style, options), None, on_event)


def _check_callable(on_event: object) -> None:
    if on_event is not None and not callable(on_event):
        raise UsageError(f"on_event is {shortened(repr(on_event), 60)}; give a function of one event")


def _picture(photo: ImageSource | Picture | Painting) -> Picture:
    if isinstance(photo, Painting):
        return replace(photo.photo, pixels=photo.pixels, alpha=photo._alpha)
    return load_image(photo)


def _painting(events: Iterator[Event], photo: Picture | None, on_event: Callable[[Event], None] | None) -> Painting:
    for event in events:
        if on_event is not None:
            on_event(event)
        if isinstance(event, Done):
            return Painting(pixels=event.image, photo=photo or Picture(pixels=event.image), done=event)
    raise AssertionError("a stylizer's last event is Done")
