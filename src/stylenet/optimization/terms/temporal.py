"""Temporal term for videos: a frame stays close to the previous painting, warped by the optical flow."""

from __future__ import annotations

from typing import Self

from torch import Tensor

from stylenet.optimization.terms.base import PixelTerm, Scene


class TemporalTerm(PixelTerm):
    """Weighted squared distance to the warped previous painting, averaged over pixels and channels.

    The weight is 0 where the previous painting is invalid: at the border, and in disoccluded or changed areas.

    References:
        Ruder, Dosovitskiy, Brox 2016 (GCPR), eq. 7, which also divides the sum by the number of values. Their weights are 0 or 1, from the
        consistency of forward and backward flow; ours are 0 to 1, from the accuracy of the flow's prediction, times a constant.
    """

    name = "temporal"

    def __init__(self, before: Tensor, weights: Tensor) -> None:
        self._before, self._weights = before, weights

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, if there is a previous painting."""
        return None if scene.history is None else cls(*scene.history)

    def value(self, image: Tensor) -> Tensor:
        """The weighted mean square."""
        return (self._weights * (image - self._before).square()).mean()
