"""Facts about an engine for the receipt. Does not import torch."""

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
    """Everything besides the inputs that determines the bytes of a result; see `protocol.Engine.facts`.

    Args:
        recipe: Recipe with all changes.
        machine: Device, precision and threads.
        runtime: Name and version of the runtime, torch or onnxruntime.
        encoder: Name of the encoder weights; None if styles are networks.
        encoder_sha256: Hash of the weights file.
        network_sha256: Hash of the network that paints, or paints the initial image; None without one, or if styles are networks.
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
