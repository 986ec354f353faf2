"""The recipe that is used where a person names none."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from stylenet.catalog.naming import NETWORK_SUFFIX, split_style
from stylenet.catalog.networks import is_network
from stylenet.engines.opening import TORCH_COMMAND, has_torch

NO_TORCH_NOTICE = f"torch is not installed: painting in one pass, by recipe instant; for finer pictures: {TORCH_COMMAND}"


def default_recipe(styles: Iterable[object]) -> str:
    """`trained` where a style is the file of a network, else `standard`, or `instant` where torch is not installed."""
    files = (Path(split_style(style)[0]) for style in styles if isinstance(style, (str, os.PathLike)))
    if any(path.suffix == NETWORK_SUFFIX and is_network(path) for path in files):
        return "trained"
    return "standard" if has_torch() else "instant"
