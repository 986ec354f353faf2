"""What an engine tells of itself for the receipt. Nothing here needs torch."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import msgspec

import stylenet
from stylenet.catalog.recipe import Recipe


def engine_facts(
    recipe: Recipe,
    machine: Mapping[str, Any],
    runtime: Mapping[str, str],
    *,
    encoder: str | None = None,
    encoder_sha256: str | None = None,
    network_sha256: str | None = None,
) -> dict[str, Any]:
    """What a picture's bytes depend on beside its inputs; see `protocol.Engine.facts`.

    Args:
        recipe: As it is run.
        machine: Device, precision and threads.
        runtime: Name and version of what computes: torch or onnxruntime.
        encoder: Name of its weights; None where styles are networks.
        encoder_sha256: Of the file of these weights.
        network_sha256: Of the network that paints, or paints the start; None where there is none, or styles are networks.
    """
    return {
        "stylenet": stylenet.__version__,
        **runtime,
        "python": platform.python_version(),
        **machine,
        "recipe": msgspec.to_builtins(recipe),
        "encoder": encoder,
        "encoder_sha256": encoder_sha256,
        "network_sha256": network_sha256,
    }
