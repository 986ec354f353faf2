"""Options that a stylizer rejects before the first step since they have no effect, and opening styles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stylenet.catalog.networks import JohnsonRecord, NetworkCard, TextureRecord
from stylenet.errors import StyleError, UsageError
from stylenet.events import Started
from stylenet.image.files import Picture, save_image
from stylenet.networks.files import build, write_network
from stylenet.painting.painting import stylize
from stylenet.painting.regions import Region
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options
from stylenet.requests.several import SheetRequest
from stylenet.requests.task import Checkpointing
from stylenet.workflows.sequence import sequence
from stylenet.workflows.sheet import sheet_cells


@pytest.fixture(scope="module")
def trained() -> Stylizer:
    return open_stylizer("trained", device="cpu", precision="float32")


@pytest.fixture(scope="module")
def standard() -> Stylizer:
    return open_stylizer("standard", device="cpu", precision="float32")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained network for photos with two channels."""
    torch.manual_seed(0)
    record = JohnsonRecord(width=2, blocks=1)
    path = tmp_path_factory.mktemp("networks") / "mine.safetensors"
    write_network(path, build(record).state_dict(), NetworkCard(name="mine", paints="style", record=record))
    return path


def first(stylizer: Stylizer, photo: Picture, style: Any, **more: Any) -> Any:
    """The first event, before painting."""
    return next(stylizer.stylize(photo, style, more.pop("options", None), **more))


@pytest.mark.parametrize(
    ("options", "more", "told"),
    [
        ({"save_every": 2}, {}, "without intermediate pictures; omit --save-every and --timelapse"),
        ({"keep_colors": "histogram:before"}, {}, "have no painting to recolor; give --keep-colors histogram for the result"),
        ({}, {"start": np.zeros((4, 4), np.float32)}, "paints in one pass and has no initial image; omit --start"),
    ],
)
def test_what_a_network_would_ignore_is_rejected(
    trained: Stylizer, network: Path, photo: Picture, options: dict[str, Any], more: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        first(trained, photo, str(network), options=Options(**options), **more)


@pytest.mark.parametrize("parameter", ["style.weight", "pyramid.steps", "picture.start", "solver.name"])
def test_a_parameter_that_a_network_would_ignore_is_rejected(parameter: str) -> None:
    value = {"picture.start": '"noise"', "pyramid.steps": "[2]", "solver.name": '"adam"'}.get(parameter, "3")
    with pytest.raises(UsageError, match=f"{parameter} has no effect; omit it"):
        open_stylizer("trained", changes={parameter: value})


def test_a_network_of_its_own_needs_no_encoder() -> None:
    with pytest.raises(UsageError, match="omit --encoder"):
        open_stylizer("trained", encoder="vgg19")


def test_a_scale_that_a_recipe_would_ignore_is_rejected(photo: Picture) -> None:
    stylizer = open_stylizer("draft", changes={"painting.size": '"photo"'}, device="cpu", precision="float32")
    with pytest.raises(UsageError, match="--style-scale has no effect"):
        first(stylizer, photo, "starry-night", options=Options(style_scale=2))


def test_softening_without_a_mask_is_rejected(standard: Stylizer, photo: Picture) -> None:
    with pytest.raises(UsageError, match="there is no mask to soften"):
        first(standard, photo, "starry-night", options=Options(feather=4))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"palette": (("red", 1.0),)}, "'red' is not a color"),
        ({"palette": (("#ff0000", -1.0),)}, "a share of -1.0 is not possible"),
        ({"palette": (("#ff0000", 1.0),), "keep_colors": "luminance"}, "cannot be combined"),
        ({"dpi": 5}, "dpi is 5; allowed are 30..2400"),
    ],
)
def test_colors_and_prints_are_checked_before_the_first_step(
    standard: Stylizer, photo: Picture, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        first(standard, photo, "starry-night", options=Options(**options))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"options": {"size": 64}}, "options are stylenet.Options.*; got dict {'size': 64}"),
        ({"options": Options}, "options are stylenet.Options"),
        ({"should_stop": True}, "should_stop is True; give a function without arguments"),
    ],
)
def test_arguments_of_other_types(standard: Stylizer, photo: Picture, more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        first(standard, photo, "starry-night", **more)
    if "options" in more:
        with pytest.raises(UsageError, match=message):
            standard.plan(photo, more["options"])
        with pytest.raises(UsageError, match=message):
            next(standard.texture("starry-night", more["options"]))
        with pytest.raises(UsageError, match=message):
            next(sequence(standard, photo, ["starry-night", "great-wave"], 2, options=more["options"]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"protect": "faces"}, "protect is 'faces', which needs a photo, and a texture has none; omit it"),
        ({"protect": ("faces", "subject")}, "protect is 'faces, subject', which needs a photo"),
        ({"keep_colors": "luminance"}, "keep-colors is 'luminance', which needs a photo"),
    ],
)
def test_a_texture_has_no_photo_to_keep(standard: Stylizer, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        next(standard.texture("starry-night", Options(size=64, **given)))


def test_a_plan_of_a_file_is_that_of_its_picture(standard: Stylizer, photo: Picture, tmp_path: Path) -> None:
    path = save_image(photo.pixels, tmp_path / "photo.png")
    assert standard.plan(str(path)).levels == standard.plan(photo).levels


def test_a_painting_without_a_style_is_rejected(standard: Stylizer, photo: Picture) -> None:
    with pytest.raises(UsageError, match="no style is given"):
        first(standard, photo, [])


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"detail.weight": "1"}, "compares positions of the style image"), ({"style.layers.relu1_2": "0.1"}, "needs relu1_2")],
)
def test_a_style_file_that_lacks_something_is_rejected_before_the_first_step(photo: Picture, changes: dict[str, str], told: str) -> None:
    stylizer = open_stylizer("draft", changes=changes, device="cpu", precision="float32")
    with pytest.raises(StyleError, match=told):
        first(stylizer, photo, "starry-night", options=Options(size=48))


def test_a_sheet_is_checked_as_a_whole_before_the_first_cell(standard: Stylizer, photo: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_painting(*_: Any, **__: Any) -> Any:
        raise AssertionError("painted")

    monkeypatch.setattr(Stylizer, "stylize", no_painting)
    for wishes, told in (
        ({"colors": ("painting", "luminence")}, "Did you mean 'luminance'"),
        ({"strengths": (30.0, 300.0)}, "strength is 300"),
        ({"style_scales": (1.0, 80.0)}, "style-scale is 80"),
    ):
        with pytest.raises(UsageError, match=told):
            SheetRequest(photo="photo.png", style="starry-night", **wishes)


def test_a_sheet_and_a_sequence_paint_with_networks(trained: Stylizer, network: Path, photo: Picture) -> None:
    request = SheetRequest(photo="", style="", strengths=(30, 50), style_scales=(1,), colors=("painting",), size=64)
    sheet = list(sheet_cells(photo, str(network), request, stylizer=trained))
    assert len(sheet) == 2
    frames = [done.image for done in sequence(trained, photo, [str(network), str(network)], 2)]
    np.testing.assert_allclose(frames[0], frames[1], atol=1e-5)


def test_a_network_in_a_region_paints_by_the_recipe_of_networks(network: Path, photo: Picture) -> None:
    mask = np.zeros((1, 1, 64, 80), np.float32)
    mask[..., :40] = 1
    painting = stylize(photo, str(network), regions=[Region(mask=mask, style=str(network))])
    assert painting.receipt["recipe"]["name"] == "trained"
    assert [style["region"] for style in painting.receipt["styles"]] == [0, 1]


def test_a_network_given_as_a_style_is_called_a_network(standard: Stylizer, network: Path, photo: Picture) -> None:
    with pytest.raises(StyleError, match="is a network, not a style file; use it with --recipe trained"):
        first(standard, photo, str(network))


def test_a_texture_of_a_network_keeps_what_was_asked(trained: Stylizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = TextureRecord(scales=2, width=2)
    path = tmp_path / "cloth.safetensors"
    write_network(path, build(record).state_dict(), NetworkCard(name="cloth", paints="texture", record=record))
    seen: dict[str, Any] = {}
    stylize = Stylizer.stylize

    def noted(self: Stylizer, *given: Any, **more: Any) -> Any:
        seen.update(more)
        return stylize(self, *given, **more)

    monkeypatch.setattr(Stylizer, "stylize", noted)
    keep = Checkpointing(path=tmp_path / "state")

    def stop() -> bool:
        return False

    started = next(trained.texture(str(path), Options(size=1200), checkpointing=keep, timed=True, should_stop=stop))
    assert (seen["checkpointing"], seen["timed"], seen["should_stop"]) == (keep, True, stop)
    assert isinstance(started, Started)
    assert not any("enlarged" in notice for notice in started.notices)


def test_a_photo_that_is_enlarged_beyond_twice_is_reported(standard: Stylizer, photo: Picture) -> None:
    def notices(**options: Any) -> str:
        return " ".join(first(standard, photo, "starry-night", options=Options(**options)).notices)

    assert "80 x 64 pixels and is enlarged 2.5 times: details will look soft" in notices(size=200)
    assert "enlarged" not in notices(size=160)
    assert "enlarged 3.0 times for this print" in notices(paper="61x49mm", dpi=100)
