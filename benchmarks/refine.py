"""Time saved by starting the optimization from the network's picture, at the quality of `standard`.

    python benchmarks/refine.py --content DIR --paintings DIR

All variants paint the same pairs; their results are compared by the loss of `standard` at full size, in float32.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from report import spread, write_result

from stylenet.catalog.recipes import load_recipe
from stylenet.engines.optimizing import OptimizationEngine
from stylenet.engines.pictures import measured_style
from stylenet.engines.style_targets import StyleTargets
from stylenet.events import Done
from stylenet.image.files import Picture, load_image
from stylenet.image.resize import fit_within, resize
from stylenet.optimization.objective import Objective, StyleTarget
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options
from stylenet.shapes import Image

SIZE_PX = 448
PAIRS = (("kodim04", "starry_night"), ("kodim08", "great_wave"), ("kodim11", "munch_the_scream"), ("kodim22", "leger_contrast_of_forms"))
START = {"picture.start": "network"}
HALF = {**START, "pyramid.coarsest_px": "224", "pyramid.content_weights": "[1.25, 1.0]"}
# Adam at the scale of pixels alone, with the best values found for it.
ONE_SCALE = {
    "solver.scales": "0",
    "solver.learning_rate": "0.05",
    "solver.final_rate": "0.2",
    "solver.beta1": "0.8",
    "solver.beta2": "0.95",
    "solver.average": "0.8",
}
VARIANTS: dict[str, dict[str, str]] = {
    "standard (28, 20, 11 from the photo)": {},
    "standard, 17, 12, 7": {"pyramid.steps": "[17, 12, 7]"},
    "standard, 10, 7, 4": {"pyramid.steps": "[10, 7, 4]"},
    "one scale, 40, 30, 16": {**ONE_SCALE, "pyramid.steps": "[40, 30, 16]"},
    "one scale, 28, 20, 11": ONE_SCALE,
    "network, 28, 20, 11": START,
    "network, 17, 12, 7": {**START, "pyramid.steps": "[17, 12, 7]"},
    "network, from 224 px: 15, 10, as refined": {**HALF, "pyramid.steps": "[15, 10]", "solver.learning_rate": "0.025"},
    "network, from 224 px: 9, 6": {**HALF, "pyramid.steps": "[9, 6]", "solver.learning_rate": "0.025"},
    "network, one level of 10": {**START, "pyramid.coarsest_px": "0", "pyramid.steps": "[10]", "pyramid.content_weights": "[1.0]"},
    "network, one step": {**START, "pyramid.coarsest_px": "0", "pyramid.steps": "[1]", "pyramid.content_weights": "[1.0]"},
}


def loss_of(judge: OptimizationEngine, image: Image, photo: Picture, style: Any) -> float:
    """The recipe's loss of a finished picture."""
    targets = StyleTargets(
        judge.recipe,
        [[(measured_style(style, judge.recipe, judge.encoder).value, 1.0)]],
        photo_size=(photo.width, photo.height),
        style_scale=1.0,
        device=judge.device,
    )
    style_targets: list[StyleTarget] = list(targets(photo.width, photo.height))
    terms, _ = Objective(judge.recipe, judge.encoder.exact, _on(judge, photo.pixels), style_targets).evaluate(_on(judge, image))
    return sum(terms.values())


def _on(engine: OptimizationEngine, image: Image) -> torch.Tensor:
    return torch.from_numpy(image).to(engine.device)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--content", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    arguments = parser.parse_args()
    judge = OptimizationEngine(load_recipe("standard"), precision="float32")
    figures: dict[str, Any] = {}
    for name, changes in VARIANTS.items():
        stylizer = open_stylizer("standard", changes=changes)
        losses, seconds = [], []
        for photo_name, painting in PAIRS:
            loaded = load_image(arguments.content / f"{photo_name}.jpg")
            photo = Picture(pixels=resize(loaded.pixels, fit_within(loaded.width, loaded.height, SIZE_PX)))
            *_, done = stylizer.stylize(photo, arguments.paintings / f"{painting}.jpg", Options())
            if not isinstance(done, Done):
                raise TypeError("a stylizer ends with Done")
            losses.append(loss_of(judge, done.image, photo, arguments.paintings / f"{painting}.jpg"))
            seconds.append(done.seconds)
        figures[name] = {
            "loss": round(sum(losses) / len(losses), 3),
            "losses": [round(loss, 3) for loss in losses],
            "seconds": spread(seconds),
        }
        print(name, figures[name], flush=True)
    write_result("refine", figures)


if __name__ == "__main__":
    main()
