"""Read weights from a file in any supported format."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from stylenet.catalog.encoders import VGG16, VGG19, EncoderRecord
from stylenet.errors import UsageError, WeightsError, did_you_mean
from stylenet.weights.encoder_weights import EncoderWeights, RawWeights, assemble
from stylenet.weights.formats.detect import EXPECTED, Format, detect

__all__ = ["KINDS", "EncoderWeights", "read_weights"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "torchvision": "RGB, 0..1 minus mean divided by standard deviation",
        "caffe": "BGR, 0..255 minus mean: the Caffe-trained networks",
        "caffe-rgb": "RGB, 0..255 minus mean: the Caffe-trained networks converted to RGB",
        "matconvnet": "a MatConvNet file, kernels (height, width, in, out)",
        "matconvnet-swapped": "a MatConvNet file as TensorFlow ports read it: height and width of the kernels swapped",
        "keras": "a Keras file: BGR, 0..255 minus mean",
    }
)
"""Kinds of files, to override recognition."""


def read_weights(path: str | Path, *, kind: str | None = None, architectures: Sequence[EncoderRecord] = (VGG19, VGG16)) -> EncoderWeights:
    """The weights in the file at `path`, in any supported format.

    The format is detected from the content. Code in the file is never run.

    Args:
        path: safetensors, PyTorch state dict (.pth, .bin), MatConvNet (.mat), Keras (.h5), NumPy dictionary (.npy) or archive (.npz).
        kind: One of `KINDS`, which defines the preprocessing; None: recognized, and recorded in `provenance`.
        architectures: The networks that a file may contain, distinguished by their convolutions.

    Raises:
        WeightsError: The file is not supported, truncated, malicious, of another network, or has non-finite values.
    """
    path = Path(path)
    if kind is not None and kind not in KINDS:
        raise WeightsError(f"kind '{kind}' is unknown; allowed are {', '.join(KINDS)}{did_you_mean(kind, KINDS)}")
    form = detect(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about old files; errors are raised
            found = _reader(form)(path, kind=kind)
        return found if isinstance(found, EncoderWeights) else assemble(found, architectures)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    except UsageError:
        raise  # the package for the format is not installed
    except Exception as error:
        # Readers may raise any exception for damaged files.
        reason = " ".join(str(error).split())[:160] or "no reason given"
        what = f"the {form} file is truncated, damaged or unsupported ({type(error).__name__}: {reason})"
        raise WeightsError(f"{path}: {what}; expected {EXPECTED} with VGG-16 or VGG-19") from error


def _reader(form: Format) -> Callable[..., EncoderWeights | RawWeights]:
    # Imported here, so that reading a safetensors file does not import SciPy and HDF5.
    match form:
        case "safetensors":
            from stylenet.weights.formats.safetensors_file import read_safetensors

            return read_safetensors
        case "torch-zip" | "torch-pickle":
            from stylenet.weights.formats.torch_file import read_torch

            return partial(read_torch, zipped=form == "torch-zip")
        case "matlab":
            from stylenet.weights.formats.matconvnet import read_matconvnet

            return read_matconvnet
        case "hdf5":
            from stylenet.weights.formats.keras import read_keras

            return read_keras
        case "npy":
            from stylenet.weights.formats.numpy_file import read_npy

            return read_npy
        case "npz":
            from stylenet.weights.formats.numpy_file import read_npz

            return read_npz
