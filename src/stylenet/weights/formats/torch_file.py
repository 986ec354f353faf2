"""PyTorch files, both zip archives and pickles from before version 1.6, read without running code in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import RawWeights
from stylenet.weights.formats.codebook import has_codebook, read_codebook
from stylenet.weights.formats.detect import check_archive
from stylenet.weights.formats.state_dict import read_state_dict


def read_torch(path: Path, *, zipped: bool, kind: str | None) -> RawWeights:
    """The convolutions in a state dict written by torch.save, or in one whose kernels are indices and tables.

    Raises:
        WeightsError: The file contains anything other than tensors by name.
    """
    if zipped:
        check_archive(path, stored=True)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # PyTorch's message recommends unsafe loading, and must not be shown.
        if "Weights only load failed" in str(error) or "Unsupported" in str(error):
            raise WeightsError("the file contains Python objects, which could run code; expected a state dict of tensors only") from None
        raise
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping):
        raise WeightsError(f"the file contains a {type(state).__name__}, expected a state dict: tensors by name")
    tensors = {name: value for name, value in state.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if len(tensors) != len(state):
        raise WeightsError(f"{len(state) - len(tensors)} of {len(state)} entries are not tensors by name; expected a state dict")
    arrays = {name: as_array(tensor, name) for name, tensor in tensors.items()}
    if has_codebook(arrays):
        return read_codebook(arrays, kind=kind)
    return read_state_dict(arrays, layout="PyTorch state dict", kind=kind)


def as_array(tensor: Tensor, name: str) -> NDArray[Any]:
    """A copy of the values of a tensor; types that NumPy lacks, such as bfloat16, are converted to float32.

    Raises:
        WeightsError: It is sparse or quantized, or of such a type and larger than its storage.
    """
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise WeightsError(f"{name} is a sparse or quantized tensor, expected plain numbers")
    if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float32, torch.float64):
        # A small file can claim a tensor of any size by repeating one value.
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise WeightsError(f"{name} claims shape {tuple(tensor.shape)}, more than the values that are stored")
        tensor = tensor.float()
    return tensor.detach().cpu().numpy()
