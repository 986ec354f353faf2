"""`stylenet compare` and `stylenet explain`: finished pictures, measured."""

from __future__ import annotations

import dataclasses
import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from stylenet.cli import options
from stylenet.errors import UsageError
from stylenet.extras import require
from stylenet.image.output import check_output
from stylenet.workflows.outputs import keep_apart, place

if TYPE_CHECKING:
    from stylenet.evaluation.measures import Measures

Photo = Annotated[Path | None, typer.Option("--photo", metavar="PHOTO", help="The photo they were made from.")]
StyleOption = Annotated[list[str] | None, typer.Option("--style", metavar="STYLE", help="The style to compare with. May be repeated.")]
Sheet = Annotated[Path | None, typer.Option("--sheet", metavar="FILE", help="Also write a sheet of the pictures with their measures.")]
_DEFAULT_ENCODER = "vgg19"


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(compare)
    app.command()(explain)


def compare(
    results: Annotated[list[Path], typer.Argument(metavar="RESULT", help="Finished pictures.", show_default=False)],
    *,
    photo: Photo = None,
    style: StyleOption = None,
    encoder: options.Encoder = None,
    sheet: Sheet = None,
    json: options.JsonList = False,
) -> None:
    """Measure finished pictures: how near to style and photo, how noisy, with checkerboards or seams. The best of a column has a star."""
    if sheet is not None:
        check_output(sheet)
        keep_apart([("--sheet", sheet)], [*results, photo, *(style or ()), options.weights_file(encoder)])

    for module in ("torch", "skimage", "scipy"):
        require(module, "comparing pictures")
    from stylenet.evaluation.looking import open_measuring
    from stylenet.evaluation.measures import BETTER_LOWER, measure
    from stylenet.image.files import load_image, save_image
    from stylenet.image.sheet import contact_sheet

    pictures = [load_image(path) for path in results]
    source = None if photo is None else load_image(photo)
    looks, styles = open_measuring(encoder or _DEFAULT_ENCODER, style or ())
    rows = [measure(picture, looks, photo=source, styles=styles) for picture in pictures]
    if sheet is not None:
        cells = [(f"{path.name} {_caption(row)}", picture.pixels) for path, row, picture in zip(results, rows, pictures, strict=True)]
        save_image(contact_sheet(cells), sheet)
    if json:
        told = [{"result": str(path), **dataclasses.asdict(row)} for path, row in zip(results, rows, strict=True)]
        print(json_format.dumps(told))
        return
    _print(results, rows, BETTER_LOWER)


def _caption(row: Measures) -> str:
    """What fits under a picture: nearness to painting and photo."""
    told = (("style", row.style), ("content", row.content), ("ssim", row.ssim))
    return ", ".join(f"{name} {value:.3g}" for name, value in told if value is not None)


def _print(results: list[Path], rows: list[Measures], lower: set[str]) -> None:
    from stylenet.cli.tables import print_table

    names = [field.name for field in dataclasses.fields(rows[0]) if getattr(rows[0], field.name) is not None]
    best = {name: (min if name in lower else max)(getattr(row, name) for row in rows) for name in names}
    table = [["result", *(f"{name} ({'less' if name in lower else 'more'})" for name in names)]]
    for path, row in zip(results, rows, strict=True):
        values = [(getattr(row, name), best[name]) for name in names]
        table.append([str(path), *(f"{value:.4g}{'*' if len(rows) > 1 and value == top else ''}" for value, top in values)])
    print_table(table)


def explain(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A finished picture.", show_default=False)],
    *,
    photo: Annotated[Path, typer.Option("--photo", metavar="PHOTO", help="What it was painted from.")],
    style: Annotated[list[str], typer.Option("--style", metavar="STYLE", help="The style to compare with. May be repeated.")],
    output: options.Output = None,
    encoder: options.Encoder = None,
    quiet: options.Quiet = False,
) -> None:
    """Show where in a picture the photo was given up, and where the style is still missing, as colors over it."""
    if not style:
        raise UsageError("explain needs a style; give --style STYLE")
    with place(output, f"{result.stem}-explained") as output:
        check_output(output)
        keep_apart([("--output", output)], [result, photo, *style, options.weights_file(encoder)])
        facts = _explained(result, photo, style, encoder=encoder or _DEFAULT_ENCODER, output=output)
        if not quiet:
            for fact in facts:
                print(fact)
            print(output)


def _explained(result: Path, photo: Path, style: list[str], *, encoder: str, output: Path) -> list[str]:
    """Write the explanation, and return it in words."""
    require("torch", "explaining a picture")
    from stylenet.evaluation.explaining import explain as explanation
    from stylenet.evaluation.explaining import overlay
    from stylenet.evaluation.looking import open_measuring
    from stylenet.image.files import load_image, save_image
    from stylenet.image.sheet import contact_sheet

    picture, source = load_image(result), load_image(photo)
    looks, styles = open_measuring(encoder, style)
    told = explanation(picture, source, styles, looks)
    cells = [(result.name, picture.pixels)]
    facts = []
    for name, heat in (("content given up", told.content), ("style missing", told.style)):
        most = max(float(np.quantile(heat, 0.98)), 1e-6)
        # Windows are never at 0 from a whole painting: from there on, a map of the style would be one color.
        least = float(np.quantile(heat, 0.02)) if heat is told.style else 0.0
        cells.append((f"{name}: dark {least:.2g}, bright {most:.2g}", overlay(picture.pixels, heat, most=most, least=least)))
        facts.append(f"{name}: {float(heat.mean()):.3g} on average, {most:.3g} in the brightest places")
    save_image(contact_sheet(cells, columns=3, cell_px=min(640, max(picture.width, picture.height))), output)
    return facts
