"""The rim: a picture is continued by reflection before the encoder sees it, and features of the rim do not count.

Convolutions that pad with zeros see a dark frame; a picture painted against such features grows a colored rim.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from torch import Tensor
from torch.nn import functional

from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.moments import Moments, Window, watched

_STRIDE_OF_BLOCK = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16}


def framed_features(
    encoder: VggEncoder, image: Tensor, layers: Iterable[str], rim_px: int, *, watch: Container[str] = ()
) -> tuple[dict[str, Tensor], dict[str, Moments]]:
    """Features of `layers` and moments of those in `watch` for the picture itself, with `rim_px` reflected pixels around it.

    The rim is shortened to what the picture can reflect, in steps of 16 pixels, so that pooling windows stay where they are.
    """
    height, width = image.shape[2:]
    rim = min(rim_px, height - 1, width - 1) // 16 * 16
    statistics: dict[str, Moments] = {}

    def window(layer: str) -> Window | None:
        stride = _STRIDE_OF_BLOCK[int(layer[4])]
        return (rim // stride, max(1, height // stride), max(1, width // stride)) if rim else None

    def observe(layer: str, values: Tensor) -> Tensor:
        if layer in watch:
            values, statistics[layer] = watched(values, window(layer))
        return values

    if rim:
        image = functional.pad(image, (rim, rim, rim, rim), mode="reflect")
    features = encoder(image, layers, observe)
    return {layer: _cut(values, window(layer)) for layer, values in features.items()}, statistics


def _cut(values: Tensor, window: Window | None) -> Tensor:
    if window is None:
        return values
    first, rows, columns = window
    return values[:, :, first : first + rows, first : first + columns]
