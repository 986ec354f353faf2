"""Contact sheets: small paintings of one photo, each labeled with its options."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stylenet.catalog.recipe import Recipe
from stylenet.events import Done, Notice
from stylenet.image.files import ImageSource, Picture, load_image, save_image
from stylenet.image.output import check_output
from stylenet.image.recolor import keep_colors
from stylenet.image.sheet import contact_sheet
from stylenet.painting.defaults import default_recipe
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options
from stylenet.requests.several import PLAIN_COLORS, SheetRequest
from stylenet.shapes import Image
from stylenet.styles.sources import StyleSource
from stylenet.workflows.outputs import keep_apart, reserve_output


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One painting of a sheet.

    Attributes:
        label: The options as on the command line.
        image: (1, 3, H, W), 0..1.
    """

    label: str
    image: Image


def paint_sheet(request: SheetRequest) -> Iterator[Notice | Cell | Path]:
    """Paint a sheet and write it; yields the notices of the photo, each cell, and finally the path of the sheet.

    Raises:
        StylenetError: see the tree in `errors`.
    """
    with reserve_output(
        None if request.output is None else Path(request.output), f"{Path(request.photo).stem}-{Path(request.style).stem}-sheet"
    ) as output:
        check_output(output)
        recipe_file = Path(request.recipe) if request.recipe is not None and request.recipe.endswith(".toml") else None
        keep_apart([("--output", output)], [Path(request.photo), request.style, recipe_file])
        stylizer = sheet_stylizer(request.recipe, request.style)
        picture, painted = load_image(request.photo), []
        yield from (Notice(message=message) for message in picture.notices)
        for cell in sheet_cells(picture, request.style, request, stylizer=stylizer):
            painted.append(cell)
            yield cell
        save_image(sheet_of(painted, request), output)
        yield output


def sheet_stylizer(recipe: str | Path | Recipe | None, style: StyleSource) -> Stylizer:
    """Open the stylizer for a sheet; default recipe: "draft", or "trained" if the style is a network."""
    default = default_recipe([style])
    return open_stylizer(recipe or ("draft" if default == "standard" else default))


def sheet_of(cells: Sequence[Cell], request: SheetRequest) -> Image:
    """A grid of the cells with a row for each strength; each cell is labeled with its options."""
    columns = len(request.style_scales) * len(request.colors)
    return contact_sheet([(cell.label, cell.image) for cell in cells], columns=columns, cell_px=request.size)


def sheet_cells(photo: ImageSource | Picture, style: StyleSource, request: SheetRequest, *, stylizer: Stylizer) -> Iterator[Cell]:
    """Paint each combination of strength, style scale and color mode; the color mode varies fastest.

    The style is measured as for a full-size painting, but small cells show the strokes of a large picture only roughly.

    Args:
        photo: The photo, used instead of that of the request.
        style: The style, used instead of that of the request.
        request: The values to combine, and the size.
        stylizer: Paints the cells.

    Raises:
        StylenetError: see the tree in `errors`.
    """
    picture = load_image(photo)
    opened = stylizer.open_style(style)
    for strength, style_scale in itertools.product(request.strengths, request.style_scales):
        options = Options(size=request.size, strength=strength, style_scale=style_scale)
        done = next(event for event in stylizer.stylize(picture, opened, options) if isinstance(event, Done))
        for mode in request.colors:
            # Colors are changed after painting, so each strength and style scale is painted only once.
            image = done.image if mode == PLAIN_COLORS else keep_colors(done.image, picture.pixels, mode)
            label = f"--strength {strength:g} --style-scale {style_scale:g}"
            yield Cell(label=label if mode == PLAIN_COLORS else f"{label} --keep-colors {mode}", image=image)
