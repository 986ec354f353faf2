"""The term of clips: a frame stays close to the painting before it, moved along with the scene."""

from __future__ import annotations

from typing import Self

from torch import Tensor

from stylenet.optimization.terms.base import PixelTerm, Scene


class TemporalTerm(PixelTerm):
    """Weighted squared distance to the painting before, averaged over pixels and channels.

    The weight is zero where the painting before says nothing about the frame: at the border, and where something was hidden or has changed.

    References:
        Ruder, Dosovitskiy, Brox 2016 (GCPR), eq. 7, which divides the sum by the number of values, too. There the weights are 0 or 1, from
        the consistency of forward and backward flow; here they are 0 to 1, from how well the flow predicts the frame, times a constant.
    """

    name = "temporal"

    def __init__(self, before: Tensor, weights: Tensor) -> None:
        self._before, self._weights = before, weights

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, where there is a painting before."""
        return None if scene.history is None else cls(*scene.history)

    def value(self, image: Tensor) -> Tensor:
        """The weighted mean square."""
        return (self._weights * (image - self._before).square()).mean()
