"""Recognize by its values how a VGG network was trained.

torchvision's networks and the Caffe-trained ones of Simonyan and Zisserman have files with the same names and shapes, but one expects
RGB divided by a standard deviation and the other BGR bytes minus a mean. The scale of the first weights does not distinguish them: it is
about 0.4 in both, because the activations of the Caffe networks grow into the hundreds instead. The filters do distinguish them.
VGG-16 and VGG-19 were initialized from the same smaller network (Simonyan and Zisserman 2014, section 3.1), so their first filters are
nearly the same; torchvision's were trained from scratch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stylenet.catalog.encoders import CAFFE_BGR, IMAGENET_RGB, Preprocessing
from stylenet.catalog.weights import CAFFE_RGB
from stylenet.errors import WeightsError, did_you_mean

PREPROCESSINGS = {"torchvision": IMAGENET_RGB, "caffe": CAFFE_BGR, "caffe-rgb": CAFFE_RGB}
"""Values of `--kind`, to override recognition."""

# Filters of conv1_1 of the Caffe-trained VGG-19, (B, G, R) x 3 x 3, normalized to length one: those that change most when channels or axes
# are swapped.
# fmt: off
_FILTERS = {
    1: (
        0.202, 0.283, 0.137, 0.283, 0.391, 0.169, 0.213, 0.299, 0.140,
        0.071, 0.111, -0.014, 0.120, 0.187, -0.015, 0.082, 0.128, -0.012,
        -0.178, -0.167, -0.245, -0.169, -0.132, -0.283, -0.165, -0.150, -0.243,
    ),
    13: (
        0.087, -0.001, -0.139, 0.282, 0.257, -0.015, 0.247, 0.251, 0.045,
        0.031, -0.103, -0.256, 0.241, 0.171, -0.122, 0.241, 0.206, -0.019,
        -0.158, -0.300, -0.412, 0.016, -0.063, -0.310, 0.041, -0.007, -0.188,
    ),
    62: (
        -0.043, -0.138, -0.251, 0.238, 0.216, -0.166, 0.123, 0.137, -0.113,
        -0.034, -0.172, -0.328, 0.288, 0.227, -0.213, 0.188, 0.170, -0.131,
        -0.032, -0.159, -0.300, 0.266, 0.217, -0.194, 0.168, 0.159, -0.116,
    ),
}
# fmt: on

_MIN_LIKENESS = 0.55
"""Mean cosine above which a network is considered Caffe-trained: it is 1 for VGG-19, and 0 with a deviation of 0.11 for random filters."""


def likeness(first_kernel: Any) -> float:
    """Mean cosine between some filters of a first convolution, (64, 3, 3, 3), and those of the Caffe-trained VGG-19 in BGR order."""
    kernel = np.asarray(first_kernel, dtype=np.float64)
    if kernel.shape != (64, 3, 3, 3) or not np.isfinite(kernel).all():
        return 0.0
    cosines = []
    for index, values in _FILTERS.items():
        given, known = kernel[index].ravel(), np.array(values)
        cosines.append(float(given @ known / max(np.linalg.norm(given) * np.linalg.norm(known), 1e-30)))
    return sum(cosines) / len(cosines)


def recognize(first_kernel: Any) -> tuple[str, float] | None:
    """`caffe` or `caffe-rgb` and the likeness, if a first convolution is that of a Caffe-trained network; otherwise None."""
    # RGB filters with reversed channels are BGR filters.
    for name, kernel in (("caffe", first_kernel), ("caffe-rgb", np.flip(np.asarray(first_kernel), 1))):
        if (value := likeness(kernel)) > _MIN_LIKENESS:
            return name, value
    return None


def preprocessing_of(first_kernel: Any, *, kind: str | None, otherwise: str) -> tuple[Preprocessing, str]:
    """The preprocessing of a network, and how it was determined.

    Args:
        first_kernel: Kernel of conv1_1, (out, 3, 3, 3).
        kind: One of `PREPROCESSINGS`, to override recognition, or None.
        otherwise: Used if no kind is given and the values are not recognized.

    Raises:
        WeightsError: `kind` is unknown or does not fit.
    """
    if kind is not None:
        if kind not in PREPROCESSINGS:
            allowed = ", ".join(PREPROCESSINGS)
            raise WeightsError(f"kind '{kind}' does not fit this file; allowed are {allowed}{did_you_mean(kind, PREPROCESSINGS)}")
        return PREPROCESSINGS[kind], f"{kind}, as given"
    if found := recognize(first_kernel):
        name, value = found
        return PREPROCESSINGS[name], f"{name}, by the filters of conv1_1 (cosine {value:.2f} with the Caffe-trained VGG-19)"
    return PREPROCESSINGS[otherwise], f"{otherwise}, by the file's layout; its first filters are not those of the Caffe-trained networks"
