"""Whether a strength means the same at any size, with any solver and encoder: the losses it starts and ends at.

    python benchmarks/strength.py PHOTO PAINTING

For every combination: the weighted style loss of the photo over the content loss of a picture without content (the ratio that strength
sets), and how much of the photo's content and of its distance from the painting is left at the end.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from report import write_result

from stylenet.catalog.encoders import COMPACT, VGG19
from stylenet.encoders.vgg import VggEncoder
from stylenet.image.files import Picture, load_image
from stylenet.image.resize import fit_within, resize
from stylenet.losses.style import strength_factor
from stylenet.optimization.objective import Objective
from stylenet.stylizers.goals import Goals
from stylenet.stylizers.stylize import stylize
from stylenet.stylizers.stylizer import Stylizer, open_stylizer
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.writing import write_weights

SIZES = (128, 256, 512)
SOLVERS = {
    "adam": {},
    "lbfgs": {"solver.name": "lbfgs", "solver.learning_rate": "1.0", "pyramid.steps": "[50]", "solver.average": "0"},
}


def vgg_shaped(folder: Path) -> Path:
    """Random weights of VGG-19's shape at a quarter of its width."""
    torch.manual_seed(0)
    record = replace(
        VGG19, name="vgg19", widths={name: width // 4 for name, width in VGG19.widths.items()}, preprocessing=COMPACT.preprocessing
    )
    encoder = VggEncoder(record)
    for parameter in encoder.parameters():
        torch.nn.init.kaiming_normal_(parameter) if parameter.ndim == 4 else torch.nn.init.zeros_(parameter)
    return write_weights(
        EncoderWeights(record=record, tensors=dict(encoder.state_dict()), provenance={}), folder / "vgg-shaped.safetensors"
    )


def losses(stylizer: Stylizer, photo: Picture, painting: Path, strength: float) -> dict[str, float]:
    from stylenet.stylizers.sources import open_style

    style = open_style(painting, stylizer.recipe, stylizer.encoder)
    size = (photo.width, photo.height)
    goals = Goals(stylizer.recipe, [[(style, 1.0)]], photo_size=size, style_scale=1.0, device=torch.device("cpu"))
    objective = Objective(stylizer.recipe, stylizer.encoder.exact, photo.pixels, goals(*size), style_factor=strength_factor(strength))
    painted = stylize(photo, painting, recipe=stylizer, strength=strength).pixels
    with torch.no_grad():
        begin, end = ({name: float(value) for name, value in objective.terms(picture).items()} for picture in (photo.pixels, painted))
    return {"ratio": begin["style"], "content_given_up": end["content"], "style_left": end["style"] / begin["style"]}


if __name__ == "__main__":
    import tempfile

    photo_path, painting_path = (Path(word) for word in sys.argv[1:])
    picture = load_image(photo_path)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        encoders = {"compact": "compact", "vgg-shaped": str(vgg_shaped(Path(folder)))}
        for strength in (30.0, 50.0, 70.0):
            for encoder, weights in encoders.items():
                for solver, changes in SOLVERS.items():
                    opened = open_stylizer(encoder=weights, changes=changes, precision="float32")
                    for size in SIZES:
                        pixels = resize(picture.pixels, fit_within(picture.width, picture.height, size))
                        row = losses(opened, Picture(pixels=pixels), painting_path, strength)
                        rows[f"{strength:g} {encoder} {solver} {size}"] = row
                        print(strength, encoder, solver, size, {name: round(value, 3) for name, value in row.items()}, flush=True)
    write_result("strength", rows)
