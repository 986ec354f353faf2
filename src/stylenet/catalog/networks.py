"""Networks that paint in one pass, as records: what a file says of itself before a single weight is read. No torch.

A record and its weights are one file; see `networks/files.py`. Variants are fields of a record, never classes of their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import Meta, Struct

from stylenet.catalog.naming import is_name
from stylenet.errors import WeightsError, did_you_mean
from stylenet.storage.headers import read_metadata

KEY = "stylenet_network"
"""Of the card in a file's header."""

Normalization = Literal["batch", "instance"]
Upsampling = Literal["nearest", "transposed"]
Count = Annotated[int, Meta(ge=1, le=1024)]


class AnyRecord:
    """A record of any architecture. Cards are decoded with all records that are known, also with those that a program defines itself."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """The kind of network, under which `networks.registry` finds its class: the record's tag."""
        return str(self.__struct_config__.tag)  # type: ignore[attr-defined]  # records are msgspec structs

    @property
    def styles(self) -> int:
        """The number of paintings that the network knows."""
        return 1

    @property
    def reads_photo(self) -> bool:
        """Whether the network paints a photo; false where it paints a texture from noise alone."""
        return True


class NetworkRecord(Struct, AnyRecord, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An architecture: every number that its weights depend on. A subclass with a tag is a record that network files may hold."""


class JohnsonRecord(NetworkRecord, frozen=True, tag="johnson"):
    """The residual transform network of Johnson et al. 2016.

    Attributes:
        width: Channels at the picture's own size; twice at half and four times at a quarter of it. At factor 4 everywhere: the paper has 64
            there, and 4 blocks.
        blocks: Residual blocks at a quarter of the size.
        normalization: `batch` as in the paper, or `instance` (Ulyanov et al. 2016b).
        styles: More than one: conditional instance normalization (Dumoulin et al. 2017), a scale and a shift for each style.
        upsampling: `nearest` and a convolution, which leaves no checkerboard (Odena et al. 2016), or the paper's `transposed` convolution.
        factor: 1 paints at the picture's size; 4 is the super-resolution network of the paper, which keeps the size within and
            ends four times larger.
        residual: Whether what it computes is added to the photo, at factor 4 to its bicubic enlargement (Kim et al. 2016, CVPR). Training
            then begins with that picture and learns what is missing in minutes on a laptop's processor; the paper's network begins with
            gray and is given 200 000 updates.
    """

    width: Count = 32
    blocks: Count = 5
    normalization: Normalization = "instance"
    styles: Count = 1
    upsampling: Upsampling = "nearest"
    factor: Literal[1, 4] = 1
    residual: bool = False


class TextureRecord(NetworkRecord, frozen=True, tag="texture"):
    """The multi-scale network of Ulyanov et al. 2016: noise at every scale, and for stylization the photo beside it.

    Attributes:
        content: Whether a photo is among the inputs; without, the network paints texture from noise alone, that can be tiled.
        scales: Sizes from the picture's own down by halves: the paper has 5 for texture, 6 for stylization.
        width: Channels that each scale adds (8 in the paper).
        noise: Channels of noise at every scale (3 in the paper).
        normalization: `batch` as in the paper, or `instance` (Ulyanov et al. 2016b).
    """

    content: bool = False
    scales: Annotated[int, Meta(ge=1, le=8)] = 5
    width: Count = 8
    noise: Count = 3
    normalization: Normalization = "instance"

    @property
    def reads_photo(self) -> bool:
        """False for texture."""
        return self.content


class SlimRecord(NetworkRecord, frozen=True, tag="slim"):
    """Ours, for processors: the work at a quarter, an eighth and a sixteenth of the size, a few channels at full size.

    Attributes:
        fine: Channels at a quarter of the size.
        coarse: Channels at an eighth.
        deep: Channels at a sixteenth.
        blocks: Residual blocks at a sixteenth.
        mixed: Directions in which a style mixes the channels of each size.
        code: Size of the code that paintings are described by, from which all that depends on the style follows; 0: it is the weights'
            own, the network of one painting.
    """

    fine: Count = 64
    coarse: Count = 96
    deep: Count = 144
    blocks: Annotated[int, Meta(ge=1, le=64)] = 3
    mixed: Count = 12
    code: Annotated[int, Meta(ge=0, le=1024)] = 0

    @property
    def kind(self) -> str:
        """`slim` of one painting, `instant` of every style."""
        return "instant" if self.code else "slim"


class HypercolumnRecord(NetworkRecord, frozen=True, tag="hypercolumn"):
    """Ours, for colorization: reads the compact encoder at three depths, after Larsson et al. 2016.

    Attributes:
        width: Channels at a quarter of the size; twice at an eighth, four times at a sixteenth.
    """

    width: Count = 48


Paints = Literal["style", "every style", "texture", "super-resolution", "colorization"]

COMMANDS: Mapping[Paints, str] = MappingProxyType(
    {"style": "stylize", "every style": "stylize", "texture": "texture", "super-resolution": "enlarge", "colorization": "colorize"}
)
"""The command that a network of each kind is for."""


class NetworkCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a network's file says of itself.

    Attributes:
        name: A word in plain kebab case; of a network of one painting that of the style.
        paints: What it does.
        record: Its architecture.
        title: Of the painting, as a person says it.
        artist: Of the painting.
        encoder_sha256: Of the weights that it was trained with, and whose statistics it is told of.
        style_px: Root of the area at which the painting was looked at, in training; 0: many sizes.
        steps: Updates of its training.
        trained: Where it comes from: script, numbers, data, in plain values.
        licence: Of the weights.
        styles: Names of the paintings that it knows, where they are several.
    """

    name: str
    paints: Paints
    record: AnyRecord
    title: str = ""
    artist: str = ""
    encoder_sha256: str = ""
    style_px: int = 0
    steps: int = 0
    trained: dict[str, Any] = {}
    licence: str = ""
    styles: tuple[str, ...] = ()


def is_network(path: Path) -> bool:
    """Whether a file says that it holds a network; false for any other file, and for none."""
    return KEY in _metadata(path)


def read_network_card(path: Path) -> NetworkCard:
    """The card of a network's file.

    Raises:
        WeightsError: it is no network's file, or a damaged one.
    """
    try:
        return msgspec.json.decode(_metadata(path)[KEY], type=NetworkCard, dec_hook=_decode_record)
    except KeyError:
        raise WeightsError(f"'{path}' is not a network file; train one with `stylenet train`") from None
    except msgspec.MsgspecError as error:
        raise WeightsError(f"network file '{path}' is damaged, or of a newer version: {error}") from None


def _decode_record(_: type, values: Any) -> AnyRecord:
    records: Any = Union[tuple(NetworkRecord.__subclasses__())]  # noqa: UP007  # the union is made when a card is read
    record: AnyRecord = msgspec.convert(values, records)
    return record


def network_files() -> dict[str, Path]:
    """The networks that ship, by name."""
    folder = Path(str(resources.files("stylenet.catalog") / "networks"))
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))} if folder.is_dir() else {}


def find_network(source: str | os.PathLike[str]) -> Path:
    """The file of a network: of one that ships, where `source` is a name, else `source` itself, which need not be there.

    Raises:
        WeightsError: there is none of this name.
    """
    files, name = network_files(), str(source)
    if not is_name(source, files):
        return Path(source)
    if name not in files:
        raise WeightsError(f"there is no included network '{name}'; available: {', '.join(files) or 'none'}.{did_you_mean(name, files)}")
    return files[name]


def _metadata(path: Path) -> dict[str, str]:
    try:
        return read_metadata(path)
    except (OSError, ValueError):
        return {}
