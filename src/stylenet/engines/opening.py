"""Choose and open the engine for a recipe."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from stylenet.catalog.recipe import Recipe
from stylenet.engines.protocol import Engine
from stylenet.engines.sessions import available_cores, thread_count
from stylenet.errors import UsageError, counted
from stylenet.extras import is_installed, require
from stylenet.notices import CodedNotice
from stylenet.requests.painting import RecipeOptions

_NETWORK_PARAMETERS = ("method", "encoder.", "network.", "picture.largest_px", "picture.shape", "picture.rim_px")
"""Prefixes of the recipe values that apply to one-pass networks."""


def open_engine(
    recipe: Recipe,
    *,
    encoder: str | None = None,
    changes: Mapping[str, str] | None = None,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
) -> Engine:
    """Open the engine for a recipe and load its encoder.

    Args:
        recipe: Recipe with all changes.
        encoder: Name of weights or a weights file that replaces the recipe's encoder.
        changes: Recipe values changed by the user, to reject those without effect.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "float32" or "bfloat16".
        threads: Number of CPU threads; None: one per core.

    Raises:
        UsageError: a value is not allowed, a change or an encoder has no effect on the recipe, the device is not available, or torch is
            required but missing.
        WeightsError: the encoder's weights are missing or unusable.
    """
    options = RecipeOptions(encoder=encoder, device=device, precision=precision, threads=threads)
    engine = _opened(recipe, options, changes=changes or {})
    used = thread_count(threads)
    if threads is not None and used < threads:
        cores = counted(available_cores(), "core")
        message = f"painting with {used} threads instead of {threads}, at most four for each of {cores}"
        engine.notices = (*engine.notices, CodedNotice(message, "fewer-threads", used=used, threads=threads))
    return engine


def _opened(recipe: Recipe, options: RecipeOptions, *, changes: Mapping[str, str]) -> Engine:
    encoder, device, precision, threads = options.encoder, options.device, options.precision, options.threads
    if recipe.method == "network":
        _check_changes(recipe, changes, encoder=encoder)
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
    """Whether one-pass networks run with torch: because of the options, or on a GPU.

    On CPUs with bfloat16 units, torch is 1.5 times as fast, but importing it takes longer than painting.
    """
    if device not in ("auto", "cpu") or precision not in ("auto", "float32"):
        return True
    if not is_installed("torch"):
        return False
    return device == "auto" and (Path("/dev/nvidia0").exists() or (sys.platform == "darwin" and platform.machine() == "arm64"))


def _check_changes(recipe: Recipe, changes: Mapping[str, str], *, encoder: str | None) -> None:
    """Reject options without effect on one-pass networks.

    Raises:
        UsageError: a value of the optimization is changed, or an encoder is given for a recipe that uses none.
    """
    for parameter in changes:
        if not parameter.startswith(_NETWORK_PARAMETERS):
            raise UsageError(
                f"recipe '{recipe.name}' uses one pass of a network, where {parameter} has no effect; omit it, or choose a recipe "
                "that optimizes: refined, draft, standard, fine"
            )
    if encoder is not None and not recipe.network.name:
        raise UsageError(f"recipe '{recipe.name}' paints with the style's own network and needs no encoder; omit --encoder")
