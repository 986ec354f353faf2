"""What a recipe minimizes at one level: content, style and smoothness of a picture, weighted; whole or tile by tile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.encoders import EncoderRecord
from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import UsageError
from stylenet.losses.content import ContentTarget
from stylenet.losses.laplacian import laplacian, laplacian_distance
from stylenet.losses.moments import Moments, summing_dtype
from stylenet.losses.positions import PositionLoss, position_loss
from stylenet.losses.selfsimilarity import self_similarity, self_similarity_distance
from stylenet.losses.smoothness import add_mean_square_slope, total_variation
from stylenet.losses.style import LayerLoss, chained, layer_loss
from stylenet.styles.framing import Frame, Statistics, part_of
from stylenet.tiling.halo import strides


@dataclass(frozen=True)
class StyleTarget:
    """What a painting asks of a region of the picture.

    Attributes:
        moments: By layer.
        share: Where several are blended.
        region: Of the picture.
        features: By layer, (1, C, H, W), where a recipe compares positions.
    """

    moments: Mapping[str, Moments]
    share: float
    region: int = 0
    features: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class _Weighted:
    weight: float
    loss: LayerLoss


class Objective:
    """The recipe's loss for pictures of one size.

    Args:
        recipe: What to minimize.
        encoder: Gives the features.
        photo: The photo at this size, (1, 3, H, W), 0..1.
        targets: The paintings' moments at this size; their shares sum to one in every region.
        regions: Where each region lies, (R, 1, H, W), 0..1; None: one region, everywhere.
        style_factor: The style weight is multiplied by it (strength).
        content_factor: The content weight is multiplied by it (level).
        deepest: The deepest style layer that is compared (level); None: all of the recipe's.
        tile_px: Pixels that the encoder may look at in one pass; None: all of them. Loss and gradient are the same.
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
    ) -> None:
        self.recipe, self.encoder = recipe, encoder
        self._by_places = recipe.content.distance == "self-similarity"
        self._whole_layers = tuple(
            {**(recipe.detail.layers if recipe.detail.weight else {}), **(recipe.content.layers if self._by_places else {})}
        )
        self._style_layers = style_layers(recipe, encoder.record, deepest)
        layers = tuple(dict.fromkeys((*self._style_layers, *recipe.content.layers, *self._whole_layers)))
        self._content_weight = recipe.content.weight * content_factor
        self._style_weight, self._style_factor = recipe.style.weight * style_factor, style_factor
        self._dtype = summing_dtype(next(encoder.parameters()))
        self.frame = Frame(encoder.record, (photo.shape[3], photo.shape[2]), layers, recipe.picture.rim_px, tile_px=tile_px)
        self._weights = None if regions is None else self._weights_of(regions)
        areas = [1.0] if regions is None else [float(region.mean()) for region in regions]
        self._targets = targets
        self._style: list[list[_Weighted]] = [
            [
                _Weighted(
                    areas[target.region] * target.share * recipe.style.layers[layer], self._layer_loss(layer, target.moments[layer], photo)
                )
                for layer in self._style_layers
            ]
            for target in targets
        ]
        keep = tuple({**recipe.content.layers, **dict.fromkeys(self._whole_layers)})
        seen = self.frame.measure(encoder, photo, watch=self._style_layers, keep=keep, weights=self._weights)
        content = {layer: seen.features[layer] for layer in recipe.content.layers}
        self._content = {} if self._by_places else {layer: ContentTarget(one, recipe.content.distance) for layer, one in content.items()}
        self._places = {layer: self_similarity(one) for layer, one in content.items()} if self._by_places else {}
        self._detail = self._details(seen.features)
        # Of the coarse levels of a narrow picture large pools leave no edge to compare.
        pools = [pool for pool in recipe.edges.pools if 3 * pool <= min(photo.shape[2:])] if recipe.edges.weight else []
        self._edges = [laplacian(photo, pool=pool) for pool in pools]
        if recipe.style.balance == "start" and self._style_layers:
            with torch.no_grad():
                self._style = self._balanced(seen.statistics)

    def evaluate(self, image: Tensor) -> tuple[dict[str, float], Tensor]:
        """The weighted terms of a picture (1, 3, H, W) in 0..1 as numbers, and the gradient of their sum with respect to it."""
        image = image.detach()
        if self.frame.is_whole:
            image = image.requires_grad_()
            terms = self.terms(image)
            (gradient,) = torch.autograd.grad(torch.stack(list(terms.values())).sum(), image)
            # One transfer for all terms: on a GPU each would be a wait of its own.
            numbers = torch.stack([value.detach() for value in terms.values()]).tolist()
            return dict(zip(terms, numbers, strict=True)), gradient
        return self._evaluate_by_tiles(image)

    def terms(self, image: Tensor) -> dict[str, Tensor]:
        """The weighted terms of a picture (1, 3, H, W) in 0..1, looked at in one pass; their sum is the loss."""
        (whole,) = self.frame.tiles
        look = self.frame.look(self.encoder, image, whole, watch=self._style_layers, weights=self._weights)
        terms: dict[str, Tensor] = {}
        if self._content and self._content_weight:
            losses = [self.recipe.content.layers[layer] * target.loss(look.features[layer]) for layer, target in self._content.items()]
            terms["content"] = self._content_weight * torch.stack(losses).sum()
        if self._style_layers and self._style_weight:
            terms["style"] = (self._style_weight * self._style_loss(look.statistics)).to(image.dtype)
        terms |= self._whole_terms(look.features)
        if self._edges:
            terms["edges"] = self._edge_loss(image)
        if self.recipe.smoothness.weight:
            terms["smoothness"] = self._smoothness(image)
        return terms

    def _evaluate_by_tiles(self, image: Tensor) -> tuple[dict[str, float], Tensor]:
        """Two passes over the tiles: the first adds up the statistics, the second sends the loss' slope at them back to the pixels.

        What the loss knows of the whole picture are its moments alone. With them the slope of the loss with respect to every moment is
        known, and a tile's own part in the moments is all that is left to differentiate. Content is compared position by position.
        """
        gradient = torch.zeros_like(image)
        terms: dict[str, float] = {}
        slopes: dict[str, list[tuple[Tensor, Tensor, float]]] = {}
        watch = self._style_layers if self._style_weight else []
        if self._content and self._content_weight:
            terms["content"] = 0.0
        whole_slopes: dict[str, Tensor] = {}
        if watch or self._whole_layers:
            whole = self.frame.measure(self.encoder, image, watch=watch, keep=self._whole_layers, weights=self._weights)
            if watch:
                terms["style"], slopes = self._style_slopes(whole.statistics)
            if self._whole_layers:
                leaves = {layer: values.requires_grad_() for layer, values in whole.features.items()}
                values = self._whole_terms(leaves)
                terms |= {name: float(value.detach()) for name, value in values.items()}
                found = torch.autograd.grad(torch.stack(list(values.values())).sum(), list(leaves.values()), materialize_grads=True)
                whole_slopes = dict(zip(leaves, found, strict=True))
        for tile in self.frame.tiles:
            part = part_of(image, tile).requires_grad_()
            look = self.frame.look(self.encoder, part, tile, watch=watch, weights=self._weights)
            losses = []
            if "content" in terms:
                for layer, target in self._content.items():
                    weight = self._content_weight * self.recipe.content.layers[layer]
                    losses.append(weight * target.loss(look.features[layer], self.frame.place(layer, tile)))
                terms["content"] += float(sum(loss.detach() for loss in losses))
            for layer, each in slopes.items():
                for moments, (mean, gram, positions) in zip(look.statistics[layer], each, strict=True):
                    share = moments.positions / positions
                    losses.append(share * ((moments.mean * mean).sum() + (moments.gram * gram).sum()))
            for layer, slope in whole_slopes.items():
                product = look.features[layer] * slope[(..., *self.frame.place(layer, tile))]
                losses.append(product.sum(dtype=summing_dtype(product)))
            part_of(gradient, tile).add_(torch.autograd.grad(torch.stack(losses).sum(), part)[0])
        if self._edges:
            whole_image = image.detach().requires_grad_()
            edges = self._edge_loss(whole_image)
            gradient += torch.autograd.grad(edges, whole_image)[0]
            terms["edges"] = float(edges.detach())
        smoothness = self.recipe.smoothness
        if smoothness.weight and smoothness.distance == "mean-square" and self.recipe.picture.unit == "unit":
            terms["smoothness"] = add_mean_square_slope(image, gradient, smoothness.weight)
        elif smoothness.weight:
            smooth = image.requires_grad_()
            value = self._smoothness(smooth)
            gradient += torch.autograd.grad(value, smooth)[0]
            terms["smoothness"] = float(value.detach())
        return terms, gradient

    def _details(self, at_photo: Mapping[str, Tensor]) -> list[tuple[str, float, PositionLoss]]:
        """Layer, weight and loss of every part of the detail term, balanced as the style term is."""
        section = self.recipe.detail
        if not section.weight:
            return []
        if any(target.region for target in self._targets):
            raise UsageError("the detail term does not support masks; omit --mask or set `detail.weight` to 0")
        parts = []
        for target in self._targets:
            losses = {layer: position_loss(target.features[layer], section.statistic) for layer in section.layers}
            with torch.no_grad():
                begin = {layer: float(loss(at_photo[layer])) for layer, loss in losses.items()}
            floor = max(0.05 * sum(begin.values()) / len(begin), 1e-12)
            weights = section.layers
            parts += [(layer, target.share * weights[layer] / max(begin[layer], floor), loss) for layer, loss in losses.items()]
        return parts

    def _whole_terms(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The terms that look at the positions of whole layers."""
        terms = {}
        if self._places and self._content_weight:
            layers = self.recipe.content.layers
            losses = [layers[layer] * self_similarity_distance(features[layer], target) for layer, target in self._places.items()]
            terms["content"] = self._content_weight * torch.stack(losses).sum()
        if self._detail:
            # The strength holds for all that comes from the painting.
            factor = self.recipe.detail.weight * self._style_factor
            terms["detail"] = factor * torch.stack([weight * loss(features[layer]) for layer, weight, loss in self._detail]).sum()
        return terms

    def _edge_loss(self, image: Tensor) -> Tensor:
        return self.recipe.edges.weight * torch.stack([laplacian_distance(image, target) for target in self._edges]).mean()

    def _style_slopes(self, statistics: Statistics) -> tuple[float, dict[str, list[tuple[Tensor, Tensor, float]]]]:
        """The style term, and for every layer and region its slope with respect to mean and mean product, with the positions in all."""
        leaves = {
            layer: tuple(Moments(one.mean.requires_grad_(), one.gram.requires_grad_(), one.positions) for one in each)
            for layer, each in statistics.items()
        }
        term = self._style_weight * self._style_loss(leaves)
        tensors = [part for each in leaves.values() for one in each for part in (one.mean, one.gram)]
        found = iter(torch.autograd.grad(term, tensors, materialize_grads=True))
        return float(term.detach()), {layer: [(next(found), next(found), one.positions) for one in each] for layer, each in leaves.items()}

    def _style_loss(self, statistics: Statistics) -> Tensor:
        given = [[one.shifted(self.recipe.style.shift) for one in statistics[layer]] for layer in self._style_layers]
        total = given[0][0].gram.new_zeros(())
        for target, weighted in zip(self._targets, self._style, strict=True):
            by_layer = [entry.weight * entry.loss(values[target.region]) for entry, values in zip(weighted, given, strict=True)]
            total = total + (chained(by_layer) if self.recipe.style.chain else torch.stack(by_layer).sum())
        return total

    def _balanced(self, statistics: Statistics) -> list[list[_Weighted]]:
        """Each layer's weight divided by its loss for the photo, so that every pair of pictures starts at the same style loss.

        A layer in which the photo is like the painting already is not blown up: it counts at least as a twentieth of the average.
        """
        given = [[one.shifted(self.recipe.style.shift) for one in statistics[layer]] for layer in self._style_layers]
        balanced = []
        for target, weighted in zip(self._targets, self._style, strict=True):
            at_photo = [entry.loss(values[target.region]).item() for entry, values in zip(weighted, given, strict=True)]
            floor = max(0.05 * sum(at_photo) / len(at_photo), 1e-12)
            balanced.append(
                [replace(entry, weight=entry.weight / max(value, floor)) for entry, value in zip(weighted, at_photo, strict=True)]
            )
        return balanced

    def _layer_loss(self, layer: str, target: Moments, photo: Tensor) -> LayerLoss:
        section = self.recipe.style
        target = target.to(photo.device, self._dtype).shifted(section.shift)
        pixels = photo.shape[2] * photo.shape[3]
        return layer_loss(target, section.statistic, section.distance, picture_positions=pixels)

    def _smoothness(self, image: Tensor) -> Tensor:
        smoothness = self.recipe.smoothness
        scale = 255.0 if self.recipe.picture.unit == "bytes" else 1.0
        return smoothness.weight * total_variation(image * scale if scale != 1.0 else image, smoothness.distance)

    def _weights_of(self, regions: Tensor) -> dict[str, Tensor]:
        """The regions' weights at every position of the style layers: the average over the pixels that belong to it."""
        stride_of = strides(self.encoder.record)
        found = {}
        for layer in self._style_layers:
            rows, columns = self.frame.shape(layer)
            stride = min(stride_of[layer], *regions.shape[2:])
            pooled = functional.avg_pool2d(regions, stride, ceil_mode=True)
            found[layer] = pooled[:, 0, :rows, :columns]
        return found


def style_layers(recipe: Recipe, record: EncoderRecord, deepest: str | None = None) -> list[str]:
    """The recipe's style layers in the order in which they are computed, down to `deepest`."""
    last = len(record.layers) if deepest is None else record.layers.index(deepest)
    return sorted((layer for layer in recipe.style.layers if record.layers.index(layer) <= last), key=record.layers.index)
