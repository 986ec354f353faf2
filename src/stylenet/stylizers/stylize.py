"""The functions that most people need: a picture in, a painting out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from stylenet.catalog.networks import usual_recipe
from stylenet.catalog.recipe import Recipe
from stylenet.events import Done, Event
from stylenet.image.files import ImageSource, Picture, load_image, save_image, to_pil
from stylenet.image.resize import resize
from stylenet.stylizers.plan import Options
from stylenet.stylizers.regions import Region
from stylenet.stylizers.sources import StyleSource
from stylenet.stylizers.stylizer import Stylizer, open_stylizer

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["Painting", "open_stylizer", "stylize", "texture"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Painting:
    """A finished picture.

    Attributes:
        pixels: Shape (1, 3, H, W), RGB, 0..1.
        photo: What it was painted from: gives the alpha and the metadata.
        done: The last event: reason, seconds, loss, receipt.
    """

    pixels: Tensor
    photo: Picture
    done: Done

    @property
    def image(self) -> PIL.Image.Image:
        """The picture for Pillow: RGB, or RGBA where the photo had an alpha channel."""
        return to_pil(self.pixels, self._alpha)

    @property
    def receipt(self) -> Mapping[str, Any]:
        """Everything needed to paint it again."""
        return self.done.receipt

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it whole or not at all, with its receipt; PNG, JPEG, WebP or TIFF by the suffix. Returns the path.

        Raises:
            OutputError: it cannot be written.
        """
        metadata, dpi = self.photo.metadata, self.receipt.get("dpi")
        if dpi is not None:
            metadata = replace(metadata, dpi=(float(dpi), float(dpi)))
        return save_image(self.pixels, path, alpha=self._alpha, metadata=metadata, receipt=self.receipt)

    @property
    def _alpha(self) -> Tensor | None:
        alpha = self.photo.alpha
        return None if alpha is None else resize(alpha, (self.pixels.shape[3], self.pixels.shape[2]))


def stylize(
    photo: ImageSource | Picture,
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
    palette: Sequence[tuple[str, float]] = (),
    memory: int | str | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Painting:
    """A photo painted in the manner of a painting.

    Args:
        photo: A file, a PIL picture or an array.
        style: The name of a style ("starry-night"), a painting, a style file, or a list of them.
        recipe: Name of a recipe, a `.toml` file, a recipe, or an open stylizer, which saves the time to open it. By default "standard", or
            "trained" where the style is a network's file.
        size: Long side in pixels, "WIDTHxHEIGHT" or "full"; by default the photo's size up to the recipe's limit.
        strength: 0 (the photo) to 100 (the painting); 50 is the recipe.
        style_scale: Size of the strokes, 0.125..8.
        blend: Share of each style, or of each style of a network that knows several.
        seed: Of all random numbers.
        regions: Where another style holds, or the photo is kept; `style` is for the rest.
        feather: Pixels over which their masks fade.
        protect: "faces", "subject" or both in a list: kept as the photo has them.
        keep_colors: "luminance", "histogram" or "mean-covariance": the photo's colors; with ":before" at its end, for the painting.
        palette: Colors for the result, ("#rrggbb", share) each.
        memory: That the process may take, like "2GB".
        on_event: Called with every event.

    Raises:
        StylenetError: see the tree in `stylenet.errors`.
    """
    if recipe is None:
        everywhere = style if isinstance(style, (list, tuple)) else [style]
        recipe = usual_recipe([*everywhere, *(region.style for region in regions)])
    stylizer = recipe if isinstance(recipe, Stylizer) else open_stylizer(recipe)
    picture = photo if isinstance(photo, Picture) else load_image(photo)
    options = Options(
        size=size,
        strength=strength,
        style_scale=style_scale,
        blend=tuple(blend),
        seed=seed,
        feather=feather,
        protect=protect,
        keep_colors=keep_colors,
        palette=tuple(palette),
        memory=memory,
    )
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
    """A texture of a painting's strokes and colors, from noise; arguments as in `stylize`, the style may be a network of textures."""
    if recipe is None:
        recipe = usual_recipe(style if isinstance(style, (list, tuple)) else [style])
    stylizer = recipe if isinstance(recipe, Stylizer) else open_stylizer(recipe)
    options = Options(size=size, style_scale=style_scale, blend=tuple(blend), seed=seed)
    events = stylizer.texture(style, options)
    return _painting(events, None, on_event)


def _painting(events: Iterator[Event], photo: Picture | None, on_event: Callable[[Event], None] | None) -> Painting:
    for event in events:
        if on_event is not None:
            on_event(event)
        if isinstance(event, Done):
            pixels = event.image.cpu()
            return Painting(pixels=pixels, photo=photo or Picture(pixels=pixels), done=event)
    raise AssertionError("a stylizer's last event is Done")
