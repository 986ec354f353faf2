"""What every kind of network has in common, and what opening, painting, export and forecast ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import AnyRecord
from stylenet.errors import WeightsError
from stylenet.networks.progress import PartDone, ignored

if TYPE_CHECKING:
    from stylenet.networks.onnx_graph import Graph
    from stylenet.networks.tiles import Geometry

DEFAULT_STRENGTH = 50.0
"""The strength at which networks paint that know no other."""

RecordT = TypeVar("RecordT", bound=AnyRecord)


@dataclass(frozen=True, kw_only=True)
class PassSettings:
    """How a photo is painted in one pass.

    Attributes:
        strength: 0..100.
        style_scale: Size of the strokes; 1 is the painting's own.
        seed: Of the noise.
        shares: Of the styles, where the network knows several; empty: the first style.
        description: Of the painting, shape (1, D), where the network paints in every style.
        tile_px: Pixels of a tile; None: the photo is painted in one piece.
        done: Called with the share of the work that was done since the last call.
    """

    strength: float = DEFAULT_STRENGTH
    style_scale: float = 1.0
    seed: int = 0
    shares: tuple[float, ...] = ()
    description: Tensor | None = None
    tile_px: int | None = None
    done: PartDone = ignored


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """How the photos of one training update are painted.

    Attributes:
        size: Height and width of the noise.
        strengths: Of each picture, (B,).
        seeds: Of each picture's noise.
        styles: The number of each picture's style.
        shift: Rows and columns by which the photos were moved: the noise moves with them.
    """

    size: tuple[int, int]
    strengths: Tensor
    seeds: Sequence[int]
    styles: Sequence[int] = ()
    shift: tuple[int, int] = (0, 0)


class Network(nn.Module, Generic[RecordT]):
    """A network that paints in one pass. A subclass is registered with `networks.registry.registered`.

    Only `forward` and `bytes_per_px` have to be written; each other method has a default.

    Args:
        record: The sizes of its parts. Weights start random.
    """

    knows_strengths: ClassVar[bool] = False
    """Whether the network was trained at several strengths; else its painting is mixed with the photo below a strength of 50."""

    paints_small_first: ClassVar[bool] = False
    """Whether a large photo is painted at half of its size first; see `networks.relay`."""

    stored_bits: ClassVar[int] = 16
    """Of each weight in a file that `stylenet train` writes."""

    def __init__(self, record: RecordT) -> None:
        super().__init__()
        self.record = record

    @property
    def period_px(self) -> int:
        """Textures whose sides are multiples of this repeat without a seam."""
        return 1

    @classmethod
    def bytes_per_px(cls, record: RecordT, value_bytes: int) -> float:
        """Memory for every pixel that is painted in one piece, measured.

        Args:
            record: Of the network.
            value_bytes: Of one feature: 4 in float32, 2 in bfloat16.
        """
        raise NotImplementedError

    @classmethod
    def geometry(cls, record: RecordT, height: int, width: int) -> Geometry | None:
        """How a photo of this size is painted by tiles; None where it is painted in one piece only."""
        return None

    def paint(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting, (1, 3, H, W) in 0..1, of a photo (1, 3, H, W) in 0..1."""
        painted = self.paint_style(photo, settings)
        if self.knows_strengths or settings.strength >= DEFAULT_STRENGTH:
            return painted
        return torch.lerp(photo, painted, settings.strength / DEFAULT_STRENGTH)

    def paint_style(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting at the strength of the training, or at any strength where the network knows them."""
        return cast(Tensor, self(photo))

    def paint_batch(self, photos: Tensor | None, settings: BatchSettings) -> Tensor:
        """Paintings (B, 3, H, W) of the photos of one training update; gradients flow through.

        Args:
            photos: (B, 3, H, W), 0..1; None for texture.
            settings: Of each picture.
        """
        return cast(Tensor, self(photos))

    def to_graph(self, graph: Graph, image: str, *, description: Tensor | None = None) -> str:
        """Write the network's operators into an ONNX graph; the name of the painting.

        Args:
            graph: Where operators and further inputs are added.
            image: Name of the photo, (1, 3, height, width).
            description: Of the painting that becomes part of the graph; only for the network of every style.

        Raises:
            WeightsError: there is no graph for such a network.
        """
        raise WeightsError(
            "this network cannot be exported to ONNX; supported: slim networks, the network of every style, Johnson's with one style"
        )
