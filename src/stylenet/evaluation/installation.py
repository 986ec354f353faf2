"""A description of the installation: versions, optional packages, weights, styles and recipes."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import stylenet
from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import list_styles, unusable_styles
from stylenet.catalog.weights import PACKAGED
from stylenet.errors import WeightsError
from stylenet.extras import EXTRAS, is_installed
from stylenet.weights.cache import cache_folder, is_offline
from stylenet.weights.library import list_weights
from stylenet.weights.packaged import packaged_path

_PACKAGES = ("torch", "onnxruntime", "numpy", "scipy", "pillow", "safetensors", "typer", "rich")


def describe_installation() -> dict[str, Any]:
    """Versions, extras, weights, styles and the cache, as plain values."""
    return {
        "stylenet": stylenet.__version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "extras": {name: is_installed(module) for name, module in EXTRAS.items()},
        "weights": [line.name for line in list_weights() if line.state not in ("missing", "available")],
        "packaged": _packaged(),
        "recipes": len(recipe_names()),
        "styles": len(list_styles()),
        "unusable_styles": unusable_styles(),
        "cache": str(cache_folder()),
        "cache_bytes": _size_bytes(cache_folder()),
        "offline": is_offline(),
    }


def _packaged() -> dict[str, dict[str, Any]]:
    """The paths of weights in other packages, or the reasons why they cannot be used."""
    report: dict[str, dict[str, Any]] = {}
    for name, record in PACKAGED.items():
        facts: dict[str, Any] = {"path": None, "size_bytes": None, "version": None, "problem": None}
        try:
            path = packaged_path(name)
            facts |= {"path": str(path), "size_bytes": path.stat().st_size, "version": metadata.version(record.distribution)}
        except WeightsError as error:
            facts["problem"] = str(error)
        report[name] = facts
    return report


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
