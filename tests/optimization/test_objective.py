"""What a recipe minimizes, put together by hand from the formulas and compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import UsageError
from stylenet.losses.moments import moments
from stylenet.optimization.objective import Objective
from stylenet.optimization.terms.base import StyleTarget

PHOTO = torch.rand(1, 3, 21, 26, generator=torch.Generator().manual_seed(0))
PAINTED = torch.rand(1, 3, 21, 26, generator=torch.Generator().manual_seed(1))
PAINTINGS = [torch.rand(1, 3, 24, 30, generator=torch.Generator().manual_seed(seed)) for seed in (2, 3)]


def targets(encoder: VggEncoder, recipe: Recipe, shares: tuple[float, ...] = (1.0,)) -> list[StyleTarget]:
    return [
        StyleTarget({layer: moments(values) for layer, values in encoder(picture, recipe.style.layers).items()}, share)
        for picture, share in zip(PAINTINGS, shares, strict=False)
    ]


def features(encoder: VggEncoder, image: Tensor, layer: str) -> np.ndarray:
    return encoder(image, [layer])[layer][0].flatten(1).double().numpy()


def style_by_hand(encoder: VggEncoder, painting: Tensor) -> float:
    total = 0.0
    for layer in ("relu1_1", "relu3_1"):
        f, a = features(encoder, PAINTED, layer), features(encoder, painting, layer)
        g, target = f @ f.T / f.shape[1], a @ a.T / a.shape[1]
        total += np.sum((g - target) ** 2) / np.sum(target**2)
    return total


def test_terms_by_hand(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe()
    terms = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)
    f, p = features(encoder, PAINTED, "relu2_1"), features(encoder, PHOTO, "relu2_1")
    assert terms["content"].item() == pytest.approx(np.mean((f - p) ** 2) / np.mean(p**2), rel=1e-4)
    assert terms["style"].item() == pytest.approx(5 * style_by_hand(encoder, PAINTINGS[0]), rel=1e-4)
    x = PAINTED.double().numpy()
    assert terms["smoothness"].item() == pytest.approx(
        0.1 * ((np.diff(x, axis=2) ** 2).mean() + (np.diff(x, axis=3) ** 2).mean()), rel=1e-5
    )


def test_factors_multiply_their_terms(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe()
    plain = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)
    changed = Objective(small, encoder, PHOTO, targets(encoder, small), style_factor=10, content_factor=3).terms(PAINTED)
    torch.testing.assert_close(changed["style"], 10 * plain["style"])
    torch.testing.assert_close(changed["content"], 3 * plain["content"])
    torch.testing.assert_close(changed["smoothness"], 10 * plain["smoothness"])


def test_bytes_scale_the_smoothness(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    unit, in_bytes = recipe(), recipe(picture_unit="bytes")
    plain = Objective(unit, encoder, PHOTO, targets(encoder, unit)).terms(PAINTED)
    scaled = Objective(in_bytes, encoder, PHOTO, targets(encoder, in_bytes)).terms(PAINTED)
    torch.testing.assert_close(scaled["smoothness"], plain["smoothness"] * 255**2)
    torch.testing.assert_close(scaled["content"], plain["content"])


def test_a_blend_is_the_share_of_each(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe()
    terms = Objective(small, encoder, PHOTO, targets(encoder, small, (0.7, 0.3))).terms(PAINTED)
    expected = 5 * (0.7 * style_by_hand(encoder, PAINTINGS[0]) + 0.3 * style_by_hand(encoder, PAINTINGS[1]))
    assert terms["style"].item() == pytest.approx(expected, rel=1e-4)


def test_terms_of_weight_nothing_are_left_out(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    bare = recipe(content_weight="0", smoothness_weight="0")
    assert set(Objective(bare, encoder, PHOTO, targets(encoder, bare)).terms(PAINTED)) == {"style"}


def test_shift_and_chain_by_hand(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """Novak and Nikulin: each layer's loss of shifted Gram matrices, minus the next one's; layers in the network's order."""
    layers = ["relu1_1", "relu1_2", "relu2_1", "relu3_1"]
    shuffled = "{ relu2_1 = 1.0, relu3_1 = 1.0, relu1_1 = 1.0, relu1_2 = 1.0 }"
    chained = recipe(style_layers=shuffled, style_shift="1.0", style_chain="true", style_distance="mean", style_weight="1.0")
    term = Objective(chained, encoder, PHOTO, targets(encoder, chained)).terms(PAINTED)["style"]
    losses = []
    for layer in layers:
        f, a = features(encoder, PAINTED, layer) - 1, features(encoder, PAINTINGS[0], layer) - 1
        losses.append(np.mean((f @ f.T / f.shape[1] - a @ a.T / a.shape[1]) ** 2))
    expected = sum((losses[i] - losses[i + 1]) / 2 ** (len(layers) - 1 - (i + 1)) for i in range(len(layers) - 1))
    assert term.item() == pytest.approx(expected, rel=1e-3)


def test_keras_distance_knows_the_pictures_size(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    keras = recipe(style_distance="keras", style_weight="1.0")
    target = [StyleTarget({layer: moments(values) for layer, values in encoder(PHOTO, keras.style.layers).items()}, 1.0)]
    term = Objective(keras, encoder, PHOTO, target).terms(PAINTED)["style"]
    expected = 0.0
    for layer in ("relu1_1", "relu3_1"):
        c, s = features(encoder, PAINTED, layer), features(encoder, PHOTO, layer)
        expected += np.sum((s @ s.T - c @ c.T) ** 2) / (4.0 * 3**2 * (21 * 26) ** 2)
    assert term.item() == pytest.approx(expected, rel=1e-4)


def test_gradient_reaches_the_picture_through_everything(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """Against central differences along a random direction, in float64."""
    exact = VggEncoder(encoder.record).double()
    exact.load_state_dict(encoder.state_dict())
    small = recipe(style_balance="start")
    objective = Objective(small, exact.double(), PHOTO.double(), targets(exact, small))
    image = PAINTED.double().requires_grad_()
    total = sum(objective.terms(image).values())
    assert isinstance(total, Tensor)
    (gradient,) = torch.autograd.grad(total, image)
    direction = torch.randn(image.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    with torch.no_grad():
        ahead, behind = (sum(v.item() for v in objective.terms(image + step * direction).values()) for step in (1e-6, -1e-6))
    assert (gradient * direction).sum().item() == pytest.approx((ahead - behind) / 2e-6, rel=1e-4)


@pytest.mark.parametrize("statistic", ["nearest", "sliced", "histogram"])
def test_details_begin_at_their_weight(statistic: str, encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """Each layer's loss is divided by its value for the photo; blended paintings count by their shares."""
    small = recipe(detail_weight="3.0", detail_statistic=f"'{statistic}'", detail_layers="{relu2_1 = 0.5, relu3_1 = 0.5}")
    wanted = [
        StyleTarget(goal.moments, goal.share, features=encoder(picture, small.detail.layers))
        for goal, picture in zip(targets(encoder, small, (0.7, 0.3)), PAINTINGS, strict=True)
    ]
    objective = Objective(small, encoder, PHOTO, wanted, style_factor=2.0)
    assert objective.terms(PHOTO)["detail"].item() == pytest.approx(2 * 3.0, rel=1e-4)
    at_painting = Objective(small, encoder, PAINTINGS[0], [StyleTarget(wanted[0].moments, 1.0, features=wanted[1].features)])
    assert at_painting.terms(PAINTINGS[1])["detail"].item() < 0.05


def test_edges_and_places_of_the_photo_cost_nothing(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe(edges_weight="2.0", edges_pools="[1, 4, 16]", content_distance="'self-similarity'")
    objective = Objective(small, encoder, PHOTO, targets(encoder, small))
    at_photo, painted = objective.terms(PHOTO), objective.terms(PAINTED)
    assert at_photo["edges"].item() == pytest.approx(0, abs=1e-6)
    assert at_photo["content"].item() == pytest.approx(0, abs=1e-5)
    assert painted["edges"].item() > 0.5
    assert painted["content"].item() > 0.05
    flat = objective.terms(torch.full_like(PHOTO, 0.5))
    assert flat["edges"].item() == pytest.approx(2.0, rel=1e-4), "1 for a picture without edges, pools that do not fit left out"


def test_details_and_masks_do_not_go_together(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    small = recipe(detail_weight="1.0", detail_layers="{relu2_1 = 1}")
    first, second = targets(encoder, small, (1.0, 1.0))
    split = [StyleTarget(first.moments, 1.0, 0), StyleTarget(second.moments, 1.0, 1)]
    with pytest.raises(UsageError, match=r"omit --mask or set `detail\.weight` to 0"):
        Objective(small, encoder, PHOTO, split, regions=torch.full((2, 1, 21, 26), 0.5))


def test_deepest_leaves_out_the_layers_behind_it(encoder: VggEncoder, recipe: Callable[..., Recipe]) -> None:
    """As if the recipe did not name them: relu3_1 here."""
    small = recipe()
    shallow = Objective(small, encoder, PHOTO, targets(encoder, small), deepest="relu2_1").terms(PAINTED)
    whole = Objective(small, encoder, PHOTO, targets(encoder, small)).terms(PAINTED)
    f, a = features(encoder, PAINTED, "relu1_1"), features(encoder, PAINTINGS[0], "relu1_1")
    g, target = f @ f.T / f.shape[1], a @ a.T / a.shape[1]
    assert shallow["style"].item() == pytest.approx(5 * np.sum((g - target) ** 2) / np.sum(target**2), rel=1e-4)
    torch.testing.assert_close(shallow["content"], whole["content"])
