"""Pictures and processor time of every recipe from the literature, with both encoders and all steps.

    python benchmarks/literature.py FOLDER PHOTO=PAINTING ... [--size 256] [--estimate vgg19] [--without RECIPE ...]

Uses one thread, so that processor time does not depend on other load. Pictures are stored in FOLDER; a second run paints only the missing
ones. This takes hours: most recipes have 500 to 2000 steps. `--estimate` paints nothing with an encoder, except for the first pair with a
twentieth and a hundredth of the steps, from which the time of all steps follows.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import product
from pathlib import Path
from typing import Any

from instant import painted
from report import write_result

from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_names
from stylenet.image.files import load_image, save_image
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.styles.sources import StylePicture

ENCODERS = ("compact", "vgg19")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("pairs", nargs="+", metavar="PHOTO=PAINTING")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--estimate", choices=ENCODERS)
    parser.add_argument("--without", nargs="*", default=(), metavar="RECIPE")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    recipes = sorted((name for name in recipe_names() if name not in (*EVERYDAY, *arguments.without)), key=_steps)
    rows: list[dict[str, Any]] = []
    painted_with = [encoder for encoder in ENCODERS if encoder != arguments.estimate]
    for encoder, pair, recipe in product(painted_with, arguments.pairs, recipes):
        photo, painting = _paths(pair)
        path = arguments.folder / f"{recipe}_{encoder}_{photo.stem}_{painting.stem}.png"
        if not path.exists():
            stylizer = open_stylizer(recipe, changes={"encoder.name": encoder}, threads=1)
            _paint(stylizer, photo, painting, path=path, size=arguments.size)
        rows.append({"recipe": recipe, "encoder": encoder, "photo": photo.stem, "painting": painting.stem})
        rows[-1] |= json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        print(rows[-1], flush=True)
    figures: dict[str, Any] = {"longer side, px": arguments.size, "threads": 1, "pictures": rows}
    if encoder := arguments.estimate:
        photo, painting = _paths(arguments.pairs[0])
        seconds = {recipe: _estimate(recipe, encoder, photo, painting, size=arguments.size) for recipe in recipes}
        figures |= {f"estimated processor seconds with {encoder}": seconds}
    write_result("literature", figures)


def _paths(pair: str) -> tuple[Path, Path]:
    photo, painting = (Path(part) for part in pair.split("="))
    return photo, painting


def _steps(recipe: str) -> int:
    return sum(load_recipe(recipe).pyramid.steps)


def _estimate(recipe: str, encoder: str, photo: Path, painting: Path, *, size: int) -> float:
    """Processor seconds of all steps, from those of few."""
    all_steps = load_recipe(recipe).pyramid.steps
    style = StylePicture(name=painting.stem, pixels=load_image(painting).pixels)
    measured = []
    for divisor in (100, 20):
        steps = [max(1 if divisor == 100 else 2, count // divisor) for count in all_steps]
        stylizer = open_stylizer(recipe, changes={"encoder.name": encoder, "pyramid.steps": str(steps)}, threads=1)
        started = time.process_time()
        painted(stylizer, load_image(photo), style, size=size)
        measured.append((sum(steps), time.process_time() - started))
    (few, short), (more, long) = measured
    seconds = round(short + (sum(all_steps) - few) * (long - short) / (more - few), 1)
    print(recipe, encoder, seconds, flush=True)
    return seconds


def _paint(stylizer: Stylizer, photo: Path, painting: Path, *, path: Path, size: int) -> None:
    style = StylePicture(name=painting.stem, pixels=load_image(painting).pixels)
    started = time.process_time()
    done = painted(stylizer, load_image(photo), style, size=size)
    seconds = round(time.process_time() - started, 1)
    path.with_suffix(".json").write_text(json.dumps({"processor_seconds": seconds, "steps": done.steps}), encoding="utf-8")
    save_image(done.image, path)


if __name__ == "__main__":
    main()
