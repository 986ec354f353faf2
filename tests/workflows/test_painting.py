"""One painting, from request to files: streams, interruptions, and replaying receipts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylenet.errors import RecipeError, UsageError
from stylenet.events import Done, Event, Notice, Saved, Started
from stylenet.image.files import Picture, load_image, save_image
from stylenet.requests.painting import PaintFileRequest
from stylenet.workflows.painting import STANDARD_STREAM, Streams, inputs_of, open_for, paint_file, with_recipe

QUICK = {"pyramid.steps": "[2]", "pyramid.coarsest_px": "0"}
INSTANT: dict[str, Any] = {"recipe": "instant", "styles": ("starry-night",), "size": 48, "threads": 1}


@pytest.fixture
def here(photo: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a photo, a mask and a painting."""
    monkeypatch.chdir(tmp_path)
    save_image(photo.pixels, "photo.png")
    mask = np.zeros((1, 3, 64, 80), np.float32)
    mask[..., :32] = 1
    save_image(mask, "left.png")
    save_image(photo.pixels[:, ::-1].copy(), "painting.png")
    return tmp_path


def paint(**values: Any) -> list[Event]:
    return list(paint_file(PaintFileRequest(**{"precision": "float32", "device": "cpu", **values})))


def quick(**values: Any) -> list[Event]:
    return paint(**{"recipe": "draft", "changes": QUICK, "size": 48, **values})


def same(one: str, other: str) -> bool:
    return bool(np.array_equal(load_image(one).pixels, load_image(other).pixels))


@pytest.mark.parametrize("masks", [("left.png=painting.png",), ("invert:left.png=photo",), ("left.png=photo", "left.png=great-wave")])
def test_masked_pictures_replay_as_their_receipt_stands(here: Path, masks: tuple[str, ...]) -> None:
    quick(photo="photo.png", styles=("starry-night",), masks=masks, feather=2.0, output="a.png")
    paint(replay="a.png", output="b.png")
    assert same("a.png", "b.png")


def test_masks_are_found_beside_the_painting(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(photo="photo.png", styles=("starry-night",), masks=("left.png=painting.png",), output="a.png")
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    paint(replay="../a.png", output="b.png")
    assert same("../a.png", "b.png")


def test_textures_have_no_photo(here: Path) -> None:
    quick(styles=("starry-night",), output="a.png")
    paint(replay="a.png", output="b.png")
    assert same("a.png", "b.png")


def test_style_files_are_found_by_their_name_and_hash(here: Path) -> None:
    (path,) = [Path(name) for name in style_file(here)]
    quick(photo="photo.png", styles=(str(path),), output="a.png")
    paint(replay="a.png", output="b.png")
    assert same("a.png", "b.png")


def style_file(here: Path) -> Iterator[str]:
    from stylenet.catalog.styles import style_files

    target = here / "my-own.safetensors"
    target.write_bytes(style_files()["starry-night"].read_bytes())
    yield str(target)


def test_a_photo_that_is_elsewhere_is_asked_for(here: Path) -> None:
    quick(photo="photo.png", styles=("starry-night",), output="a.png")
    (here / "photo.png").rename(here / "other.png")
    with pytest.raises(UsageError, match=r"the photo 'photo.png' is neither in"):
        paint(replay="a.png", output="b.png")
    paint(replay="a.png", photo="other.png", output="b.png")
    assert same("a.png", "b.png")


def test_resuming_says_where_or_that_there_is_nothing(here: Path) -> None:
    values: dict[str, Any] = {
        "photo": "photo.png",
        "styles": ("starry-night",),
        "output": "a.png",
        "changes": {**QUICK, "pyramid.steps": "[6]"},
    }
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 5

    request = PaintFileRequest(precision="float32", device="cpu", recipe="draft", size=48, **values)
    (*_, ended) = list(paint_file(request, should_stop=stop))
    assert isinstance(ended, Done)
    assert ended.reason == "interrupted"
    told = [event.message for event in quick(**values, resume=True) if isinstance(event, Notice)]
    assert told == [f"resuming after step {ended.steps}"]
    told = [event.message for event in quick(**values, resume=True) if isinstance(event, Notice)]
    assert len(told) == 1
    assert told[0].startswith("there is nothing to resume from in 'a.png.resume'")


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_photo_and_result_may_be_streams(here: Path) -> None:
    before = files_in(here)
    streams = Streams(photo=(here / "photo.png").read_bytes(), output=io.BytesIO())
    request = PaintFileRequest(photo="-", output="-", device="cpu", precision="float32", **INSTANT)
    events = list(paint_file(request, streams=streams))
    assert [type(event) for event in events[-2:]] == [Saved, Done]
    assert events[-2] == Saved(path=Path(STANDARD_STREAM))
    assert files_in(here) == before
    paint(photo="photo.png", output="out.png", **INSTANT)
    assert isinstance(streams.output, io.BytesIO)
    assert streams.output.getvalue().startswith(b"\x89PNG")
    assert np.array_equal(load_image(streams.output.getvalue()).pixels, load_image("out.png").pixels)


@pytest.mark.parametrize("option", [{"timelapse": "a.gif"}, {"save_every": 2}, {"resume": True}])
def test_beside_standard_output_lies_no_file(here: Path, option: dict[str, Any]) -> None:
    name = next(iter(option)).replace("_", "-")
    with pytest.raises(UsageError, match=f"--{name} writes files beside the output, which is standard output; give a file"):
        paint(photo="photo.png", output="-", **INSTANT, **option)


def test_without_a_photo_on_standard_input(here: Path) -> None:
    for streams in (None, Streams(photo=b"")):
        with pytest.raises(UsageError, match="the photo is '-', and standard input is empty; pipe a picture file into the command"):
            list(paint_file(PaintFileRequest(photo="-", output="out.png", **INSTANT), streams=streams))


def test_the_plan_comes_first_and_alone_in_a_dry_run(here: Path) -> None:
    before = files_in(here)
    (started,) = paint(photo="photo.png", dry_run=True, **INSTANT)
    assert isinstance(started, Started)
    assert (started.plan["output"], started.plan["size"]) == ("photo-starry-night.png", [48, 38])
    assert files_in(here) == before


@pytest.mark.parametrize("questions", range(3))
def test_stopped_before_the_first_step_nothing_is_written(here: Path, questions: int) -> None:
    before, answers = files_in(here), iter([False] * questions)
    request = PaintFileRequest(photo="photo.png", **{**INSTANT, "recipe": "draft", "changes": QUICK})
    events = list(paint_file(request, should_stop=lambda: next(answers, True)))
    assert not any(isinstance(event, Done) for event in events)
    assert files_in(here) == before


def test_every_file_of_a_request_is_an_input(here: Path) -> None:
    (here / "weights.pth").touch()
    request = PaintFileRequest(
        photo="photo.png",
        styles=("painting.png", "starry-night"),
        start="start.png",
        palette="palette.png",
        recipe="mine.toml",
        encoder="weights.pth",
        masks=("left.png=drawing.png", "left.png=photo"),
    )
    given = {str(source) for source in inputs_of(request) if source is not None}
    files = {"photo.png", "painting.png", "start.png", "palette.png", "mine.toml", "weights.pth", "left.png", "drawing.png"}
    assert given == files | {"starry-night"}
    plain = inputs_of(PaintFileRequest(photo="-", styles=("starry-night",), start="noise", recipe="draft", encoder="vgg19"))
    assert {source for source in plain if source is not None} == {"starry-night"}


def test_recipes_and_their_changes_are_checked_before_anything_is_opened() -> None:
    assert with_recipe(PaintFileRequest(photo="a.png", styles=("starry-night",))).recipe == "standard"
    assert with_recipe(PaintFileRequest(photo="a.png", styles=("starry-night",), recipe="draft")).recipe == "draft"
    with pytest.raises(RecipeError, match="Did you mean 'standard'"):
        with_recipe(PaintFileRequest(recipe="standrd"))
    with pytest.raises(RecipeError, match=r"Did you mean 'style\.weight'"):
        with_recipe(PaintFileRequest(recipe="draft", changes={"style.wieght": "3"}))
    with pytest.raises(UsageError, match=r"--start and --set picture\.start are both given; choose one"):
        with_recipe(PaintFileRequest(recipe="draft", start="noise", changes={"picture.start": "style"}))


def test_a_start_that_is_named_is_one_of_the_recipe() -> None:
    assert open_for(PaintFileRequest(recipe="draft", start="noise", threads=1)).recipe.picture.start == "noise"
    plain, of_a_file = (open_for(PaintFileRequest(recipe="draft", start=start, threads=1)).recipe for start in (None, "start.png"))
    assert of_a_file == plain


def test_without_a_style_there_is_nothing_to_paint(here: Path) -> None:
    with pytest.raises(UsageError, match="no style is given; name one of 'stylenet styles ls', a painting or a style file"):
        paint(photo="photo.png")
