"""`stylenet compare` and `stylenet explain`: measures of finished pictures."""

from __future__ import annotations

import dataclasses
import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylenet.cli import options
from stylenet.cli.printers import print_note
from stylenet.errors import UsageError
from stylenet.extras import require
from stylenet.image.output import check_output
from stylenet.workflows.outputs import keep_apart, reserve_output

if TYPE_CHECKING:
    from stylenet.evaluation.measures import Measures

Photo = Annotated[Path | None, typer.Option("--photo", metavar="PHOTO", help="The photo from which they were painted.")]
StyleOption = Annotated[list[str] | None, typer.Option("--style", metavar="STYLE", help="The style to compare with. May be repeated.")]
Sheet = Annotated[
    Path | None, typer.Option("--sheet", metavar="FILE", help="Also write a sheet of the pictures, labeled with their measures.")
]


def compare(
    results: Annotated[list[Path], typer.Argument(metavar="RESULT", help="Finished pictures.", show_default=False)],
    *,
    photo: Photo = None,
    style: StyleOption = None,
    encoder: options.Encoder = None,
    sheet: Sheet = None,
    json: options.JsonList = False,
) -> None:
    """Measure finished pictures: distance from the style and the photo, noise, checkerboards, seams. A star marks the best value."""
    if sheet is not None:
        check_output(sheet)
        keep_apart([("--sheet", sheet)], [*results, photo, *(style or ()), options.weights_file(encoder)])

    for module in ("torch", "skimage", "scipy"):
        require(module, "comparing pictures")
    from stylenet.evaluation.measures import BETTER_LOWER
    from stylenet.workflows.comparing import compare_files

    rows = compare_files(results, photo=photo, styles=style or (), encoder=encoder, sheet=sheet, notify=print_note)
    if json:
        records = [{"result": str(path), **dataclasses.asdict(row)} for path, row in zip(results, rows, strict=True)]
        print(json_format.dumps(records))
        return
    _print(results, rows, BETTER_LOWER)


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
    photo: Annotated[Path, typer.Option("--photo", metavar="PHOTO", help="The photo from which it was painted.")],
    style: Annotated[list[str], typer.Option("--style", metavar="STYLE", help="The style to compare with. May be repeated.")],
    output: options.Output = None,
    encoder: options.Encoder = None,
    quiet: options.Quiet = False,
) -> None:
    """Write heat maps that show where a picture departs from its photo, and where it does not match its style."""
    if not style:
        raise UsageError("explain needs a style; give --style STYLE")
    with reserve_output(output, f"{result.stem}-explained") as output:
        check_output(output)
        keep_apart([("--output", output)], [result, photo, *style, options.weights_file(encoder)])
        require("torch", "explaining a picture")
        from stylenet.workflows.comparing import explain_file

        notices: list[str] = []
        facts = explain_file(result, photo, style, output, encoder=encoder, notify=notices.append)
        if not quiet:
            for notice in notices:
                print(f"note: {notice}")
            for fact in facts:
                print(fact)
            print(output)
