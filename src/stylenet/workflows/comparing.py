"""Measuring finished pictures, with an optional sheet or heat map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from stylenet.evaluation.explaining import explain, overlay
from stylenet.evaluation.measures import Measures, measure
from stylenet.evaluation.opening import open_measuring
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.sheet import contact_sheet
from stylenet.notices import prefixed

DEFAULT_ENCODER = "vgg19"


def compare_files(
    results: Sequence[Path],
    *,
    photo: Path | None = None,
    styles: Sequence[str] = (),
    encoder: str | None = None,
    sheet: Path | None = None,
    notify: Callable[[str], object] = lambda notice: None,
) -> list[Measures]:
    """Measure finished pictures.

    Args:
        results: The pictures.
        photo: The photo from which they were painted.
        styles: The styles in which they were painted.
        encoder: Name of weights or a weights file; default: VGG-19.
        sheet: Output file for a sheet of the pictures, labeled with their measures.
        notify: Called with each notice about a picture.

    Raises:
        StylenetError: a picture or a style cannot be opened, or the sheet cannot be written.
    """
    pictures = [_loaded(path, notify) for path in results]
    source = None if photo is None else _loaded(photo, notify)
    network, opened = open_measuring(encoder or DEFAULT_ENCODER, styles)
    rows = [measure(picture, network, photo=source, styles=opened) for picture in pictures]
    if sheet is not None:
        cells = [(f"{path.name} {_caption(row)}", picture.pixels) for path, row, picture in zip(results, rows, pictures, strict=True)]
        save_image(contact_sheet(cells), sheet)
    return rows


def explain_file(
    result: Path,
    photo: Path,
    styles: Sequence[str],
    output: Path,
    *,
    encoder: str | None = None,
    notify: Callable[[str], object] = lambda notice: None,
) -> list[str]:
    """Write heat maps that show where a picture departs from its photo and its style; returns a summary, one line each.

    Args:
        result: The picture.
        photo: The photo from which it was painted.
        styles: The styles in which it was painted.
        output: Output file.
        encoder: Name of weights or a weights file; default: VGG-19.
        notify: Called with each notice about a picture.

    Raises:
        StylenetError: a picture or a style cannot be opened, or the output cannot be written.
    """
    picture, source = _loaded(result, notify), _loaded(photo, notify)
    network, opened = open_measuring(encoder or DEFAULT_ENCODER, styles)
    found = explain(picture, source, opened, network)
    cells, facts = [(result.name, picture.pixels)], []
    for name, heat in (("content lost", found.content), ("style missing", found.style)):
        most = max(float(np.quantile(heat, 0.98)), 1e-6)
        # A window never matches a whole painting exactly, so a scale that starts at 0 would show a single color.
        least = float(np.quantile(heat, 0.02)) if heat is found.style else 0.0
        cells.append((f"{name}: dark {least:.2g}, bright {most:.2g}", overlay(picture.pixels, heat, most=most, least=least)))
        facts.append(f"{name}: {float(heat.mean()):.3g} on average, {most:.3g} at the maximum")
    save_image(contact_sheet(cells, columns=3, cell_px=min(640, max(picture.width, picture.height))), output)
    return facts


def _loaded(path: Path, notify: Callable[[str], object]) -> Picture:
    picture = load_image(path)
    for notice in prefixed(str(path), picture.notices):
        notify(notice)
    return picture


def _caption(row: Measures) -> str:
    """A short caption: distances from the style and the photo."""
    values = (("style", row.style), ("content", row.content), ("ssim", row.ssim))
    return ", ".join(f"{name} {value:.3g}" for name, value in values if value is not None)
