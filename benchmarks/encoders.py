"""Loss of quality due to the factored encoder: 20 held-out pairs painted by one recipe, with `compact` and with VGG-19.

    python benchmarks/encoders.py DATA FOLDER [--recipe standard] [--size 256]

DATA contains `content/` and `paintings/`. Pictures are stored in FOLDER; a second run paints only the missing ones. The results of both
encoders are evaluated with features of VGG-19.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from instant import RIM_PX, TERMS, losses, painted, pairs
from report import write_result

from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import open_encoder
from stylenet.image.files import Picture, load_image, save_image
from stylenet.image.resize import fit_within, resize
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.shapes import Image
from stylenet.styles.sources import StylePicture
from stylenet.styles.style import PictureStyle

ENCODERS = ("compact", "vgg19")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", default="standard")
    parser.add_argument("--size", type=int, default=256)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    stylizers = {name: open_stylizer(arguments.recipe, changes={"encoder.name": name}) for name in ENCODERS}
    vgg19 = open_encoder(load_recipe("gatys-2016").encoder, device=torch.device("cpu"), dtype=torch.float32)
    rows: list[dict[str, Any]] = []
    for pair in pairs(arguments.data):
        loaded = load_image(pair.photo)
        photo = Picture(pixels=resize(loaded.pixels, fit_within(loaded.width, loaded.height, arguments.size)))
        painting = StylePicture(name=pair.painting.stem, pixels=load_image(pair.painting).pixels)
        style = PictureStyle(name=painting.name, pixels=painting.pixels, encoder=vgg19.exact, rim_px=RIM_PX)
        row: dict[str, Any] = {"photo": pair.photo.stem, "painting": pair.painting.stem}
        of_photo = losses(photo.pixels, photo.pixels, style)
        for name, stylizer in stylizers.items():
            path = arguments.folder / f"{pair.photo.stem}_{pair.painting.stem}_{name}.png"
            of_result = losses(_load_or_paint(path, stylizer, photo, painting), photo.pixels, style)
            row[name] = {term: round(of_result[term] / (1 if term == "content" else of_photo[term]), 4) for term in TERMS}
        rows.append(row)
        print(row, flush=True)
    ratios = {term: round(sum(row["compact"][term] for row in rows) / sum(row["vgg19"][term] for row in rows), 3) for term in TERMS}
    means = {name: {term: round(sum(row[name][term] for row in rows) / len(rows), 4) for term in TERMS} for name in ENCODERS}
    write_result(
        f"encoders-{arguments.recipe}",
        {"longer side, px": arguments.size, "compact divided by vgg19": ratios, "means": means, "pairs": rows},
    )


def _load_or_paint(path: Path, stylizer: Stylizer, photo: Picture, painting: StylePicture) -> Image:
    """The picture at `path`, painted first if it does not exist."""
    if not path.exists():
        started = time.process_time()
        save_image(painted(stylizer, photo, painting).image, path)
        print(f"{path.name}: {time.process_time() - started:.0f} s of processor time", flush=True)
    return load_image(path).pixels


if __name__ == "__main__":
    main()
