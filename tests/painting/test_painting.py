"""The functions `stylize` and `texture`, and their results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from torch.nn.functional import avg_pool2d

import stylenet
from stylenet.errors import StyleError, UsageError
from stylenet.events import Done, Started, Step
from stylenet.image.files import Picture, load_image
from stylenet.image.metadata import read_receipt
from stylenet.painting.painting import stylize, texture
from stylenet.painting.stylizer import Stylizer, open_stylizer

GOLDEN = Path(__file__).with_name("golden") / "starry-night.png"
GOLDEN_STEPS = {"pyramid.steps": "[25]"}


@pytest.fixture(scope="module")
def quick() -> Stylizer:
    """The default recipe in float32 with few steps."""
    return open_stylizer(changes={"pyramid.steps": "[4]"}, precision="float32")


def test_the_events_begin_with_started_and_end_with_done(quick: Stylizer, photo: Picture) -> None:
    events = list(quick.stylize(photo, "starry-night"))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Done)
    steps = [event.step for event in events if isinstance(event, Step)]
    assert steps == list(range(1, events[0].steps + 1))
    assert events[-1].image.shape == photo.pixels.shape


def test_the_default_paints_the_golden_picture(photo: Picture) -> None:
    """Compared by the colors of patches of 8 x 8 pixels, since rounding errors of other processors move single strokes."""
    painting = stylize(photo, "starry-night", recipe=open_stylizer(changes=GOLDEN_STEPS, precision="float32"))
    golden, given, before = (
        avg_pool2d(torch.from_numpy(pixels), 8) for pixels in (load_image(GOLDEN).pixels, painting.pixels, photo.pixels)
    )
    assert float((given - golden).abs().mean()) < 0.03
    assert float((before - golden).abs().mean()) > 0.06


@pytest.mark.parametrize("recipe", ["draft", "standard", "fine"])
def test_same_seed_same_bytes(recipe: str, photo: Picture) -> None:
    stylizer = open_stylizer(recipe, changes={"pyramid.steps": "[3]"})
    first, second = (stylize(photo, "great-wave", recipe=stylizer, seed=3).pixels for _ in range(2))
    assert np.array_equal(first, second)


def test_thread_counts_may_differ_by_rounding_only(photo: Picture) -> None:
    before, paintings = torch.get_num_threads(), []
    stylizer = open_stylizer(changes={"pyramid.steps": "[4]"}, precision="float32")
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            paintings.append(stylize(photo, "great-wave", recipe=stylizer).pixels)
    finally:
        torch.set_num_threads(before)
    assert np.abs(paintings[0] - paintings[1]).mean() < 0.01


def test_more_strength_goes_farther_from_the_photo(photo: Picture) -> None:
    stylizer = open_stylizer("draft", changes={"pyramid.steps": "[6]"})
    paintings = [stylize(photo, "the-scream", recipe=stylizer, strength=strength).pixels for strength in (0, 50, 100)]
    far = [np.abs(pixels - photo.pixels).mean() for pixels in paintings]
    assert far[0] < far[1] < far[2]


def test_a_blend_with_one_share_is_that_style_to_the_byte(quick: Stylizer, photo: Picture) -> None:
    alone = stylize(photo, "senecio", recipe=quick)
    blended = stylize(photo, ["senecio", "goldfish"], recipe=quick, blend=(1.0, 0.0))
    assert np.array_equal(alone.pixels, blended.pixels)


def test_alpha_and_receipt_come_back(quick: Stylizer, photo: Picture, tmp_path: Path) -> None:
    alpha = np.broadcast_to(np.linspace(0, 1, photo.width, dtype=np.float32), (1, 1, photo.height, photo.width))
    painting = stylize(Picture(pixels=photo.pixels, alpha=alpha), "four-trees", recipe=quick, seed=7)
    assert painting.image.mode == "RGBA"
    path = painting.save(tmp_path / "out.png")
    receipt = read_receipt(path)
    assert receipt is not None
    assert (receipt["seed"], receipt["styles"][0]["name"], receipt["recipe"]["name"]) == (7, "four-trees", "standard")
    with PIL.Image.open(path) as file:
        assert file.getchannel("A").getpixel((0, 0)) == 0


def test_a_painting_serves_as_well_as_a_style_file(quick: Stylizer, photo: Picture) -> None:
    painting = np.random.default_rng(0).random((1, 3, 96, 70), dtype=np.float32)
    assert stylize(photo, Picture(pixels=painting), recipe=quick).done.reason == "finished"


def test_a_painting_is_an_array_of_any_type_of_pictures(quick: Stylizer, photo: Picture) -> None:
    painting = stylize(photo, "senecio", recipe=quick)
    pixels = np.asarray(painting)
    assert pixels.dtype == np.float32
    assert pixels.shape == (64, 80, 3)
    assert np.array_equal(np.asarray(painting, dtype=np.uint8), np.asarray(painting.image))
    assert np.abs(np.asarray(painting, dtype=np.uint16) / 65535 - pixels).max() < 1e-5
    assert np.array_equal(np.asarray(painting, dtype=np.float64), pixels)
    for kind in ("int64", "bool"):
        with pytest.raises(UsageError, match=f"cannot be an array of {kind}; allowed are floating-point types"):
            np.asarray(painting, dtype=kind)


def test_stopping_keeps_the_picture(quick: Stylizer, photo: Picture) -> None:
    done = list(quick.stylize(photo, "starry-night", should_stop=lambda: True))[-1]
    assert isinstance(done, Done)
    assert (done.reason, done.steps) == ("interrupted", 1)
    assert done.image.shape == photo.pixels.shape


def test_a_texture_has_the_styles_colors(photo: Picture) -> None:
    stylizer = open_stylizer("draft", changes={"pyramid.steps": "[8]"})
    orange, blue = (texture(name, recipe=stylizer, size=64).pixels.mean((2, 3))[0] for name in ("the-scream", "starry-night"))
    assert orange[0] > orange[2]
    assert blue[2] > blue[0]


def test_an_unknown_style_is_rejected_by_name(quick: Stylizer, photo: Picture) -> None:
    with pytest.raises(StyleError, match=r"'stary-night' is neither a file nor one of the 42 styles.* Did you mean 'starry-night'"):
        list(quick.stylize(photo, "stary-night"))


def test_an_unknown_device_is_rejected() -> None:
    with pytest.raises(UsageError, match="device is 'tpu'; allowed are auto, cpu, cuda, mps"):
        open_stylizer(device="tpu")


def test_the_public_names_are_these_functions() -> None:
    assert stylenet.stylize is stylize


def test_no_step_at_all_gives_the_photo_back() -> None:
    photo = Picture(pixels=np.random.default_rng(0).random((1, 3, 40, 48), dtype=np.float32))
    painting = stylize(photo, "starry-night", recipe=open_stylizer(changes={"pyramid.steps": "[0]"}))
    np.testing.assert_allclose(painting.pixels, photo.pixels, atol=1e-5)
    assert painting.done.steps == 0
