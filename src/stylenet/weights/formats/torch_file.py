"""PyTorch's own files, the zip archive of today and the pickle of before version 1.6, both without running anything in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import Found
from stylenet.weights.formats.codebook import has_codebook, read_codebook
from stylenet.weights.formats.detect import check_archive
from stylenet.weights.formats.state_dict import read_state_dict


def read_torch(path: Path, *, zipped: bool, kind: str | None) -> Found:
    """The convolutions in a state dict written by torch.save, or in one whose kernels are indexes and tables.

    Raises:
        WeightsError: The file holds anything else than tensors by name.
    """
    if zipped:
        check_archive(path, stored=True)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # PyTorch's own message advises to load the file unsafely; that advice must not reach a person.
        if "Weights only load failed" in str(error) or "Unsupported" in str(error):
            raise WeightsError("the file holds Python objects that would have to be run; expected a state dict of tensors alone") from None
        raise
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping):
        raise WeightsError(f"the file holds a {type(state).__name__}, expected a state dict: tensors by name")
    tensors = {name: value for name, value in state.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if len(tensors) != len(state):
        raise WeightsError(f"{len(state) - len(tensors)} of {len(state)} entries are no tensors by name; expected a state dict")
    if has_codebook(tensors):
        return read_codebook(tensors, kind=kind)
    return read_state_dict(tensors, layout="PyTorch state dict", kind=kind)
