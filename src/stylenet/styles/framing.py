"""The rim: a picture is continued by reflection before the encoder sees it, and features of the rim do not count.

Convolutions that pad with zeros see a dark frame; a picture painted against such features grows a colored rim.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor
from torch.nn import functional

from stylenet.encoders.vgg import VggEncoder

_STRIDE_OF_BLOCK = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16}


def framed_features(encoder: VggEncoder, image: Tensor, layers: Iterable[str], rim_px: int) -> dict[str, Tensor]:
    """Features of `layers` for the picture itself, computed with a rim of `rim_px` reflected pixels around it.

    The rim is shortened to what the picture can reflect, in steps of 16 pixels, so that pooling windows stay where they are.
    """
    height, width = image.shape[2:]
    rim = min(rim_px, height - 1, width - 1) // 16 * 16
    if rim == 0:
        return encoder(image, layers)
    features = encoder(functional.pad(image, (rim, rim, rim, rim), mode="reflect"), layers)
    without_rim = {}
    for layer, values in features.items():
        stride = _STRIDE_OF_BLOCK[int(layer[4])]
        first, rows, columns = rim // stride, max(1, height // stride), max(1, width // stride)
        without_rim[layer] = values[:, :, first : first + rows, first : first + columns]
    return without_rim
