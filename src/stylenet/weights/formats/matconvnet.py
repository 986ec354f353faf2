"""MatConvNet's .mat files, imagenet-vgg-verydeep-16.mat and -19.mat, in both their layouts.

Until beta16: `layers` (cells of structs, with the weights in a cell array) and `normalization` with an average image of 224 x 224 x 3.
Since beta17: the mean as three numbers in `meta.normalization`. A still older form has `filters` and `biases` instead of `weights`.

Kernels are stored as (height, width, in, out). Widespread code assumes (width, height) and swaps the two, but the published filters equal
those of the Caffe network only without the swap. `matconvnet-swapped` reads them like that code, to reproduce its results.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from stylenet.catalog.encoders import Preprocessing
from stylenet.errors import WeightsError, did_you_mean
from stylenet.weights.encoder_weights import Label, RawWeights
from stylenet.weights.formats.matlab import read_matlab

KINDS = ("matconvnet", "matconvnet-swapped")


def read_matconvnet(path: Path, *, kind: str | None) -> RawWeights:
    """The convolutions of a MatConvNet network, found by their names, and the file's own mean.

    Raises:
        WeightsError: The file has no such network, or contains objects or functions.
    """
    if kind is not None and kind not in KINDS:
        raise WeightsError(f"kind '{kind}' does not fit a MATLAB file; allowed are {', '.join(KINDS)}{did_you_mean(kind, KINDS)}")
    content = read_matlab(path, ("layers", "normalization", "meta"))
    if not isinstance(content.get("layers"), list):
        raise WeightsError("the MATLAB file has no cell array 'layers'; expected a MatConvNet network")
    convolutions: dict[Label, Any] = {}
    for layer in content["layers"]:
        name = layer.get("name") if isinstance(layer, dict) else None
        if isinstance(name, str) and re.fullmatch(r"conv\d_\d", name):
            kernel, bias = _weights(layer, name)
            # (height, width, in, out) -> (out, in, height, width)
            axes = (3, 2, 1, 0) if kind == "matconvnet-swapped" else (3, 2, 0, 1)
            convolutions[name] = (np.transpose(kernel, axes), np.ravel(bias))
    mean, where = _mean(content)
    swapped = "swapped as given" if kind == "matconvnet-swapped" else "height before width"
    return RawWeights(
        layout="MatConvNet file",
        convolutions=convolutions,
        preprocessing=Preprocessing(channel_order="rgb", scale=255.0, mean=mean),
        notes={"recognized": f"matconvnet; mean from {where}; kernels {swapped}"},
    )


def _weights(layer: dict[str, Any], name: str) -> tuple[Any, Any]:
    pair = [layer["filters"], layer["biases"]] if "filters" in layer and "biases" in layer else layer.get("weights")
    while isinstance(pair, list) and len(pair) == 1:  # a nested cell
        pair = pair[0]
    if isinstance(pair, list) and len(pair) >= 2 and all(isinstance(part, np.ndarray) for part in pair[:2]) and pair[0].ndim == 4:
        return pair[0], pair[1]
    raise WeightsError(f"layer {name} has no kernel and bias; expected weights = {{kernel (3, 3, in, out), bias}}")


def _mean(content: dict[str, Any]) -> tuple[tuple[float, float, float], str]:
    for where, normalization in (
        ("meta.normalization", _field(content.get("meta"), "normalization")),
        ("normalization", content.get("normalization")),
    ):
        image = _field(normalization, "averageImage")
        if isinstance(image, np.ndarray) and image.dtype.kind in "fu" and image.size and image.size % 3 == 0:
            # (224, 224, 3), (1, 1, 3) or three numbers in a row or a column.
            values = image.astype(np.float64).mean((0, 1)) if image.ndim == 3 else np.ravel(image)
            if values.shape == (3,) and np.isfinite(values).all() and (abs(values) <= 255).all():
                return (float(values[0]), float(values[1]), float(values[2])), where
    raise WeightsError("the MATLAB file has no mean picture of three channels within 0..255 in meta.normalization or normalization")


def _field(struct: Any, name: str) -> Any:
    return struct.get(name) if isinstance(struct, dict) else None
