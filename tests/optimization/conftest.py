"""A small network, small pictures and short recipes, so that whole paintings take a second."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import pytest
import torch

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders.opening import OpenEncoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.optimization.terms.base import StyleTarget
from stylenet.requests.task import Task
from stylenet.shapes import Image
from stylenet.styles.style import PictureStyle
from tests.optimization.jobs import Job

RECORD = EncoderRecord(name="compact", widths=MappingProxyType({"conv1_1": 4, "conv1_2": 4, "conv2_1": 6, "conv2_2": 6, "conv3_1": 8}))

RECIPE = """
summary = "A small one for tests"
[about]
source = "tests"
minimizes = "little"
[content]
layers = { relu2_1 = 1.0 }
[style]
layers = { relu1_1 = 1.0, relu3_1 = 1.0 }
weight = 5.0
[smoothness]
weight = 0.1
[pyramid]
steps = [6]
"""


def picture(height: int, width: int, seed: int) -> Image:
    coarse = torch.rand(1, 3, 3, 4, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear").numpy()


@pytest.fixture(scope="session")
def encoder() -> VggEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return VggEncoder(RECORD).requires_grad_(False).eval()


@pytest.fixture
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Recipe]:
    """The small recipe with changed parameters: `recipe(solver_name="lbfgs")`; the first underscore stands for the dot."""
    path = tmp_path_factory.mktemp("recipes") / "small.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return lambda **knobs: load_recipe(path, {key.replace("_", ".", 1): value for key, value in knobs.items()})


@pytest.fixture
def job(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> Callable[..., Job]:
    """A painting by the small recipe: `job(seed=1, knobs={...})`. `start` and `style_picture` are fields of the job, others of the task."""

    def make(
        *,
        knobs: dict[str, str] | None = None,
        size: tuple[int, int] = (40, 32),
        start: Image | None = None,
        style_picture: Image | None = None,
        **fields: object,
    ) -> Job:
        style = PictureStyle(name="style", pixels=picture(48, 48, seed=2), encoder=encoder, rim_px=0)
        changed = recipe(**(knobs or {}))
        return Job(
            task=Task(photo=picture(size[1], size[0], seed=1), styles=[[(style, 1.0)]], **fields),  # type: ignore[arg-type]
            recipe=changed,
            encoder=OpenEncoder(fast=encoder, exact=encoder, sha256="0" * 64, weights="small"),
            targets_at=lambda width, height: [StyleTarget(style.at_size(width, height, changed.style.layers), 1.0)],
            start=start,
            style_picture=style_picture,
        )

    return make
