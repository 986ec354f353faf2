"""StyleNet in other programs: their torch settings, threads, random state, and wrong arguments."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

import stylenet
from stylenet.errors import ImageError, StyleError, StylenetError, UsageError
from stylenet.image.files import Picture
from stylenet.painting.painting import Painting, stylize
from stylenet.painting.stylizer import Stylizer, open_stylizer

ROOT = Path(__file__).parents[2]
QUICK = {"pyramid.steps": "[2]", "pyramid.coarsest_px": "0"}


def opened(recipe: str) -> Stylizer:
    """A torch engine of either kind; optimization takes two steps."""
    if recipe == "draft":
        return open_stylizer("draft", changes=QUICK, device="cpu", precision="float32")
    return open_stylizer("instant", encoder="compact", device="cpu", precision="float32")


def painted(photo: Picture, recipe: str) -> Painting:
    return stylize(photo, "starry-night", recipe=opened(recipe), size=56)


@pytest.fixture(scope="module", params=["draft", "instant"])
def recipe(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def usual(photo: Picture, recipe: str) -> Painting:
    """The painting in a program without special settings."""
    return painted(photo, recipe)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, lambda: torch.set_grad_enabled(False)])
def test_in_other_gradient_modes(photo: Picture, recipe: str, usual: Painting, mode: Callable[[], Any]) -> None:
    with mode():
        assert np.array_equal(painted(photo, recipe).pixels, usual.pixels)


def test_in_automatic_mixed_precision(photo: Picture, recipe: str, usual: Painting) -> None:
    own = PIL.Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 48, 3), dtype=np.uint8))
    measured = stylize(photo, own, recipe=opened(recipe), size=56)
    distances = stylenet.compare(usual.image, photo=photo, style="starry-night", encoder="compact", device="cpu")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert np.array_equal(painted(photo, recipe).pixels, usual.pixels)
        assert np.array_equal(stylize(photo, own, recipe=opened(recipe), size=56).pixels, measured.pixels)
        assert stylenet.compare(usual.image, photo=photo, style="starry-night", encoder="compact", device="cpu") == distances
        for _ in opened(recipe).stylize(photo, "starry-night", stylenet.Options(size=48)):
            assert torch.is_autocast_enabled("cpu"), "the caller's setting holds between events"


def test_opened_in_inference_mode_and_used_outside(photo: Picture, recipe: str, usual: Painting) -> None:
    with torch.inference_mode():
        stylizer = opened(recipe)
    assert np.array_equal(stylize(photo, "starry-night", recipe=stylizer, size=56).pixels, usual.pixels)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_with_another_default_type(photo: Picture, recipe: str, usual: Painting) -> None:
    torch.set_default_dtype(torch.float64)
    try:
        assert np.array_equal(painted(photo, recipe).pixels, usual.pixels)
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_programs_random_numbers_stay(photo: Picture, recipe: str) -> None:
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[index]
    painted(photo, recipe)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # type: ignore[index]
    assert random.getstate() == before[2]


def test_modes_are_the_callers_between_events(photo: Picture, recipe: str) -> None:
    with torch.no_grad():
        for _ in opened(recipe).stylize(photo, "starry-night", stylenet.Options(size=48)):
            assert not torch.is_grad_enabled()
            assert not torch.is_inference_mode_enabled()


def test_in_eight_threads_at_once(photo: Picture, recipe: str, usual: Painting) -> None:
    stylizer = opened(recipe)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: stylize(photo, "starry-night", recipe=stylizer, size=56).pixels, range(8)))
    assert all(np.array_equal(one, usual.pixels) for one in found)


def test_opened_in_eight_threads_at_once(recipe: str) -> None:
    state = torch.random.get_rng_state()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: opened(recipe), range(8)))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_without_standard_streams(photo: Picture, recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert painted(photo, recipe).pixels.shape[3] == 56


CHILDREN = """
import multiprocessing, sys
import numpy, stylenet
photo = numpy.linspace(0, 1, 48 * 64 * 3, dtype=numpy.float32).reshape(48, 64, 3)
changes = {"pyramid.steps": "[2]", "pyramid.coarsest_px": "0"} if sys.argv[1] == "draft" else {}
def paint(seed):
    return stylenet.stylize(photo, "starry-night", recipe=stylenet.open_stylizer(sys.argv[1], changes=changes), size=48).pixels.sum()
if __name__ == "__main__":
    first = paint(0)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(all(abs(value - first) < 1 for value in pool.map(paint, range(2))))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.parametrize("name", ["draft", "instant"])
def test_after_a_fork(name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    result = subprocess.run(
        [sys.executable, "-c", CHILDREN, name], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.stdout.strip() == "True", result.stderr


WRONG: list[tuple[dict[str, Any], type[StylenetError]]] = [
    ({"style": 5}, StyleError),
    ({"style": None}, StyleError),
    ({"style": []}, UsageError),
    ({"style": {}}, StyleError),
    ({"style": object()}, StyleError),
    ({"style": [["starry-night"]]}, StyleError),
    ({"photo": None}, ImageError),
    ({"photo": 5}, ImageError),
    ({"photo": {}}, ImageError),
    ({"photo": []}, ImageError),
    ({"photo": object()}, ImageError),
    ({"photo": np.array(["a"])}, ImageError),
    ({"size": "x"}, UsageError),
    ({"size": -3}, UsageError),
    ({"size": 1.5}, UsageError),
    ({"size": (3, 4)}, UsageError),
    ({"regions": [1]}, UsageError),
    ({"regions": 1}, UsageError),
    ({"regions": ["mask.png=photo"]}, UsageError),
    ({"recipe": 3}, UsageError),
    ({"recipe": ["draft"]}, UsageError),
    ({"blend": ("a",)}, UsageError),
    ({"blend": 0.5}, UsageError),
    ({"blend": (0.5, 0.5)}, UsageError),
    ({"seed": "a"}, UsageError),
    ({"seed": None}, UsageError),
    ({"strength": "strong"}, UsageError),
    ({"feather": None}, UsageError),
    ({"protect": 3}, UsageError),
    ({"protect": ["noses"]}, UsageError),
    ({"keep_colors": 1}, UsageError),
    ({"palette": 7}, UsageError),
    ({"palette": ["#ff0000"]}, UsageError),
    ({"palette": [("red", 1)]}, UsageError),
    ({"memory": "lots"}, UsageError),
    ({"memory": -1}, UsageError),
    ({"on_event": 3}, UsageError),
]


@pytest.mark.parametrize(("wrong", "error"), WRONG, ids=lambda value: str(value).split(" at 0x")[0] if isinstance(value, dict) else "")
def test_wrong_arguments_are_the_projects_errors(photo: Picture, wrong: dict[str, Any], error: type[StylenetError]) -> None:
    arguments: dict[str, Any] = {"photo": photo, "style": "starry-night", "recipe": "instant", "size": 48, **wrong}
    with pytest.raises(error) as raised:
        stylize(arguments.pop("photo"), arguments.pop("style"), **arguments)
    assert "object at 0x" not in str(raised.value)


def test_tensors_paintings_and_numbers_of_numpy_are_accepted(photo: Picture) -> None:
    numbers: Any = {"size": np.int64(48), "strength": np.float32(40), "seed": np.int32(2)}
    first = stylize(torch.from_numpy(photo.pixels), "starry-night", recipe="instant", **numbers)
    assert max(first.pixels.shape) == 48
    shares: Any = np.array([1.0])
    again = stylize(first, first, recipe="instant", size=48, blend=shares)
    assert again.pixels.shape == first.pixels.shape
    start = opened("draft").stylize(first, torch.rand(3, 40, 40), stylenet.Options(size=48), start=first)
    assert [event for event in start if isinstance(event, stylenet.Done)]


def test_a_painting_is_short_in_words_and_saves_into_file_objects(photo: Picture, tmp_path: Path) -> None:
    painting = stylize(photo, "starry-night", recipe="instant", size=48)
    assert repr(painting).startswith("<Painting 48 x 38, starry-night, recipe instant, ")
    assert len(repr(painting)) < 100
    fine, coarse = io.BytesIO(), io.BytesIO()
    assert painting.save(fine, format="jpg", quality=95) is None
    assert painting.save(coarse, format="jpg", quality=20) is None
    assert len(coarse.getvalue()) < len(fine.getvalue())
    assert PIL.Image.open(fine).format == "JPEG"
    assert painting.save(tmp_path / "a.png") == tmp_path / "a.png"


def test_a_palette_is_the_name_of_a_style(photo: Picture) -> None:
    painting = stylize(photo, "starry-night", recipe="instant", size=48, palette="great-wave")
    assert painting.receipt["palette"] != "great-wave"  # its colors, which another version may measure differently
    assert not np.array_equal(painting.pixels, stylize(photo, "starry-night", recipe="instant", size=48).pixels)
