"""StyleNet paints a photo in the style of a painting.

    painting = stylenet.stylize("photo.jpg", "starry-night")
    painting.save("out.png")

The public names are loaded on first use (PEP 562), so that `import stylenet` and `stylenet --version` do not wait for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stylenet.catalog.recipes import load_recipe
    from stylenet.catalog.styles import list_styles
    from stylenet.errors import (
        CheckpointError,
        DownloadError,
        ImageError,
        NumericalError,
        OutputError,
        RecipeError,
        ShapeError,
        StyleError,
        StylenetError,
        UsageError,
        WeightsError,
    )
    from stylenet.events import Done, Event, Notice, Preview, Progress, Saved, Started, Step
    from stylenet.image.files import Picture, load_image, save_image
    from stylenet.image.masks import load_mask
    from stylenet.image.recolor import keep_colors, with_palette
    from stylenet.painting.painting import Painting, stylize, texture
    from stylenet.painting.regions import Region
    from stylenet.painting.stylizer import Stylizer, open_stylizer
    from stylenet.requests.painting import Options
    from stylenet.server.client import connect
    from stylenet.workflows.library import compare, find_faces, find_subject, recolor, sheet
    from stylenet.workflows.restoring import colorize, enlarge
    from stylenet.workflows.sequence import sequence

_HOMES = {
    "CheckpointError": "errors",
    "Done": "events",
    "DownloadError": "errors",
    "Event": "events",
    "ImageError": "errors",
    "Notice": "events",
    "NumericalError": "errors",
    "Options": "requests.painting",
    "OutputError": "errors",
    "Painting": "painting.painting",
    "Picture": "image.files",
    "Preview": "events",
    "Progress": "events",
    "RecipeError": "errors",
    "Region": "painting.regions",
    "Saved": "events",
    "ShapeError": "errors",
    "Started": "events",
    "Step": "events",
    "StyleError": "errors",
    "StylenetError": "errors",
    "Stylizer": "painting.stylizer",
    "UsageError": "errors",
    "WeightsError": "errors",
    "colorize": "workflows.restoring",
    "compare": "workflows.library",
    "connect": "server.client",
    "enlarge": "workflows.restoring",
    "find_faces": "workflows.library",
    "find_subject": "workflows.library",
    "keep_colors": "image.recolor",
    "list_styles": "catalog.styles",
    "load_image": "image.files",
    "load_mask": "image.masks",
    "load_recipe": "catalog.recipes",
    "open_stylizer": "painting.stylizer",
    "recolor": "workflows.library",
    "save_image": "image.files",
    "sequence": "workflows.sequence",
    "sheet": "workflows.library",
    "stylize": "painting.painting",
    "texture": "painting.painting",
    "with_palette": "image.recolor",
}
"""The module of every public name."""

__all__ = [
    "CheckpointError",
    "Done",
    "DownloadError",
    "Event",
    "ImageError",
    "Notice",
    "NumericalError",
    "Options",
    "OutputError",
    "Painting",
    "Picture",
    "Preview",
    "Progress",
    "RecipeError",
    "Region",
    "Saved",
    "ShapeError",
    "Started",
    "Step",
    "StyleError",
    "StylenetError",
    "Stylizer",
    "UsageError",
    "WeightsError",
    "__version__",
    "colorize",
    "compare",
    "connect",
    "enlarge",
    "find_faces",
    "find_subject",
    "keep_colors",
    "list_styles",
    "load_image",
    "load_mask",
    "load_recipe",
    "open_stylizer",
    "recolor",
    "save_image",
    "sequence",
    "sheet",
    "stylize",
    "texture",
    "with_palette",
]

if not TYPE_CHECKING:
    # Hidden from type checkers, which would otherwise accept any attribute of the module.

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'stylenet' has no attribute '{name}'", name=name, obj=importlib.import_module(__name__))
        extras, waiting = (importlib.import_module(f"stylenet.{module}") for module in ("extras", "waiting"))
        try:
            with waiting.threads_sleep():  # some of the modules import torch
                module = importlib.import_module(f"stylenet.{_HOMES[name]}")
        except ModuleNotFoundError as error:
            raise extras.explained(error, f"stylenet.{name}") or error from None
        value = getattr(module, name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
