"""The frames of a clip, painted and steadied one after the other."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import structs

from stylenet.catalog.recipe import Recipe
from stylenet.errors import UsageError
from stylenet.events import Done, Started
from stylenet.image.files import Picture
from stylenet.image.resize import resize
from stylenet.painting.receipts import NOT_OF_THE_INPUTS
from stylenet.painting.regions import Region, lay_out, with_photo_kept
from stylenet.painting.stylizer import Stylizer
from stylenet.requests.base import default_of
from stylenet.requests.task import History
from stylenet.requests.video import VideoRequest
from stylenet.shapes import Image
from stylenet.styles.sources import open_palette
from stylenet.video.flow import Pixels, image_of, opencv
from stylenet.video.groups import State
from stylenet.video.past import Past, WarpedPast
from stylenet.video.scenes import CutDetector
from stylenet.video.steadying import Steadiness, steadied

_TEMPORAL_WEIGHT = 200.0
"""Of the squared distance to the painting before; content and style are near 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PaintedFrame:
    """A frame.

    Attributes:
        pixels: (H, W, 3), uint8, as it is written but for the crop to even sides.
        begins_scene: Whether it has nothing to do with the one before.
        notices: Of the painting, of the first frame.
    """

    pixels: Pixels
    begins_scene: bool
    notices: tuple[str, ...] = ()


class FramePainter:
    """Paints frames; each needs the one before.

    Args:
        request: Of the clip.
        stylizer: For its recipe.
        should_stop: Asked while a frame is painted.

    Attributes:
        facts: What the frames depend on besides the options and the regions: the recipe with its network, and the styles.

    Raises:
        StylenetError: a style cannot be opened, or an option means nothing to the recipe.
    """

    def __init__(self, request: VideoRequest, stylizer: Stylizer, *, should_stop: Callable[[], bool]) -> None:
        self._request, self._stylizer, self._should_stop = request, stylizer, should_stop
        self._optimizes = stylizer.recipe.method == "optimization"
        if not self._optimizes and request.frame_steps != default_of(VideoRequest, "frame_steps"):
            raise UsageError(f"recipe '{stylizer.recipe.name}' paints in one pass, without steps; omit --frame-steps")
        options = request.single()
        if isinstance(options.palette, str):
            options = structs.replace(options, palette=open_palette(options.palette))
        self._options = options
        opened = [stylizer.open_style(style) for style in request.styles]
        stylizer.engine.check(options, has_start=False, wants_previews=False)
        if len(opened) > 1 and options.blend:
            options.check_styles(len(opened))
        recipe = {name: value for name, value in stylizer.engine.facts().items() if name not in NOT_OF_THE_INPUTS}
        self.facts = {"recipe": recipe, "styles": [style.sha256 for style in opened]}
        self._styles: list[Any] = list(request.styles) if request.recolors_style else opened
        self._turns = len(opened) > 1 and not options.blend
        self._steadiness = Steadiness.of(request.steady)
        if request.steady:
            opencv()
        self._quick = Stylizer(_with_recipe(stylizer, _few_steps(stylizer.recipe, request.frame_steps))) if self._optimizes else stylizer
        self._cuts = CutDetector()
        self._past = Past() if request.steady else Past(earlier=0)
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="motion")
        self._told = False

    def continue_from(self, state: State | None) -> None:
        """Go on after the last frame of a group; None: at the start of a scene."""
        self._cuts = CutDetector()
        self._past.begin()
        if state is not None:
            self._cuts.continue_from(state.frames[-1][0], state.usual)
            self._past.frames, self._past.count = state.frames, state.count

    def state(self) -> State:
        """What the next frame needs to know."""
        return State(frames=self._past.frames, count=self._past.count, usual=self._cuts.usual)

    def paint(self, pixels: Pixels, share: float, regions: Sequence[Region] = ()) -> PaintedFrame | None:
        """The painting of a frame (H, W, 3), uint8, or None where the end was asked for.

        Args:
            pixels: The frame.
            share: Of the clip's time that lies before it, 0..1.
            regions: Where another style is painted, or the photo is kept.

        Raises:
            StylenetError: see `Stylizer.stylize`.
        """
        photo, begins = image_of(pixels), self._cuts.is_cut(pixels)
        if begins:
            self._past.begin()
        moved: Future[WarpedPast | None] | None = None
        history: History | None = None
        if self._request.steady:
            moved = self._beside.submit(self._past.moved_to, pixels)
            if self._optimizes:
                history = _history(moved.result(), self._request.steady / 100)
        done, notices = self._painted(photo, share, history, regions)
        if done is None:
            return None
        painted = np.ascontiguousarray(done[0].transpose(1, 2, 0))
        written = steadied(painted, None if moved is None else moved.result(), self._steadiness)
        if moved is not None and any(region.style is None for region in regions):
            written = self._with_photo_kept(written, photo, regions)
        self._past.add(pixels, written)
        return PaintedFrame(pixels=written, begins_scene=begins, notices=notices)

    def _with_photo_kept(self, written: Pixels, photo: Image, regions: Sequence[Region]) -> Pixels:
        size = (written.shape[1], written.shape[0])
        layout = lay_out(regions, Picture(pixels=photo), size, feather_px=self._request.feather, protected=())
        if layout.keep is None:
            return written
        kept = with_photo_kept(image_of(written), resize(photo, size), layout.keep)
        return np.rint(kept[0].transpose(1, 2, 0).clip(0, 1) * 255).astype(np.uint8)

    def _painted(
        self, photo: Image, share: float, history: History | None, regions: Sequence[Region]
    ) -> tuple[Image | None, tuple[str, ...]]:
        feather = self._request.feather if regions else 0.0
        options = structs.replace(self._options, strength=self._request.strength_at(share), feather=feather)
        if self._turns:
            options = structs.replace(options, blend=shares_at(len(self._styles), share))
        stylizer = self._stylizer if history is None else self._quick
        start = None if history is None else Picture(pixels=_start(history, photo))
        notices: tuple[str, ...] = ()
        picture = Picture(pixels=photo)
        for event in stylizer.stylize(
            picture,
            self._styles,
            options,
            regions=regions,
            start=start,
            history=history,
            noise_origin=(0, 0),
            should_stop=self._should_stop,
        ):
            if isinstance(event, Started) and not self._told:
                notices, self._told = event.notices, True
            elif isinstance(event, Done):
                return (None if event.reason == "interrupted" else event.image), notices
        return None, notices


def shares_at(styles: int, share: float) -> tuple[float, ...]:
    """The share of every style at a share of the time: two neighbors at a time, evenly."""
    place = min(1.0, max(0.0, share)) * (styles - 1)
    left = min(int(place), styles - 2)
    shares = [0.0] * styles
    shares[left], shares[left + 1] = 1 - (place - left), place - left
    return tuple(shares)


def _few_steps(recipe: Recipe, steps: int) -> Recipe:
    """The recipe for a frame that starts from the painting before it: its finest level alone, with few steps."""
    pyramid = structs.replace(
        recipe.pyramid,
        coarsest_px=0,
        steps=(steps,),
        content_weights=recipe.pyramid.content_weights[-1:],
        exact_steps=min(steps, recipe.pyramid.exact_steps),
    )
    return structs.replace(recipe, pyramid=pyramid)


def _with_recipe(stylizer: Stylizer, recipe: Recipe) -> Any:
    if recipe.solver.name == "scipy-lbfgs":
        raise UsageError(f"recipe '{recipe.name}' does not start from another painting; choose draft, standard, fine or instant for a clip")
    engine = copy.copy(stylizer.engine)
    engine.recipe = recipe
    return engine


def _history(before: WarpedPast | None, share: float) -> History | None:
    """Past paintings moved to a frame, which count by a share of `_TEMPORAL_WEIGHT` where they are trusted."""
    if before is None:
        return None
    return History(before=image_of(before.painting), weights=_TEMPORAL_WEIGHT * share * before.stroke_trust[None, None])


def _start(history: History, photo: Image) -> Image:
    """The painting before, moved along; the photo where it does not count."""
    height, width = history.before.shape[2:]
    trust = history.weights / max(float(history.weights.max()), 1e-9)
    return trust * history.before + (1 - trust) * resize(photo, (width, height))
