"""The default recipe."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from stylenet.catalog.naming import NETWORK_SUFFIX, split_style
from stylenet.catalog.networks import is_network
from stylenet.extras import command, is_installed
from stylenet.notices import CodedNotice

NO_TORCH_NOTICE = CodedNotice(
    f"PyTorch is not installed: using recipe instant, a single pass; for finer results: {command('torch')}",
    "no-torch",
    command=command("torch"),
)


def default_recipe(styles: Iterable[object], *, texture: bool = False) -> str:
    """`trained` if a style is a network file, otherwise `standard`; for photos without torch, `instant`."""
    files = (Path(split_style(style)[0]) for style in styles if isinstance(style, (str, os.PathLike)))
    if any(path.suffix == NETWORK_SUFFIX and is_network(path) for path in files):
        return "trained"
    return "standard" if texture or is_installed("torch") else "instant"
