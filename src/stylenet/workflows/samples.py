"""Sample photos and suitable styles."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stylenet.errors import StyleError
from stylenet.extras import is_installed

_PAIRS = {"astronaut": "starry-night", "coffee": "great-wave", "cat": "the-scream", "rocket": "edtaonisl"}
"""The preferred style of each sample photo."""

_SCENE_PAIRS = {"face": "the-scream", "hills": "starry-night", "street": "great-wave"}
"""The same for synthetic scenes, which replace scikit-image's photos if it is not installed."""


def sample_photos() -> Mapping[str, Callable[[], Any]]:
    """Functions that return arrays: scikit-image's sample photos, or synthetic scenes if it is not installed."""
    if not is_installed("skimage"):
        from stylenet.image.scenes import SCENES

        return SCENES
    data = importlib.import_module("skimage.data")
    return {name: getattr(data, name) for name in _PAIRS}


def choose_pairs(styles: Sequence[str], photos: Sequence[str]) -> Mapping[str, str]:
    """A style for each sample photo: the preferred one if it is in the library, otherwise an unused one if possible.

    Args:
        styles: Styles in the library.
        photos: Names of `sample_photos`.

    Raises:
        StyleError: there are no styles.
    """
    if not styles:
        raise StyleError("the library has no styles; install stylenet again, or make one with: stylenet styles add PICTURE")
    pairs = {photo: {**_PAIRS, **_SCENE_PAIRS}[photo] for photo in photos}
    others = [style for style in styles if style not in pairs.values()] or list(styles)
    without_style = [photo for photo, style in pairs.items() if style not in styles]
    return {**pairs, **{photo: others[index % len(others)] for index, photo in enumerate(without_style)}}
