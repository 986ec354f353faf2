"""Distances from the photo and the painting at strengths from 0 to 100.

    python benchmarks/strength.py PHOTO=PAINTING [PHOTO=PAINTING ...] -o SHEET.png [--size 256] [--recipe draft]

Distances are measured with VGG-19: content is the root of the squared difference at relu4_1 relative to the photo's spread, style is the
relative Wasserstein-2 distance of `stylenet compare`, and color is the mean distance in CIELAB. The sheet has a row for each pair.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from report import write_result
from skimage.color import rgb2lab

from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
from stylenet.engines.pictures import measured_style
from stylenet.evaluation.measures import measure
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.resize import fit_within, resize
from stylenet.image.sheet import contact_sheet
from stylenet.painting.painting import stylize
from stylenet.painting.stylizer import open_stylizer
from stylenet.shapes import Image

STRENGTHS = tuple(range(0, 101, 10))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", nargs="+", metavar="PHOTO=PAINTING")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--recipe", default="draft")
    arguments = parser.parse_args()
    stylizer = open_stylizer(arguments.recipe)
    judge = open_encoder(EncoderSection(name="vgg19"), device=torch.device("cpu"), dtype=torch.float32)
    rows: dict[str, dict[str, float]] = {}
    cells = []
    for pair in arguments.pairs:
        photo_path, painting = pair.split("=")
        whole = load_image(photo_path)
        photo = Picture(pixels=resize(whole.pixels, fit_within(whole.width, whole.height, arguments.size)))
        style = measured_style(painting, stylizer.recipe, judge).value
        for strength in STRENGTHS:
            painted = stylize(photo, painting, recipe=stylizer, strength=strength)
            measures = measure(Picture(pixels=painted.pixels), judge.exact, photo=photo, styles=[style])
            row = {
                "content": (measures.content or 0.0) ** 0.5,
                "style": measures.style or 0.0,
                "color": color_distance(painted.pixels, photo.pixels),
            }
            rows[f"{Path(photo_path).stem} as {Path(painting).stem}, {strength}"] = {name: round(value, 3) for name, value in row.items()}
            cells.append((f"{Path(painting).stem} {strength}", painted.pixels))
            print(pair, strength, row, flush=True)
    save_image(contact_sheet(cells, columns=len(STRENGTHS)), arguments.output)
    write_result("strength", {"size": arguments.size, "recipe": arguments.recipe, "rows": rows})


def color_distance(given: Image, photo: Image) -> float:
    """Mean distance in CIELAB (CIE76) of pictures (1, 3, H, W)."""
    one, other = (rgb2lab(pixels[0].transpose(1, 2, 0)) for pixels in (given, photo))
    return float(np.linalg.norm(one - other, axis=-1).mean())


if __name__ == "__main__":
    main()
