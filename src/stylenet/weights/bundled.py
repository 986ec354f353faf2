"""The weights that ship inside the package."""

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
    """The names of all encoders whose weights ship with the package."""
    folder = resources.files("stylenet").joinpath(_FOLDER)
    if not folder.is_dir():
        return ()
    return tuple(sorted(item.name.removesuffix(_SUFFIX) for item in folder.iterdir() if item.name.endswith(_SUFFIX)))


@lru_cache(maxsize=8)
def bundled_path(name: str = "compact") -> Path:
    """The file of the weights called `name` that ship with the package.

    Raises:
        WeightsError: No weights of that name ship, or the installation is damaged.
    """
    names = bundled_names()
    if name not in names:
        shipped = ", ".join(names) or "none at all: install the package again"
        raise WeightsError(f"no weights called '{name}' ship with stylenet; there are {shipped}.{did_you_mean(name, names)}")
    # A package inside a zip archive is unpacked for as long as the process lives; from a folder this is the file itself.
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(resources.as_file(resources.files("stylenet").joinpath(f"{_FOLDER}/{name}{_SUFFIX}")))


def open_bundled(name: str = "compact") -> EncoderWeights:
    """The weights called `name` that ship with the package, in float32.

    Raises:
        WeightsError: No weights of that name ship, or the installation is damaged.
    """
    return read_weights(bundled_path(name))
