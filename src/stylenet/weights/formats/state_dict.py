"""Names of the convolutions of a VGG network in PyTorch state dicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import Label, RawWeights
from stylenet.weights.recognition import preprocessing_of

_NAME = re.compile(r"(?:module\.)?(?:vgg\.|model\.)?(?:features\.)?(?:(\d+)|(conv\d_\d))\.(weight|bias)")
_CLASSIFIER = re.compile(r"(?:module\.)?(?:vgg\.|model\.)?(?:classifier|fc)\.?\d.*")


def read_state_dict(tensors: Mapping[str, NDArray[Any]], *, layout: str, kind: str | None) -> RawWeights:
    """The convolutions among `tensors`: `features.N.weight`, `N.weight` (features alone) or `conv1_1.weight`.

    Raises:
        WeightsError: The names are those of another network, or `kind` does not fit.
    """
    kernels: dict[Label, Any] = {}
    biases: dict[Label, Any] = {}
    if any(name.removeprefix("module.").startswith("res1.conv1.conv2d.") for name in tensors):
        raise WeightsError(
            f"the {layout} is a fast style transfer network (of PyTorch's example) for one style, not a VGG network; "
            "train a network for the same painting with: stylenet train PAINTING --photos FOLDER --network johnson"
        )
    for name, tensor in tensors.items():
        if "running_mean" in name:
            raise WeightsError(f"found '{name}': a VGG network with batch normalization; expected one without, as in the papers")
        if match := _NAME.fullmatch(name):
            number, word, what = match.groups()
            label: Label = int(number) if number else word
            if what == "weight" and tensor.ndim == 4:
                kernels[label] = tensor
            elif what == "bias" and tensor.ndim == 1:
                biases[label] = tensor
        elif not _CLASSIFIER.fullmatch(name):
            raise WeightsError(f"found '{name[:80]}' in a {layout}, expected features.0.weight, ..., or conv1_1.weight, ...")
    for label in kernels:
        if label not in biases:
            raise WeightsError(f"the kernel {label} has no bias in a {layout}; expected a weight and a bias of each convolution")
    # Gatys' vgg_conv.pth names its layers conv1_1 and is a copy of the Caffe networks; torchvision uses numbers.
    numbered = all(isinstance(label, int) for label in kernels)
    first = kernels.get(0, kernels.get("conv1_1"))
    if first is None:
        raise WeightsError(f"no first convolution among {len(tensors)} tensors of a {layout}; expected features.0.weight or conv1_1.weight")
    values = np.asarray(first, np.float32) if first.size <= 64 * 27 else first[:0]
    preprocessing, how = preprocessing_of(values, kind=kind, otherwise="torchvision" if numbered else "caffe")
    return RawWeights(
        layout=layout,
        convolutions={label: (kernel, biases[label]) for label, kernel in kernels.items()},
        preprocessing=preprocessing,
        notes={"recognized": how},
    )
