"""Functions for the commands `mask`, `recolor`, `sheet` and `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylenet.errors import UsageError
from stylenet.extras import require
from stylenet.image import recolor as recoloring
from stylenet.image import subject
from stylenet.image.files import ImageSource, Picture, load_image
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.base import default_of
from stylenet.requests.painting import Options
from stylenet.requests.several import SheetRequest
from stylenet.shapes import Mask
from stylenet.styles.sources import StyleSource, open_palette
from stylenet.workflows.sheet import sheet_cells, sheet_of, sheet_stylizer

if TYPE_CHECKING:
    from stylenet.catalog.recipe import Recipe
    from stylenet.evaluation.measures import Measures


def find_faces(photo: ImageSource | Picture) -> Mask:
    """A mask (1, 1, H, W), 0..1, of people's heads; a soft ellipse around each frontal face.

    Args:
        photo: Anything that `load_image` accepts or returns.

    Raises:
        ImageError: no face is found.
        UsageError: OpenCV is missing.

    Examples:
        >>> import stylenet
        >>> faces = stylenet.find_faces("portrait.jpg")  # doctest: +SKIP
        >>> region = stylenet.Region(mask=faces, style=None)  # doctest: +SKIP
    """
    return subject.find_faces(load_image(photo).pixels)


def find_subject(photo: ImageSource | Picture, *, rectangle: tuple[int, int, int, int] | None = None) -> Mask:
    """A mask (1, 1, H, W), 0..1, of the main subject of a photo, separated from its surroundings by color.

    Args:
        photo: Anything that `load_image` accepts or returns.
        rectangle: Left, top, width and height in pixels of a rectangle that closely surrounds the subject.

    Raises:
        ImageError: no subject is found.
        UsageError: OpenCV is missing, or the rectangle is outside the picture.
    """
    return subject.find_subject(load_image(photo).pixels, rectangle)


def recolor(
    painting: ImageSource | Picture,
    *,
    photo: ImageSource | Picture | None = None,
    keep_colors: str | None = None,
    palette: str | Sequence[tuple[str, float]] | None = None,
) -> Picture:
    """A finished painting with the colors of its photo or of a palette, without painting it again.

    Args:
        painting: A file, a picture, an array or a `Painting`.
        photo: The photo whose colors to use.
        keep_colors: With `photo`: "luminance" (the default), "histogram" or "mean-covariance".
        palette: Instead of a photo: the name of a style, a picture file, "#264653,#e9c46a", or ("#rrggbb", share) each.

    Raises:
        UsageError: not exactly one of photo and palette is given, or an option has a wrong value.
        ImageError: a picture cannot be read.
    """
    if (photo is None) == (palette is None):
        raise UsageError("recolor takes either photo or palette")
    if keep_colors is not None and photo is None:
        raise UsageError("keep_colors requires photo")
    picture = load_image(painting)
    if photo is not None:
        mode = recoloring.KEEP_COLORS[0] if keep_colors is None else keep_colors
        return replace(picture, pixels=recoloring.keep_colors(picture.pixels, load_image(photo).pixels, mode))
    options = Options(palette=palette)  # type: ignore[arg-type]  # converted and checked
    colors = open_palette(options.palette) if isinstance(options.palette, str) else options.palette
    return replace(picture, pixels=recoloring.with_palette(picture.pixels, colors or ()))


def sheet(
    photo: ImageSource | Picture,
    style: StyleSource,
    *,
    recipe: str | Path | Recipe | Stylizer | None = None,
    strengths: Sequence[float] = default_of(SheetRequest, "strengths"),
    style_scales: Sequence[float] = default_of(SheetRequest, "style_scales"),
    colors: Sequence[str] = default_of(SheetRequest, "colors"),
    size: int = default_of(SheetRequest, "size"),
) -> Picture:
    """A contact sheet: small paintings of a photo, each labeled with its options.

    Args:
        photo: A file, a picture or an array.
        style: The name of a style ("starry-night"), a painting, a style file or a folder of paintings; one, not a list.
        recipe: As in `stylize`; default: "draft", or "trained" for a network file.
        strengths: Strengths to show.
        style_scales: Sizes of strokes to show.
        colors: "painting", "luminance", "histogram" or "mean-covariance".
        size: Long side of each painting, 64..1024.

    Raises:
        StylenetError: see the tree in `stylenet.errors`.
    """
    request = SheetRequest(
        photo="",
        style="",
        strengths=strengths,  # type: ignore[arg-type]  # converted and checked
        style_scales=style_scales,  # type: ignore[arg-type]
        colors=colors,  # type: ignore[arg-type]
        size=size,
    )
    picture = load_image(photo)
    stylizer = recipe if isinstance(recipe, Stylizer) else sheet_stylizer(recipe, style)
    return Picture(pixels=sheet_of(list(sheet_cells(picture, style, request, stylizer=stylizer)), request))


def compare(
    results: ImageSource | Picture | Sequence[ImageSource | Picture],
    *,
    photo: ImageSource | Picture | None = None,
    style: StyleSource | Sequence[StyleSource] = (),
    encoder: str = "vgg19",
    device: str = "auto",
) -> list[Measures]:
    """Measures of finished pictures, in their order: distances from style and photo, noise, checkerboards and seams.

    Args:
        results: One or several pictures: files, arrays, `Painting`s.
        photo: The photo from which they were painted.
        style: The style to compare with, as in `stylize`.
        encoder: Computes the features: "vgg19", "vgg16", "compact" or a weights file.
        device: "auto", "cpu", "cuda" or "mps".

    Raises:
        StylenetError: see the tree in `stylenet.errors`.
    """
    require("torch", "comparing pictures")
    from stylenet.evaluation.measures import measure
    from stylenet.evaluation.opening import open_measuring

    several: Sequence[Any] = results if isinstance(results, (list, tuple)) else [results]
    pictures = [load_image(one) for one in several]
    if not pictures:
        raise UsageError("there is nothing to compare; give at least one picture")
    source = None if photo is None else load_image(photo)
    network, styles = open_measuring(encoder, style if isinstance(style, (list, tuple)) else [style], device=device)
    return [measure(picture, network, photo=source, styles=styles) for picture in pictures]
