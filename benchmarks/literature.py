"""Pictures and processor time of every recipe from the literature, with both encoders and all steps.

    python benchmarks/literature.py FOLDER PHOTO=PAINTING ... [--size 256]

Uses one thread, so that processor time does not depend on other load. Pictures are stored in FOLDER; a second run paints only the missing
ones. This takes hours: most recipes have 500 to 2000 steps.
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
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    recipes = sorted((name for name in recipe_names() if name not in EVERYDAY), key=_steps)
    rows: list[dict[str, Any]] = []
    for encoder, pair, recipe in product(ENCODERS, arguments.pairs, recipes):
        photo, painting = (Path(part) for part in pair.split("="))
        path = arguments.folder / f"{recipe}_{encoder}_{photo.stem}_{painting.stem}.png"
        if not path.exists():
            stylizer = open_stylizer(recipe, changes={"encoder.name": encoder}, threads=1)
            _paint(stylizer, photo, painting, path=path, size=arguments.size)
        rows.append({"recipe": recipe, "encoder": encoder, "photo": photo.stem, "painting": painting.stem})
        rows[-1] |= json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        print(rows[-1], flush=True)
    write_result("literature", {"longer side, px": arguments.size, "threads": 1, "pictures": rows})


def _steps(recipe: str) -> int:
    return sum(load_recipe(recipe).pyramid.steps)


def _paint(stylizer: Stylizer, photo: Path, painting: Path, *, path: Path, size: int) -> None:
    style = StylePicture(name=painting.stem, pixels=load_image(painting).pixels)
    started = time.process_time()
    done = painted(stylizer, load_image(photo), style, size=size)
    seconds = round(time.process_time() - started, 1)
    path.with_suffix(".json").write_text(json.dumps({"processor_seconds": seconds, "steps": done.steps}), encoding="utf-8")
    save_image(done.image, path)


if __name__ == "__main__":
    main()
