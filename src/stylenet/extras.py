"""Optional packages: importing them, and the command that installs a missing one."""

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
    "websockets": ("websockets", "studio"),
}
"""By module: the name of the package, and the extra that contains it."""

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
"""By extra: the module that shows whether it is installed."""


def command(*extras: str) -> str:
    """The command that installs extras."""
    return f'pip install "stylenet[{",".join(extras)}]"'


def is_installed(module: str) -> bool:
    """Whether a module is installed, without importing it."""
    return find_spec(module) is not None


def require(module: str, subject: str) -> Any:
    """The module, imported.

    Args:
        module: A name of `_PACKAGES`.
        subject: What needs it, as the subject of the message: "training a network".

    Raises:
        UsageError: it is not installed, or cannot be imported.
    """
    try:
        with threads_sleep():  # torch reads the setting when it is loaded
            return importlib.import_module(module)
    except Exception as error:  # a damaged package, or one for another platform, can raise almost anything
        raise _explained(error, module, subject) from None


def explained(error: ModuleNotFoundError, subject: str = "this") -> UsageError | None:
    """The error to raise instead of one about a module of an extra; None if the module belongs to none."""
    module = (error.name or "").partition(".")[0]
    return _explained(error, module, subject) if module in _PACKAGES else None


def _explained(error: Exception, module: str, subject: str) -> UsageError:
    package, extra = _PACKAGES[module]
    if isinstance(error, ModuleNotFoundError) and error.name == module:
        return UsageError(
            f"{subject} needs {package}; install it with: {command(extra)}",
            code="not-installed",
            package=package,
            command=command(extra),
        )
    reason = " ".join(str(error).split()) or type(error).__name__
    return UsageError(f"{subject} needs {package}, which is installed but cannot be imported: {reason}")
