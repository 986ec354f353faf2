"""The exception classes. Each message states what was given, what is allowed and what to do.

    StylenetError
    ├── UsageError        an option or argument has a value that is not allowed         exit code 2
    ├── ImageError        an image cannot be read or used                              exit code 3
    ├── RecipeError       a recipe is unknown, or a parameter is invalid                exit code 4
    ├── StyleError        a style is unknown, or its file does not fit                  exit code 5
    ├── WeightsError      weights are missing, unrecognized, truncated or malicious    exit code 6
    │   └── DownloadError     they could not be downloaded                              exit code 6
    ├── OutputError       a result cannot be written                                    exit code 7
    ├── NumericalError    the optimization diverged: the loss is not finite            exit code 8
    ├── CheckpointError   a stopped painting cannot be resumed                         exit code 9
    └── ShapeError        a tensor does not have the documented shape                  exit code 1

An interrupted run (Ctrl-C) keeps the best picture so far and ends with exit code 130.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from typing import Any


class StylenetError(Exception):
    """Base class of all errors of StyleNet; `str()` gives a one-line message.

    Args:
        message: What was given, what is allowed, what to do.
        code: Stable identifier for programs and translations; by default that of the class.
        values: Values in the message, for a translation.
    """

    exit_code = 1
    code = "failed"

    def __init__(self, message: str = "", *, code: str = "", **values: Any) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.values = values


class UsageError(StylenetError):
    """An option or argument has a value that is not allowed."""

    exit_code = 2
    code = "invalid-value"


class ImageError(StylenetError):
    """A picture cannot be read or used."""

    exit_code = 3
    code = "unusable-picture"


class RecipeError(StylenetError):
    """A recipe is unknown, or one of its parameters has an invalid name or value."""

    exit_code = 4
    code = "invalid-recipe"


class StyleError(StylenetError):
    """A style is unknown, or its file does not fit the request."""

    exit_code = 5
    code = "unusable-style"


class WeightsError(StylenetError):
    """Network weights are missing, not recognized, truncated or malicious."""

    exit_code = 6
    code = "unusable-weights"


class DownloadError(WeightsError):
    """Network weights could not be downloaded completely and unchanged."""


class OutputError(StylenetError):
    """A result cannot be written."""

    exit_code = 7
    code = "not-written"


class NumericalError(StylenetError):
    """A painting or training diverged: the loss is not finite."""

    exit_code = 8
    code = "diverged"


class CheckpointError(StylenetError):
    """A stopped painting or training cannot be resumed."""

    exit_code = 9
    code = "not-resumable"


class ShapeError(StylenetError, ValueError):
    """A tensor does not have the documented shape."""


def counted(count: int, noun: str) -> str:
    """A number with its noun: "1 step", "2 steps"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shortened(text: str, most: int = 200) -> str:
    """`text` in one line of at most `most` characters, for a message."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3]}..."


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """`. Did you mean 'relu5_1'?` for a close match in `allowed`, otherwise empty; for the end of a message."""
    near = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f". Did you mean '{near[0]}'?" if near else ""


def did_you_mean_file(name: str, files: Iterable[str]) -> str:
    """As `did_you_mean`, for file names: the suffix is ignored."""
    stem = os.path.splitext(name)[0].lower()
    stems = {file: os.path.splitext(file)[0].lower() for file in files}
    near = difflib.get_close_matches(stem, list(stems.values()), n=1, cutoff=0.6)
    return f". Did you mean '{next(file for file, other in stems.items() if other == near[0])}'?" if near else ""
