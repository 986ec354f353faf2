"""The weights included in the package."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import lru_cache
from importlib import resources
from pathlib import Path

from stylenet.errors import WeightsError, did_you_mean
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.reading import read_weights

_FOLDER = "weights/bundled"
_SUFFIX = ".safetensors"


def bundled_names() -> tuple[str, ...]:
    """Names of all encoders whose weights are included in the package."""
    folder = resources.files("stylenet").joinpath(_FOLDER)
    if not folder.is_dir():
        return ()
    return tuple(sorted(item.name.removesuffix(_SUFFIX) for item in folder.iterdir() if item.name.endswith(_SUFFIX)))


@lru_cache(maxsize=8)
def bundled_path(name: str = "compact") -> Path:
    """The file of the included weights `name`.

    Raises:
        WeightsError: No included weights have this name, or the installation is damaged.
    """
    names = bundled_names()
    if name not in names:
        shipped = ", ".join(names) or "none; reinstall stylenet"
        raise WeightsError(f"stylenet includes no weights '{name}'; included are {shipped}{did_you_mean(name, names)}")
    # From a zip archive, the file is unpacked for the lifetime of the process; from a folder this is the file itself.
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(resources.as_file(resources.files("stylenet").joinpath(f"{_FOLDER}/{name}{_SUFFIX}")))


def open_bundled(name: str = "compact") -> EncoderWeights:
    """The included weights `name`, in float32.

    Raises:
        WeightsError: No included weights have this name, or the installation is damaged.
    """
    return read_weights(bundled_path(name))
