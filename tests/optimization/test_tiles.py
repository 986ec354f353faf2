"""Loss and gradient tile by tile are those of the whole picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest
import torch
from torch import Tensor

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.recipes import load_recipe
from stylenet.encoders import winograd
from stylenet.encoders.opening import open_encoder
from stylenet.encoders.vgg import VggEncoder
from stylenet.optimization.objective import Objective
from stylenet.optimization.terms.base import StyleTarget
from stylenet.styles.style import PictureStyle

RECORD = EncoderRecord(
    name="compact",
    widths=MappingProxyType({"conv1_1": 4, "conv1_2": 4, "conv2_1": 6, "conv3_1": 8, "conv3_2": 8, "conv4_1": 8, "conv5_1": 10}),
)
LAYERS = {"style_layers": "{relu1_1=1, relu2_1=1, relu3_1=1, relu5_1=1}", "content_layers": "{relu3_2=1, relu4_1=1}"}
SIZES = [(151, 120), (128, 160), (211, 64), (120, 151), (40, 400)]  # (height, width): odd, prime, and smaller than a tile in one way

VARIANTS: list[dict[str, str]] = [
    {},
    {"style_statistic": "'wasserstein'", "style_balance": "'start'", "picture_rim_px": "16"},
    {"style_statistic": "'mean-std'", "picture_rim_px": "16"},
    {"style_distance": "'gatys'", "style_chain": "true", "encoder_rounding": "'up'", "content_distance": "'sum'"},
    {"style_distance": "'keras'", "style_shift": "1.0", "smoothness_distance": "'keras'", "encoder_padding": "'reflect'"},
    {"detail_weight": "2.0", "detail_layers": "{relu3_1=1, relu4_1=1}", "detail_statistic": "'nearest'", "edges_weight": "3.0"},
    {"detail_weight": "2.0", "detail_layers": "{relu2_1=1}", "detail_statistic": "'sliced'"},
    {"detail_weight": "2.0", "detail_layers": "{relu3_2=1}", "detail_statistic": "'histogram'", "content_distance": "'self-similarity'"},
    {"style_distance": "'scaled'", "smoothness_weight": "0.0", "picture_unit": "'bytes'"},
]


def random(height: int, width: int, seed: int, dtype: torch.dtype) -> Tensor:
    """Large shapes and a little grain, darker with every seed: pictures of pure noise are too much alike to tell rounding from fault."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.rand(1, 3, 4, 5, generator=generator, dtype=torch.float64)
    grain = torch.rand(1, 3, height, width, generator=generator, dtype=torch.float64)
    smooth = torch.nn.functional.interpolate(shapes, size=(height, width), mode="bilinear")
    return ((0.8 * smooth + 0.2 * grain) / seed**0.5).to(dtype)


def build(recipe: Recipe, dtype: torch.dtype) -> VggEncoder:
    section = recipe.encoder
    with torch.random.fork_rng():
        torch.manual_seed(0)
        record = replace(RECORD, rounding=section.rounding or "down", padding=section.padding or "zeros")
        return VggEncoder(record).to(dtype).requires_grad_(False).eval()


def evaluated(
    recipe: Recipe, size: tuple[int, int], dtype: torch.dtype, tile_px: int | None, regions: int = 0
) -> tuple[dict[str, float], Tensor, int]:
    encoder = build(recipe, dtype)
    styles = [
        PictureStyle(name="s", pixels=random(70, 90, 5 + index, dtype).numpy(), encoder=encoder, rim_px=0)
        for index in range(max(1, regions))
    ]
    targets = [
        StyleTarget(style.at_size(90, 70, recipe.style.layers), 1.0, region, style.features_at(80, recipe.detail.layers))
        for region, style in enumerate(styles)
    ]
    masks = None
    if regions:
        ramp = torch.linspace(0, 1, size[1], dtype=dtype).expand(1, 1, *size)
        masks = torch.cat([ramp, 1 - ramp])
    objective = Objective(recipe, encoder, random(*size, 1, dtype), targets, regions=masks, tile_px=tile_px)
    terms, gradient = objective.evaluate(random(*size, 2, dtype))
    return terms, gradient, len(objective.frame.tiles)


@pytest.mark.parametrize(("knobs", "size"), [(VARIANTS[0], size) for size in SIZES] + [(knobs, SIZES[0]) for knobs in VARIANTS[1:]])
def test_tiled_is_whole(size: tuple[int, int], knobs: dict[str, str], recipe: Callable[..., Recipe]) -> None:
    changed = recipe(**LAYERS, **knobs)
    terms, gradient, count = evaluated(changed, size, torch.float64, None)
    tiled_terms, tiled_gradient, tiles = evaluated(changed, size, torch.float64, 13_500)
    assert (count, tiles > 1) == (1, True)
    assert tiled_terms == pytest.approx(terms, rel=1e-9)
    assert float((tiled_gradient - gradient).norm() / gradient.norm()) < 1e-10


@pytest.mark.parametrize(
    ("statistic", "way", "bound"), [("wasserstein", "plain", 1e-5), ("wasserstein", "winograd", 5e-4), ("gram", "winograd", 5e-4)]
)
def test_tiled_is_whole_in_float32_with_the_encoder_that_ships(
    statistic: str, way: str, bound: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Winograd's algorithm rounds a position by its place in a block, and a tile begins at another place in a block than the picture."""
    if way == "plain":
        monkeypatch.setattr(winograd, "is_faster", lambda *_: False)
    recipe = load_recipe("standard", {"style.statistic": f"'{statistic}'"})
    encoder = open_encoder(recipe.encoder, device=torch.device("cpu"), dtype=torch.float32).exact
    painting = PictureStyle(name="s", pixels=random(120, 150, 5, torch.float32).numpy(), encoder=encoder, rim_px=16)
    targets = [StyleTarget(painting.at(130, recipe.style.layers), 1.0)]
    photo, image = random(151, 193, 1, torch.float32), random(151, 193, 2, torch.float32)
    whole, tiled = (Objective(recipe, encoder, photo, targets, tile_px=tile_px) for tile_px in (None, 27_000))
    assert len(tiled.frame.tiles) > 1
    terms, gradient = whole.evaluate(image)
    tiled_terms, tiled_gradient = tiled.evaluate(image)
    assert tiled_terms == pytest.approx(terms, rel=1e-5)
    assert float((tiled_gradient - gradient).norm() / gradient.norm()) < bound


def test_regions_tiled_are_regions_whole(recipe: Callable[..., Recipe]) -> None:
    changed = recipe(**LAYERS, style_statistic="'wasserstein'", style_balance="'start'")
    terms, gradient, _ = evaluated(changed, SIZES[0], torch.float64, None, regions=2)
    tiled_terms, tiled_gradient, tiles = evaluated(changed, SIZES[0], torch.float64, 13_500, regions=2)
    assert tiles > 1
    assert tiled_terms == pytest.approx(terms, rel=1e-9)
    assert float((tiled_gradient - gradient).norm() / gradient.norm()) < 1e-10


def test_equal_regions_are_no_regions(recipe: Callable[..., Recipe]) -> None:
    """Two regions of half weight everywhere with one painting are that painting everywhere."""
    changed = recipe(**LAYERS)
    encoder = build(changed, torch.float64)
    photo, image = random(48, 64, 1, torch.float64), random(48, 64, 2, torch.float64)
    moments = PictureStyle(name="s", pixels=random(70, 90, 5, torch.float64).numpy(), encoder=encoder, rim_px=0).at_size(
        90, 70, changed.style.layers
    )
    plain = Objective(changed, encoder, photo, [StyleTarget(moments, 1.0)]).evaluate(image)
    halves = torch.full((2, 1, 48, 64), 0.5, dtype=torch.float64)
    targets = [StyleTarget(moments, 1.0, 0), StyleTarget(moments, 1.0, 1)]
    split = Objective(changed, encoder, photo, targets, regions=halves).evaluate(image)
    assert split[0] == pytest.approx(plain[0], rel=1e-10)
    torch.testing.assert_close(split[1], plain[1])
