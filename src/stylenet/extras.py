"""Packages that the base install does not bring: imported where they are needed, and where they are missing, the command for them."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

from stylenet.errors import UsageError
from stylenet.waiting import threads_sleep

_PACKAGES = {
    "torch": ("torch", "torch"),
    "scipy": ("scipy", "torch"),
    "skimage": ("scikit-image", "torch"),
    "httpx": ("httpx", "torch"),
    "onnx": ("onnx", "onnx"),
    "h5py": ("h5py", "keras"),
    "cv2": ("OpenCV", "masks"),
    "av": ("PyAV", "video"),
    "ray": ("Ray", "cluster"),
    "tensorboard": ("TensorBoard", "tensorboard"),
    "starlette": ("Starlette", "studio"),
    "uvicorn": ("uvicorn", "studio"),
}
"""By module: what it is called, and the extra that brings it."""

EXTRAS = {
    "torch": "torch",
    "keras": "h5py",
    "masks": "cv2",
    "onnx": "onnx",
    "studio": "starlette",
    "tensorboard": "tensorboard",
    "video": "av",
    "cluster": "ray",
}
"""By extra: the module that tells whether it is installed."""


def command(*extras: str) -> str:
    """What installs extras."""
    return f'pip install "stylenet[{",".join(extras)}]"'


def is_installed(module: str) -> bool:
    """Whether a module is installed; it is not imported."""
    return find_spec(module) is not None


def require(module: str, subject: str) -> Any:
    """The module, imported.

    Args:
        module: A name of `_PACKAGES`.
        subject: What needs it, as the beginning of a sentence: "training a network".

    Raises:
        UsageError: it is not installed, or cannot be imported; the message says which, and what to do.
    """
    try:
        with threads_sleep():  # torch reads it when it is loaded
            return importlib.import_module(module)
    except Exception as error:  # a package that is damaged, or of another machine, can raise nearly anything
        raise _explained(error, module, subject) from None


def explained(error: ModuleNotFoundError, subject: str = "this") -> UsageError | None:
    """The error to be raised in place of one about a module of an extra; None where the module is of none."""
    module = (error.name or "").partition(".")[0]
    return _explained(error, module, subject) if module in _PACKAGES else None


def _explained(error: Exception, module: str, subject: str) -> UsageError:
    package, extra = _PACKAGES[module]
    if isinstance(error, ModuleNotFoundError) and error.name == module:
        return UsageError(f"{subject} needs {package}; install it with: {command(extra)}")
    reason = " ".join(str(error).split()) or type(error).__name__
    return UsageError(f"{subject} needs {package}, which is installed but cannot be imported: {reason}")
