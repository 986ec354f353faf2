"""The loss of a recipe at one level: a sum of terms, with the same value and gradient with and without tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.moments import Moments, summing_dtype
from stylenet.optimization.terms.base import LocalTerm, PixelTerm, Scene, StatisticsTerm, StyleTarget, Term, WholeTerm
from stylenet.optimization.terms.content import ContentTerm, SelfSimilarityTerm
from stylenet.optimization.terms.detail import DetailTerm
from stylenet.optimization.terms.pixels import EdgesTerm, SmoothnessTerm
from stylenet.optimization.terms.style import StyleTerm
from stylenet.optimization.terms.temporal import TemporalTerm
from stylenet.styles.framing import Frame, Measurement, Statistics, part_of
from stylenet.tiling.halo import strides

TERMS: tuple[type[Term], ...] = (ContentTerm, StyleTerm, SelfSimilarityTerm, DetailTerm, EdgesTerm, SmoothnessTerm, TemporalTerm)
"""All terms, in the order of summation."""

_Value = TypeVar("_Value", Tensor, float)

_Slopes = Mapping[str, Sequence[tuple[Tensor, Tensor, float]]]
"""By layer and region: the gradients of the loss with respect to mean and gram, and the total number of positions."""


class Objective:
    """Loss of a recipe for pictures of one size.

    Args:
        recipe: The recipe.
        encoder: The encoder.
        photo: The photo at this size, (1, 3, H, W), 0..1.
        targets: Style targets at this size; their shares sum to 1 in every region.
        regions: Masks of the regions, (R, 1, H, W), 0..1; None: a single region.
        style_factor: Factor of the style weight, from the strength.
        content_factor: Factor of the content weight, from the level.
        deepest: Deepest style layer to use, from the level; None: all of the recipe's.
        tile_px: Pixels per tile; None: no tiles. Loss and gradient are the same.
        history: For video frames: the previous painting at this size, and its weights.
        kinds: Classes of the terms.
    """

    def __init__(
        self,
        recipe: Recipe,
        encoder: VggEncoder,
        photo: Tensor,
        targets: Sequence[StyleTarget],
        *,
        regions: Tensor | None = None,
        style_factor: float = 1.0,
        content_factor: float = 1.0,
        deepest: str | None = None,
        tile_px: int | None = None,
        history: tuple[Tensor, Tensor] | None = None,
        kinds: Sequence[type[Term]] = TERMS,
    ) -> None:
        self.encoder = encoder
        style = style_layers(recipe, encoder.record, deepest)
        scene = Scene(
            recipe=recipe,
            photo=photo,
            targets=targets,
            areas=[1.0] if regions is None else [float(region.mean()) for region in regions],
            style_layers=style,
            style_factor=style_factor,
            content_factor=content_factor,
            dtype=summing_dtype(next(encoder.parameters())),
            history=history,
        )
        terms = [term for kind in kinds if (term := kind.of(scene)) is not None]
        self._statistics = [term for term in terms if isinstance(term, StatisticsTerm)]
        self._local = [term for term in terms if isinstance(term, LocalTerm)]
        self._whole = [term for term in terms if isinstance(term, WholeTerm)]
        self._pixels = [term for term in terms if isinstance(term, PixelTerm)]
        self._order = [term.name for term in terms]
        self._moments_of = _layers(self._statistics)
        self._whole_layers = _layers(self._whole)
        # All of the recipe's layers, used or not, so that textures have the same tiles as paintings.
        layers = tuple(dict.fromkeys((*style, *recipe.content.layers, *_layers(terms))))
        self.frame = Frame(encoder.record, (photo.shape[3], photo.shape[2]), layers, recipe.picture.rim_px, tile_px=tile_px)
        self._weights = None if regions is None else self._weights_of(regions)
        keep = _layers([*self._local, *self._whole])
        measured = self.frame.measure(encoder, photo, moments_of=self._moments_of, keep=keep, weights=self._weights)
        for term in terms:
            term.prepare(measured)

    def evaluate(self, image: Tensor) -> tuple[dict[str, float], Tensor]:
        """The weighted terms of a picture (1, 3, H, W) in 0..1 as floats, and the gradient of their sum."""
        image = image.detach()
        if self.frame.is_whole:
            image = image.requires_grad_()
            terms = self.terms(image)
            (gradient,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), image)
            # A single transfer for all terms, since each one would synchronize with the GPU.
            numbers = torch.stack([value.detach() for value in terms.values()]).tolist()
            return dict(zip(terms, numbers, strict=True)), gradient
        return self._evaluate_by_tiles(image)

    def terms(self, image: Tensor) -> dict[str, Tensor]:
        """The weighted terms of a picture (1, 3, H, W) in 0..1, computed without tiles; their sum is the loss."""
        (whole,) = self.frame.tiles
        measured = self.frame.encode(self.encoder, image, whole, moments_of=self._moments_of, weights=self._weights)
        values: list[tuple[str, Tensor]] = [(local.name, local.value(measured.features)) for local in self._local]
        values += [(term.name, term.value(measured.statistics)) for term in self._statistics]
        values += [(term.name, term.value(measured.features)) for term in self._whole]
        values += [(term.name, term.value(image)) for term in self._pixels]
        return _added(values, self._order)

    def _evaluate_by_tiles(self, image: Tensor) -> tuple[dict[str, float], Tensor]:
        """Evaluate in two passes over the tiles: the first sums statistics, the second backpropagates their gradients to the pixels.

        Terms of statistics depend on the picture only through its moments. Their gradient with respect to the moments follows from the
        first pass; the second pass backpropagates it through each tile's contribution to the moments. Terms of whole layers work
        likewise. Local terms are sums over positions.
        """
        gradient = torch.zeros_like(image)
        values: list[tuple[str, float]] = []
        slopes: _Slopes = {}
        whole_slopes: Mapping[str, Tensor] = {}
        if self._moments_of or self._whole_layers:
            measured = self.frame.measure(self.encoder, image, moments_of=self._moments_of, keep=self._whole_layers, weights=self._weights)
            if self._moments_of:
                statistics_values, slopes = self._statistics_slopes(measured.statistics)
                values += statistics_values
            if self._whole_layers:
                whole_values, whole_slopes = self._whole_layer_slopes(measured)
                values += whole_values
        for tile in self.frame.tiles:
            part = part_of(image, tile).requires_grad_()
            measured = self.frame.encode(self.encoder, part, tile, moments_of=self._moments_of, weights=self._weights)
            losses = []
            for term in self._local:
                place = {layer: self.frame.place(layer, tile) for layer in term.layers}
                losses.append(term.value(measured.features, place))
                values.append((term.name, float(losses[-1].detach())))
            for layer, each in slopes.items():
                for moments, (mean, gram, positions) in zip(measured.statistics[layer], each, strict=True):
                    share = moments.positions / positions
                    losses.append(share * ((moments.mean * mean).sum() + (moments.gram * gram).sum()))
            for layer, slope in whole_slopes.items():
                product = measured.features[layer] * slope[(..., *self.frame.place(layer, tile))]
                losses.append(product.sum(dtype=summing_dtype(product)))
            part_of(gradient, tile).add_(torch.autograd.grad(torch.stack(losses).sum(), part)[0])
        values += [(term.name, term.add_slope(image, gradient)) for term in self._pixels]
        return _added(values, self._order), gradient

    def _statistics_slopes(self, statistics: Statistics) -> tuple[list[tuple[str, float]], _Slopes]:
        """The terms of statistics, and their gradients with respect to mean and gram, by layer and region."""
        leaves = {
            layer: tuple(Moments(one.mean.requires_grad_(), one.gram.requires_grad_(), one.positions) for one in each)
            for layer, each in statistics.items()
        }
        values = [(term.name, term.value(leaves)) for term in self._statistics]
        tensors = [part for each in leaves.values() for one in each for part in (one.mean, one.gram)]
        gradients = iter(torch.autograd.grad(torch.stack([value for _, value in values]).sum(), tensors, materialize_grads=True))
        slopes = {layer: [(next(gradients), next(gradients), one.positions) for one in each] for layer, each in leaves.items()}
        return [(name, float(value.detach())) for name, value in values], slopes

    def _whole_layer_slopes(self, measured: Measurement) -> tuple[list[tuple[str, float]], Mapping[str, Tensor]]:
        """The terms of whole layers, and their gradients with respect to the features."""
        leaves = {layer: values.requires_grad_() for layer, values in measured.features.items()}
        values = [(term.name, term.value(leaves)) for term in self._whole]
        total = torch.stack([value for _, value in values]).sum()
        gradients = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
        return [(name, float(value.detach())) for name, value in values], dict(zip(leaves, gradients, strict=True))

    def _weights_of(self, regions: Tensor) -> dict[str, Tensor]:
        """Weights of the regions at every position of the layers with statistics, by average pooling."""
        stride_of = strides(self.encoder.record)
        weights = {}
        for layer in self._moments_of:
            rows, columns = self.frame.shape(layer)
            stride = min(stride_of[layer], *regions.shape[2:])
            pooled = functional.avg_pool2d(regions, stride, ceil_mode=True)
            weights[layer] = pooled[:, 0, :rows, :columns]
        return weights


def style_layers(recipe: Recipe, record: EncoderRecord, deepest: str | None = None) -> list[str]:
    """The recipe's style layers in the order of the network, down to `deepest`."""
    last = len(record.layers) if deepest is None else record.layers.index(deepest)
    return sorted((layer for layer in recipe.style.layers if record.layers.index(layer) <= last), key=record.layers.index)


def _layers(terms: Sequence[Term]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(layer for term in terms for layer in term.layers))


def _added(values: Sequence[tuple[str, _Value]], order: Sequence[str]) -> dict[str, _Value]:
    """Sums of the values of each name, in a given order."""
    sums: dict[str, _Value] = {}
    for name, value in values:
        sums[name] = sums[name] + value if name in sums else value
    return {name: sums[name] for name in dict.fromkeys(order) if name in sums}
