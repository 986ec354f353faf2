"""Painting and steadying the frames of a clip, one after another."""

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
"""Maximum weight of the squared distance to the previous painting; the content and style terms are near 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PaintedFrame:
    """A painted frame.

    Attributes:
        pixels: (H, W, 3), uint8, before cropping to even sides.
        begins_scene: Whether the frame is the first of a scene.
        notices: Notices for the user, one line each; only for the first painted frame.
    """

    pixels: Pixels
    begins_scene: bool
    notices: tuple[str, ...] = ()


class FramePainter:
    """Paints frames in order; each is blended with the previous ones of its scene.

    Args:
        request: The request.
        stylizer: A stylizer for the recipe of the request.
        should_stop: Called while a frame is painted; true interrupts it.

    Attributes:
        facts: Everything that affects the frames besides the options and the regions: the recipe with its network, and the styles.

    Raises:
        StylenetError: a style cannot be opened, or an option does not apply to the recipe.
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
        self._changes_styles = len(opened) > 1 and not options.blend  # from each style to the next over time
        self._steadiness = Steadiness.of(request.steady)
        if request.steady:
            opencv()  # raises an error now if it is not installed
        self._refiner = Stylizer(_with_recipe(stylizer, _refining(stylizer.recipe, request.frame_steps))) if self._optimizes else stylizer
        self._cuts = CutDetector()
        self._past = Past() if request.steady else Past(earlier=0)
        self._motion_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="motion")
        self._has_reported_notices = False

    def continue_from(self, state: State | None) -> None:
        """Continue from the state after a group; None: start a new scene."""
        self._cuts = CutDetector()
        self._past.begin()
        if state is not None:
            self._cuts.continue_from(state.frames[-1][0], state.typical_distance)
            self._past.frames, self._past.count = state.frames, state.count

    def state(self) -> State:
        """The state after the last painted frame, from which the next one can continue."""
        return State(frames=self._past.frames, count=self._past.count, typical_distance=self._cuts.typical_distance)

    def paint(self, pixels: Pixels, share: float, regions: Sequence[Region] = ()) -> PaintedFrame | None:
        """Paint the next frame; returns None if `should_stop` interrupted it.

        Args:
            pixels: The frame, (H, W, 3), uint8.
            share: Position of the frame in the clip, 0 (start) to 1 (end).
            regions: Regions with another style, or where the frame is kept.

        Raises:
            StylenetError: see `Stylizer.stylize`.
        """
        photo, begins_scene = image_of(pixels), self._cuts.is_cut(pixels)
        if begins_scene:
            self._past.begin()
        warped_past: Future[WarpedPast | None] | None = None
        history: History | None = None
        if self._request.steady:
            warped_past = self._motion_thread.submit(self._past.moved_to, pixels)
            if self._optimizes:
                history = _history(warped_past.result(), self._request.steady / 100)
        image, notices = self._paint_photo(photo, share, history, regions)
        if image is None:
            return None
        painted = np.ascontiguousarray(image[0].transpose(1, 2, 0))
        result = steadied(painted, None if warped_past is None else warped_past.result(), self._steadiness)
        if warped_past is not None and any(region.style is None for region in regions):
            result = self._with_photo_kept(result, photo, regions)
        self._past.add(pixels, result)
        return PaintedFrame(pixels=result, begins_scene=begins_scene, notices=notices)

    def _with_photo_kept(self, painted: Pixels, photo: Image, regions: Sequence[Region]) -> Pixels:
        """A steadied frame with the source frame restored in the regions that keep it."""
        size = (painted.shape[1], painted.shape[0])
        layout = lay_out(regions, Picture(pixels=photo), size, feather_px=self._request.feather, protected=())
        if layout.keep is None:
            return painted
        image = with_photo_kept(image_of(painted), resize(photo, size), layout.keep)
        return np.rint(image[0].transpose(1, 2, 0).clip(0, 1) * 255).astype(np.uint8)

    def _paint_photo(
        self, photo: Image, share: float, history: History | None, regions: Sequence[Region]
    ) -> tuple[Image | None, tuple[str, ...]]:
        """Paint a frame on its own; returns the painting, None if it was interrupted, and notices."""
        feather = self._request.feather if regions else 0.0
        options = structs.replace(self._options, strength=self._request.strength_at(share), feather=feather)
        if self._changes_styles:
            options = structs.replace(options, blend=shares_at(len(self._styles), share))
        stylizer = self._stylizer if history is None else self._refiner
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
            if isinstance(event, Started) and not self._has_reported_notices:
                notices, self._has_reported_notices = event.notices, True
            elif isinstance(event, Done):
                return (None if event.reason == "interrupted" else event.image), notices
        return None, notices


def shares_at(styles: int, share: float) -> tuple[float, ...]:
    """The share of each style at a position in the clip, 0..1: a linear transition from each style to the next."""
    position = min(1.0, max(0.0, share)) * (styles - 1)
    left = min(int(position), styles - 2)
    shares = [0.0] * styles
    shares[left], shares[left + 1] = 1 - (position - left), position - left
    return tuple(shares)


def _refining(recipe: Recipe, steps: int) -> Recipe:
    """A recipe reduced to a few steps at its finest level, for frames that start from the previous painting."""
    pyramid = structs.replace(
        recipe.pyramid,
        coarsest_px=0,
        steps=(steps,),
        content_weights=recipe.pyramid.content_weights[-1:],
        exact_steps=min(steps, recipe.pyramid.exact_steps),
    )
    return structs.replace(recipe, pyramid=pyramid)


def _with_recipe(stylizer: Stylizer, recipe: Recipe) -> Any:
    """The engine of a stylizer with another recipe."""
    if recipe.solver.name == "scipy-lbfgs":
        raise UsageError(f"recipe '{recipe.name}' does not start from another painting; choose draft, standard, fine or instant for a clip")
    engine = copy.copy(stylizer.engine)
    engine.recipe = recipe
    return engine


def _history(past: WarpedPast | None, share: float) -> History | None:
    """Warped past paintings, weighted by `share` times `_TEMPORAL_WEIGHT` where they are reliable."""
    if past is None:
        return None
    return History(before=image_of(past.painting), weights=_TEMPORAL_WEIGHT * share * past.stroke_trust[None, None])


def _start(history: History, photo: Image) -> Image:
    """The initial image: the warped previous painting where it is reliable, otherwise the frame."""
    height, width = history.before.shape[2:]
    trust = history.weights / max(float(history.weights.max()), 1e-9)
    return trust * history.before + (1 - trust) * resize(photo, (width, height))
