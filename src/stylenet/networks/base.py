"""Base class of the networks, and the settings they paint with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, TypeVar, cast

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import AnyRecord
from stylenet.errors import WeightsError
from stylenet.networks.progress import PartDone, ignored

if TYPE_CHECKING:
    from stylenet.networks.onnx_graph import Graph
    from stylenet.networks.tiles import Geometry

DEFAULT_STRENGTH = 50.0
"""The strength of networks that were trained at a single strength."""

RecordT = TypeVar("RecordT", bound=AnyRecord)


@dataclass(frozen=True, kw_only=True)
class PassSettings:
    """Settings for painting one photo.

    Attributes:
        strength: 0..100.
        style_scale: Size of the strokes; 1 is that of the style image.
        seed: Random seed of the noise.
        noise_origin: Row and column of the photo at which the noise has its origin; None: the photo's most distinct point.
        shares: Share of each style, for a network with several; empty: the first style.
        description: Description of the style image, shape (1, D), for a network that paints in all styles.
        tile_px: Pixels per tile; None: no tiling.
        done: Progress callback: called with the share of the work done since the last call.
    """

    strength: float = DEFAULT_STRENGTH
    style_scale: float = 1.0
    seed: int = 0
    noise_origin: tuple[int, int] | None = None
    shares: tuple[float, ...] = ()
    description: Tensor | None = None
    tile_px: int | None = None
    done: PartDone = ignored


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """Settings for painting the batch of one training update.

    Attributes:
        strengths: Strength of each picture, shape (B,).
        noise: Result of `Network.batch_noise` for the size of the pictures.
        styles: Style index of each picture, shape (B,); None: the first style.
        rim_px: Width of the painted border around each photo, at most that of the network's margin; 0 for networks without a margin.
    """

    strengths: Tensor
    noise: tuple[Tensor, ...] = ()
    styles: Tensor | None = None
    rim_px: int = 0


class Network(nn.Module, Generic[RecordT]):
    """A feed-forward stylization network. Register subclasses with `networks.registry.registered`.

    Subclasses must implement `forward` and `bytes_per_px`; all other methods have defaults.

    Args:
        record: Architecture of the network. Weights are initialized randomly.
    """

    has_strengths: ClassVar[bool] = False
    """Whether the network was trained at several strengths; otherwise its result is blended with the photo below a strength of 50."""

    paints_small_first: ClassVar[bool] = False
    """Whether large photos are first painted at half their size; see `networks.relay`."""

    has_margin: ClassVar[bool] = False
    """Whether the network paints a margin around photos, of which `paint_batch` can return a part."""

    optimizer: ClassVar[Literal["adam", "muon"]] = "adam"
    """Optimizer for training; Adam is that of the papers."""

    stored_bits: ClassVar[int] = 16
    """Bits per weight in files written by `stylenet train`."""

    def __init__(self, record: RecordT) -> None:
        super().__init__()
        self.record = record

    @property
    def period_px(self) -> int:
        """Textures whose sides are multiples of this tile seamlessly."""
        return 1

    @classmethod
    def bytes_per_px(cls, record: RecordT, value_bytes: int) -> float:
        """Measured memory per pixel, without tiling.

        Args:
            record: Architecture of the network.
            value_bytes: Bytes per feature value: 4 in float32, 2 in bfloat16.
        """
        raise NotImplementedError

    @classmethod
    def geometry(cls, record: RecordT, height: int, width: int) -> Geometry | None:
        """Tiling geometry for a photo of this size; None if the network cannot paint by tiles."""
        return None

    def paint(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting, (1, 3, H, W) in 0..1, of a photo (1, 3, H, W) in 0..1."""
        painted = self.paint_style(photo, settings)
        if self.has_strengths or settings.strength >= DEFAULT_STRENGTH:
            return painted
        return torch.lerp(photo, painted, settings.strength / DEFAULT_STRENGTH)

    def paint_style(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting at the strength used in training, or at `settings.strength` if the network was trained at several."""
        dtype = next((parameter.dtype for parameter in self.parameters()), photo.dtype)
        return cast(Tensor, self(photo.to(dtype)).to(photo.dtype))

    def batch_noise(self, size: tuple[int, int], seeds: Sequence[int], device: torch.device) -> tuple[Tensor, ...]:
        """Noise for a batch of pictures of this height and width, from each picture's random seed; empty for networks without noise."""
        return ()

    def paint_batch(self, photos: Tensor | None, settings: BatchSettings) -> Tensor:
        """Paintings (B, 3, H + 2 R, W + 2 R) of the photos of one training update, with R = `settings.rim_px`; differentiable.

        Args:
            photos: (B, 3, H, W), 0..1; None for texture.
            settings: Strengths, noise, styles and rim of the batch.
        """
        return cast(Tensor, self(photos))

    def to_graph(self, graph: Graph, image: str, *, description: Tensor | None = None) -> str:
        """Add the network's operators to an ONNX graph and return the name of the painting.

        Args:
            graph: Graph to add operators and further inputs to.
            image: Name of the photo, (1, 3, height, width).
            description: Description of the style image to build into the graph; only for networks that paint in all styles.

        Raises:
            WeightsError: ONNX export is not supported for this network.
        """
        raise WeightsError(
            "this network cannot be exported to ONNX; supported: slim networks, the network for all styles, Johnson networks with one style"
        )
