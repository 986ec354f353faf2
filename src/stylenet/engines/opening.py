"""The engine that paints a recipe on this machine."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from stylenet.catalog.recipe import Recipe
from stylenet.engines.protocol import Engine
from stylenet.errors import UsageError
from stylenet.extras import is_installed, require

_NETWORK_KNOBS = ("method", "encoder.", "network.", "picture.largest_px", "picture.shape", "picture.rim_px")
"""What the knobs begin with that mean something to a network's single pass."""


def open_engine(
    recipe: Recipe,
    *,
    encoder: str | None = None,
    changes: Mapping[str, str] | None = None,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Engine:
    """The engine for a recipe, its encoder loaded.

    Args:
        recipe: With all changes.
        encoder: Name of weights or a weights file, in place of the recipe's own.
        changes: Knobs that a person changed, which are refused where they mean nothing.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "float32" or "bfloat16".
        threads: Of the processor; None: as many as there are cores.

    Raises:
        UsageError: a change or an encoder means nothing to the recipe, the device does not exist, or torch is needed and missing.
        WeightsError: the encoder's weights are missing or unusable.
    """
    if recipe.method == "network":
        _check_changes(recipe, changes or {}, encoder=encoder)
        if encoder in (None, recipe.encoder.name) and not _prefers_torch(device, precision):
            return _open_onnx(recipe, threads=threads)
        return _open_torch_pass(recipe, encoder=encoder, device=device, precision=precision, threads=threads)
    require("torch", f"recipe '{recipe.name}' optimizes the picture, which")
    from stylenet.engines.devices import set_threads
    from stylenet.engines.optimizing import OptimizationEngine

    set_threads(threads)
    return OptimizationEngine(recipe, encoder=encoder, device=device, precision=precision)


def _open_onnx(recipe: Recipe, *, threads: int | None) -> Engine:
    from stylenet.engines.onnx_pass import OnnxInstantEngine, OnnxTrainedEngine

    if recipe.network.name:
        return OnnxInstantEngine(recipe, threads=threads)

    def with_torch() -> Engine:
        return _open_torch_pass(recipe, encoder=None, device="cpu", precision="float32", threads=threads)

    return OnnxTrainedEngine(recipe, threads=threads, with_torch=with_torch)


def _open_torch_pass(recipe: Recipe, *, encoder: str | None, device: str, precision: str, threads: int | None) -> Engine:
    require("torch", f"recipe '{recipe.name}' with this encoder, network, device or precision")
    from stylenet.encoders.opening import open_encoder
    from stylenet.engines.devices import choose_device, choose_dtype, set_threads
    from stylenet.engines.one_pass import InstantEngine, TrainedEngine
    from stylenet.engines.optimizing import encoder_notices

    set_threads(threads)
    chosen = choose_device(device)
    dtype = choose_dtype(precision, chosen)
    if not recipe.network.name:
        return TrainedEngine(recipe, device=chosen, dtype=dtype)
    opened = open_encoder(recipe.encoder, encoder, device=chosen, dtype=dtype)
    engine = InstantEngine(recipe, encoder=opened, device=chosen, dtype=dtype)
    engine.notices = encoder_notices(recipe, opened, chosen=encoder)
    return engine


def _prefers_torch(device: str, precision: str) -> bool:
    """Whether a network's single pass is painted with torch: where it is asked for, or faster, on a GPU or with units for bfloat16."""
    if device not in ("auto", "cpu") or precision not in ("auto", "float32"):
        return True
    if not is_installed("torch"):
        return False
    accelerated = device == "auto" and (Path("/dev/nvidia0").exists() or (sys.platform == "darwin" and platform.machine() == "arm64"))
    return accelerated or (precision == "auto" and _has_bfloat16_units())


def _has_bfloat16_units() -> bool:
    """Whether the processor multiplies bfloat16; read from the system, since to ask torch takes a second to load it."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(r"\b(amx_bf16|avx512_bf16)\b", flags) is not None


def _check_changes(recipe: Recipe, changes: Mapping[str, str], *, encoder: str | None) -> None:
    """Refuse what changes nothing where a network paints in one pass.

    Raises:
        UsageError: a knob of optimization is changed, or an encoder is given where none looks at anything.
    """
    for knob in changes:
        if not knob.startswith(_NETWORK_KNOBS):
            raise UsageError(
                f"recipe '{recipe.name}' uses one pass of a network, where {knob} has no effect; omit it, or choose a recipe "
                "that optimizes: refined, draft, standard, fine"
            )
    if encoder is not None and not recipe.network.name:
        raise UsageError(f"recipe '{recipe.name}' paints with the style's own network and needs no encoder; omit --encoder")
