"""The slim network: a feed-forward stylization network designed for CPUs.

Most of the computation is at a quarter, an eighth and a sixteenth of the picture's size, where the CPU's matrix units are efficient and
strokes are a few positions wide. The decoder upsamples by linear interpolation before each convolution, to avoid checkerboard artifacts;
at half and at full size it takes the photo's pixels as additional input. Noise is added at each of the three coarse sizes: in flat areas
of a photo, strokes can only come from noise.

Only the scales and shifts of the normalizations and a mixing of channels at each size depend on the style. Together they form a vector,
`knobs`. A network for one style stores it among its weights, once per strength; the network for arbitrary styles predicts it.

References:
    Ulyanov et al. 2016a, 2016b (noise at every scale; instance normalization); Dumoulin et al. 2017 (a style as scales and shifts); Ghiasi
    et al. 2017 (style prediction); Odena et al. 2016 (resize, then convolve); Zhang 2019 (blur before sampling). Resolutions, widths and
    the mixing are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.base import BatchSettings, PassSettings
from stylenet.networks.noise import distinct_point
from stylenet.networks.normalization import Normalize, instance_norm
from stylenet.networks.onnx_graph import Graph
from stylenet.networks.picture_sizes import shares_by_size
from stylenet.networks.progress import PartDone, share_of
from stylenet.networks.registry import registered
from stylenet.networks.relay import by_sizes, faded
from stylenet.networks.slim_geometry import (
    APRON_PX,
    FINISH_REACH_PX,
    MARGIN_PX,
    SHUFFLE,
    STRIDE,
    mirrored,
    trained_strength,
    wrapped,
)
from stylenet.networks.slim_graph import faded_graph, noise_input, own_knobs, slim_graph, strength_input
from stylenet.networks.slim_layers import SlimLayers
from stylenet.networks.slim_parts import Wide, blocks_of_two, leaky, twice, within
from stylenet.networks.tiles import Cut, Frame, Geometry, ReceptiveField, framed, paint_by_tiles
from stylenet.shapes import check_image


@registered("slim")
class SlimNet(SlimLayers):
    """Stylization network that maps a photo, noise and the knobs of a style to a painting.

    Args:
        record: Architecture of the network.
    """

    has_strengths = True
    paints_small_first = True
    has_margin = True
    optimizer = "muon"
    stored_bits = 8

    @classmethod
    def bytes_per_px(cls, record: SlimRecord, value_bytes: int) -> float:
        """Memory per pixel without tiling, measured."""
        # 370 bytes in float32, with freed memory kept.
        return 92 * value_bytes * record.fine / 64

    @classmethod
    def geometry(cls, record: SlimRecord, height: int, width: int) -> Geometry:
        """Receptive fields and padding for a picture of this size."""
        # Positions near the border of a tile are wrong: two in the noise, one more after each 3 x 3 convolution and each interpolation,
        # two more after each depthwise convolution.
        fine, coarse, deep = SHUFFLE, 2 * SHUFFLE, 4 * SHUFFLE
        first = 2 * coarse
        sunk = first + 2 * coarse + deep
        reaches = [sunk + 2 * deep * (index + 1) for index in range(record.blocks)]
        risen = reaches[-1] + deep
        grown = risen + 2 * coarse + coarse
        strokes = grown + 2 * fine
        fields = (
            ReceptiveField(fine, 2 * fine),
            *(ReceptiveField(coarse, first + coarse * index) for index in range(3)),
            ReceptiveField(deep, sunk),
            *(ReceptiveField(deep, reach) for reach in reaches),
            *(ReceptiveField(coarse, risen + coarse * (index + 1)) for index in range(2)),
            *(ReceptiveField(fine, grown + fine * (index + 1)) for index in range(2)),
            ReceptiveField(1, strokes + FINISH_REACH_PX),
        )
        return Geometry(
            fields=fields,
            stride_px=STRIDE,
            size=(height + -height % STRIDE + 2 * MARGIN_PX, width + -width % STRIDE + 2 * MARGIN_PX),
            frames=_frames(height, width),
            margin_px=MARGIN_PX,
            apron_px=APRON_PX,
        )

    def paint_style(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting in the network's own style."""

        def knobs(strength: float, size: tuple[int, int]) -> Tensor:
            return self.knobs_at(torch.tensor([strength], dtype=torch.float32, device=photo.device))

        return self.paint_with(knobs, photo, settings)

    def paint_with(self, knobs: Callable[[float, tuple[int, int]], Tensor], photo: Tensor, settings: PassSettings) -> Tensor:
        """A photo painted from coarse to fine, blended with the photo at the lowest strengths.

        Args:
            knobs: Function from a training strength (see `slim_geometry.trained_strength`) and (height, width) to the knobs of the style.
            photo: (1, 3, H, W), 0..1.
            settings: Strength, size of the strokes, seed and tiles.
        """
        strength = trained_strength(settings.strength)
        shares = shares_by_size(photo.shape[2], photo.shape[3], settings.style_scale)

        def paint(picture: Tensor, noise: Tensor) -> Tensor:
            size = (picture.shape[2], picture.shape[3])
            done = share_of(settings.done, shares[size])
            return cast(Tensor, self(picture, noise, knobs(strength, size), max_px=settings.tile_px, done=done))

        origin = settings.noise_origin
        if origin is None:
            origin = distinct_point(photo.float().cpu().numpy())
        painted = by_sizes(paint, photo, style_scale=settings.style_scale, seed=settings.seed, origin=origin)
        return faded(painted, photo, strength)

    def batch_noise(self, size: tuple[int, int], seeds: Sequence[int], device: torch.device) -> tuple[Tensor, ...]:
        """White noise, (B, 1, H, W); the noise of all pictures is drawn with the first picture's seed."""
        generator = torch.Generator(device).manual_seed(seeds[0])
        return (torch.randn((len(seeds), 1, *size), generator=generator, device=device),)

    def paint_batch(self, photos: Tensor | None, settings: BatchSettings) -> Tensor:
        """Paintings in the network's own style."""
        (noise,) = settings.noise
        knobs = self.knobs_at(settings.strengths)
        return cast(Tensor, self(photos, noise, knobs, rim_px=settings.rim_px))

    def to_graph(self, graph: Graph, image: str, *, description: Tensor | None = None) -> str:
        """Add the operators for the network's own style."""
        if self.record.code:
            return super().to_graph(graph, image)
        noise, strength = noise_input(graph), strength_input(graph)
        return faded_graph(graph, slim_graph(graph, self, image, noise=noise, knobs=own_knobs(graph, self, strength)), image, strength)

    def forward(
        self,
        image: Tensor,
        noise: Tensor,
        knobs: Tensor | None = None,
        *,
        max_px: int | None = None,
        rim_px: int = 0,
        done: PartDone | None = None,
    ) -> Tensor:
        """The painting, (B, 3, H + 2 R, W + 2 R) in 0..1 with R = `rim_px`, of photos (B, 3, H, W) in 0..1.

        Args:
            image: Any size from one pixel up.
            noise: White noise with mean 0 and deviation 1, shape (B, 1, H, W): see `relay.white_noise`.
            knobs: Knobs for all photos or for each, shape (1 or B, K); weighted sums blend styles. Default: the network's own style, at
                strength 50.
            max_px: Largest number of pixels without tiling. A larger picture, with B = 1, is painted by tiles, with the same result.
            rim_px: Width of the part of the margin that is not cropped; without tiling.
            done: Progress callback; see `paint_by_tiles`.

        Raises:
            ShapeError: `image`, `noise` or `knobs` do not have these shapes.
            UsageError: even the smallest tile has more than `max_px` pixels.
        """
        check_image(image)
        if noise.shape != (len(image), 1, *image.shape[2:]):
            raise ShapeError(f"noise of this photo has shape {(len(image), 1, *image.shape[2:])}; got {tuple(noise.shape)}")
        knobs = self.knobs_at(torch.full((1,), 50.0, device=image.device)) if knobs is None else knobs
        if knobs.dim() != 2 or knobs.shape[0] not in (1, image.shape[0]) or knobs.shape[1] != self.knob_count:
            raise ShapeError(f"knobs of this network have shape (1 or B, {self.knob_count}); got {tuple(knobs.shape)}")
        height, width = image.shape[2:]
        both = torch.cat((image, noise.to(image.dtype)), dim=1)
        if max_px is not None and height * width > max_px:
            return paint_by_tiles(partial(self._part, knobs), both, self.geometry(self.record, height, width), max_px=max_px, done=done)
        begin = MARGIN_PX - rim_px
        cut = slice(begin, begin + height + 2 * rim_px), slice(begin, begin + width + 2 * rim_px)
        painting = self._part(knobs, framed(both.to(self.enter.weight.dtype), _frames(height, width)), cut)
        if done is not None:
            done(1.0)
        return painting

    def _part(self, knobs: Tensor, framed: Tensor, cut: Cut, normalize: Normalize = instance_norm) -> Tensor:
        """The painting of a padded picture or a tile of it, cropped to `cut`; see `tiles.Paint`."""
        total = sum(self.widths)
        framed = framed.to(self.enter.weight.dtype)
        photo, noise = framed[:, :3], self._noise(framed[:, 3:])
        scales = iter(knobs[:, :total].split(self.widths, dim=1))
        shifts = iter(knobs[:, total : 2 * total].split(self.widths, dim=1))
        mixings = iter(knobs[:, 2 * total :].split([2 * self.record.mixed * width for width in self.mixings], dim=1))

        def normal(x: Tensor) -> Tensor:
            return normalize(x, next(scales), next(shifts))

        x = functional.pixel_unshuffle(photo, SHUFFLE).contiguous(memory_format=torch.channels_last)
        fine = functional.relu(normal(self.enter(x) + noise[0]))
        x = functional.relu(normal(self.shrink(fine) + noise[1]))
        first, second = cast(tuple[nn.Module, nn.Module], self.before)
        coarse = x + normal(second(functional.relu(normal(first(x)))))
        x = functional.relu(normal(self.sink(coarse) + noise[2]))
        for block in self.blocks:
            wide = cast(Wide, block)
            x = x + wide(normal(wide.look(x)))
        x = coarse + twice(self.rise(x + self._mixed(x, next(mixings))))
        first, second = cast(tuple[nn.Module, nn.Module], self.after)
        x = x + normal(second(functional.relu(normal(first(x)))))
        x = fine + twice(self.grow(x + self._mixed(x, next(mixings))))
        x = x + self._mixed(x, next(mixings))
        first, second = cast(tuple[nn.Module, nn.Module], self.strokes)
        x = functional.relu(x + normal(second(functional.relu(normal(first(x))))))
        return self._head(self.leave(x), photo, cut)

    def _head(self, x: Tensor, photo: Tensor, cut: Cut) -> Tensor:
        """The painting, cropped to `cut`, from the features at a quarter of the size and the padded photo; without normalization."""
        rows, columns = (_places(side, length) for side, length in zip(cut, x.shape[2:], strict=True))
        x = x[:, :, rows, columns].contiguous(memory_format=torch.channels_last)
        rows, columns = (slice(SHUFFLE * side.start, SHUFFLE * side.stop + 2 * APRON_PX) for side in (rows, columns))
        photo = photo[:, :, rows, columns]
        inner = tuple(slice(side.start - origin.start, side.stop - origin.start) for side, origin in zip(cut, (rows, columns), strict=True))
        # Leaky, since plain ReLUs would die without normalization. In place where the backward pass does not need the input: these are
        # by far the largest tensors.
        x = leaky(twice(x))
        x = x + leaky(self.polish(x).add_(self.grain(blocks_of_two(photo))))
        x = leaky(twice(self.finish(x)).add_(self.pixels(within(photo, APRON_PX - 1))))
        return torch.sigmoid(self.render(x)[:, :, inner[0], inner[1]].float())

    def _noise(self, white: Tensor) -> list[Tensor]:
        """The features computed from padded white noise (B, 1, H, W) at a quarter, an eighth and a sixteenth of the size."""
        added, size = [], white[:, :, APRON_PX:-APRON_PX, APRON_PX:-APRON_PX]
        for octave in range(4):
            size = functional.conv2d(functional.pad(size, (1, 1, 1, 1), mode="replicate"), self.blur.to(size.dtype), stride=2)
            if octave:
                added.append(self.noises[octave - 1](size * self.gains[octave].to(size.dtype)))
        return added

    def _mixed(self, x: Tensor, mixing: Tensor) -> Tensor:
        """U V^T x at every position, with U and V of shape (channels, mixed) from the knobs."""
        batch, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        matrices = mixing.to(x.dtype).view(-1, 2, self.record.mixed, channels).expand(batch, -1, -1, -1)
        rows = rows @ matrices[:, 0].transpose(1, 2) @ matrices[:, 1]
        return rows.view(batch, height, width, channels).permute(0, 3, 1, 2)


def _frames(height: int, width: int) -> tuple[Frame, Frame]:
    """Padding of the photo's channels and of the noise: a margin, and one block for the first convolution."""
    return (
        Frame(mirrored(height), mirrored(width), (0, 3)),
        Frame(wrapped(height), wrapped(width), (3, 4)),
    )


def _places(side: slice, length: int) -> slice:
    """The positions at a quarter of the size that pixels of one side depend on, after the last normalization."""
    reach = -(-FINISH_REACH_PX // SHUFFLE)
    return slice(max(0, side.start // SHUFFLE - reach), min(length, -(-side.stop // SHUFFLE) + reach))
