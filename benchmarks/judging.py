"""Evaluation of networks during training, on a few photos that are not used for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from stylenet.encoders.vgg import VggEncoder
from stylenet.image.crops import find_pictures
from stylenet.image.files import load_image
from stylenet.image.resize import fit_within, resize
from stylenet.shapes import Image
from stylenet.training.perceptual import PerceptualLoss, Weights
from stylenet.training.style_targets import StyleTargets

PHOTOS, SIZE_PX = 8, 256


class Judge:
    """Content and style losses of the paintings of eight photos; content is 1 for a picture without content, style is 1 for the photo.

    Args:
        encoder: Encoder in float32.
        painting: Style image, an array (1, 3, H, W).
        style_px: Long side at which the style image is measured.
        content: Folder of photos, of which eight are selected evenly.
    """

    def __init__(self, encoder: VggEncoder, painting: Image, *, style_px: int, content: Path) -> None:
        self._loss = PerceptualLoss(encoder, Weights(style=1.0, smoothness=0.0))
        whole, half = self._loss.statistics(torch.from_numpy(resize(painting, fit_within(painting.shape[3], painting.shape[2], style_px))))
        self._targets = StyleTargets.of(whole), StyleTargets.of(half)
        found = find_pictures(content)
        chosen = found[:: max(1, len(found) // PHOTOS)][:PHOTOS]
        self.photos = [torch.from_numpy(resize(load_image(path).pixels, (SIZE_PX, SIZE_PX))) for path in chosen]

    @torch.no_grad()
    def losses(self, paint: Callable[[Tensor], Tensor]) -> tuple[dict[str, float], Sequence[Tensor]]:
        """Means of both losses, and the paintings."""
        paintings = [paint(photo) for photo in self.photos]
        terms = [self._loss(one, photo, self._targets, torch.tensor([50.0])) for one, photo in zip(paintings, self.photos, strict=True)]
        return {term: round(sum(float(each[term]) for each in terms) / len(terms), 3) for term in ("content", "style")}, paintings
