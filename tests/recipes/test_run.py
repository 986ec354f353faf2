"""Every recipe from the literature runs to the end on a network with random weights, with its own layers, losses, solver and start.

The network has a sixteenth of VGG's widths, so that this takes seconds; `slow` tests use the full width at 96 px.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch

from stylenet.catalog.encoders import CAFFE_BGR, VGG16, VGG19, EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_names
from stylenet.events import Done, Notice, Preview, Started, Step
from stylenet.image.files import Picture
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options
from stylenet.weights.encoder_weights import EncoderWeights, expected_shapes
from stylenet.weights.writing import write_weights

LITERATURE = [name for name in recipe_names() if name not in EVERYDAY]


def random_weights(record: EncoderRecord, path: Path) -> Path:
    """A weights file with He-normal kernels, which preserve the magnitude of activations."""
    generator = torch.Generator().manual_seed(0)
    tensors = {
        name: torch.randn(shape, generator=generator).numpy() * np.float32((2 / (shape[1] * 9)) ** 0.5 if len(shape) == 4 else 0.1)
        for name, shape in expected_shapes(record).items()
    }
    return write_weights(EncoderWeights(record=record, tensors=tensors, provenance={"layout": "random"}), path)


def narrow(record: EncoderRecord) -> EncoderRecord:
    return replace(record, widths=MappingProxyType({name: width // 16 for name, width in record.widths.items()}))


def picture(height: int, width: int, seed: int) -> Picture:
    coarse = torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(seed))
    return Picture(pixels=torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1).numpy())


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("weights")
    return {record.name: random_weights(narrow(record), folder / f"{record.name}.safetensors") for record in (VGG16, VGG19)}


def shortened(recipe: Recipe) -> dict[str, str]:
    """The recipe with few steps, but the same levels and rounds."""
    if recipe.pyramid.coarsest_px:
        return {"pyramid.steps": "[4, 2]", "pyramid.coarsest_px": "45", "pyramid.save_every": "2"}
    if recipe.solver.name == "scipy-lbfgs":
        return {"pyramid.steps": "[2]", "solver.evaluations_per_round": "3", "pyramid.save_every": "3"}
    return {"pyramid.steps": "[6]", "pyramid.save_every": "3"}


def run(name: str, weights: Path, changes: Mapping[str, str], size: str = "64x49") -> Iterator[object]:
    stylizer = open_stylizer(name, encoder=str(weights), changes=changes, precision="float32")
    yield from stylizer.stylize(picture(75, 96, seed=1), picture(88, 70, seed=2), Options(size=size))


@pytest.mark.parametrize("name", LITERATURE)
def test_runs_to_its_end(name: str, files: Mapping[str, Path]) -> None:
    recipe = load_recipe(name)
    events = list(run(name, files[recipe.encoder.name], shortened(recipe)))
    started, last = events[0], events[-1]
    steps = [event for event in events if isinstance(event, Step)]
    assert isinstance(started, Started)
    assert isinstance(last, Done)
    assert last.reason == "finished"
    assert last.image.shape == (1, 3, 49, 64)
    assert np.isfinite(last.image).all()
    assert last.image.std() > 1e-5
    terms = set().union(*(step.terms for step in steps))
    assert terms == {"content", "style"} | ({"smoothness"} if recipe.smoothness.weight else set())
    assert not [event for event in events if isinstance(event, Notice)]
    assert [event for event in events if isinstance(event, Preview) and event.scheduled]
    assert last.receipt["recipe"]["style"]["distance"] == recipe.style.distance
    # stylenet-2018 hardly changes; from the painting there is no style loss at first, from the photo no content loss and a long memory.
    if name not in ("stylenet-2018", "gatys-2016-style-start", "tensorflow-tutorial"):
        assert min(step.loss for step in steps) < steps[0].loss


def test_levels_of_style_transfer_pytorch(files: Mapping[str, Path]) -> None:
    changes = {"pyramid.steps": "[1]", "pyramid.coarsest_px": "48"}
    steps = [event for event in run("style-transfer-pytorch", files["vgg19"], changes, "96x80") if isinstance(event, Step)]
    assert [step.size_px for step in steps] == [(48, 40), (68, 57), (96, 80)]


def test_the_recipe_as_printed_stays_noise_and_the_recommended_one_does_not(files: Mapping[str, Path]) -> None:
    """As printed, the twenty steps change the initial noise by less than one level of contrast; the recommended steps do more."""
    printed, recommended = (
        next(event for event in run(name, files["vgg19"], changes, "32x32") if isinstance(event, Done)).image
        for name, changes in (("stylenet-2018", {}), ("stylenet-2018-recommended", {"pyramid.steps": "[20]"}))
    )
    mean = np.flip(CAFFE_BGR.mean).reshape(1, 3, 1, 1) / 255
    assert (printed - mean).std() * 255 < 0.5
    assert (recommended - mean).std() * 255 > 10


def test_keras_gives_a_picture_after_each_round(files: Mapping[str, Path]) -> None:
    changes = {"pyramid.steps": "[3]", "solver.evaluations_per_round": "9", "pyramid.save_every": "9"}
    events = list(run("keras-2016", files["vgg16"], changes, "32x32"))
    previews = [event for event in events if isinstance(event, Preview) and event.scheduled]
    assert len(previews) >= 3
    assert len({preview.image.tobytes() for preview in previews[:3]}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", LITERATURE)
def test_runs_at_full_width(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    recipe = load_recipe(name)
    record = {"vgg16": VGG16, "vgg19": VGG19}[recipe.encoder.name]
    path = tmp_path_factory.getbasetemp() / f"full-{record.name}.safetensors"
    if not path.exists():
        random_weights(record, path)
    *_, last = run(name, path, shortened(recipe), "96x75")
    assert isinstance(last, Done)
    assert np.isfinite(last.image).all()
