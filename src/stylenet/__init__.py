"""StyleNet paints a photo in the manner of a painting.

    painting = stylenet.stylize("photo.jpg", "starry-night")
    painting.save("out.png")

The public names are loaded on first use (PEP 562), so that `import stylenet` and `stylenet --version` do not wait for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Done",
    "Notice",
    "Preview",
    "Region",
    "Started",
    "Step",
    "StylenetError",
    "__version__",
    "colorize",
    "enlarge",
    "list_styles",
    "load_image",
    "load_recipe",
    "open_stylizer",
    "save_image",
    "stylize",
]

if TYPE_CHECKING:
    from stylenet.catalog.recipes import load_recipe
    from stylenet.catalog.styles import list_styles
    from stylenet.errors import StylenetError
    from stylenet.events import Done, Notice, Preview, Started, Step
    from stylenet.image.files import load_image, save_image
    from stylenet.stylizers.regions import Region
    from stylenet.stylizers.restoring import colorize, enlarge
    from stylenet.stylizers.stylize import open_stylizer, stylize
else:
    # Hidden from type checkers: to them a module with `__getattr__` has every name, and a typo would pass.
    _HOMES = {
        "load_recipe": "stylenet.catalog.recipes",
        "list_styles": "stylenet.catalog.styles",
        "StylenetError": "stylenet.errors",
        "Done": "stylenet.events",
        "Notice": "stylenet.events",
        "Preview": "stylenet.events",
        "Started": "stylenet.events",
        "Step": "stylenet.events",
        "load_image": "stylenet.image.files",
        "save_image": "stylenet.image.files",
        "Region": "stylenet.stylizers.regions",
        "colorize": "stylenet.stylizers.restoring",
        "enlarge": "stylenet.stylizers.restoring",
        "open_stylizer": "stylenet.stylizers.stylize",
        "stylize": "stylenet.stylizers.stylize",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'stylenet' has no attribute '{name}'", name=name, obj=importlib.import_module(__name__))
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
