"""Records of networks that paint in one pass, read from their files without weights and torch.

A record and its weights are one file; see `networks/files.py`. Variants are fields of a record, not separate classes.
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
"""Key of the card in the file header."""

Normalization = Literal["batch", "instance"]
Upsampling = Literal["nearest", "transposed"]
Count = Annotated[int, Meta(ge=1, le=1024)]


class AnyRecord:
    """A record of any architecture, including those defined by other programs."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """The kind of network, which is the tag of the record and the key in `networks.registry`."""
        return str(self.__struct_config__.tag)  # type: ignore[attr-defined]  # records are msgspec structs

    @property
    def styles(self) -> int:
        """The number of styles in the network."""
        return 1

    @property
    def reads_photo(self) -> bool:
        """Whether the network paints photos; false for textures from noise alone."""
        return True


class NetworkRecord(Struct, AnyRecord, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An architecture: all hyperparameters of its weights. Each subclass with a tag can be stored in network files."""


class JohnsonRecord(NetworkRecord, frozen=True, tag="johnson"):
    """The residual transform network of Johnson et al. 2016.

    Attributes:
        width: Channels at the full size; twice as many at half, and four times at a quarter. At factor 4, everywhere: the paper has 64
            channels, and 4 blocks.
        blocks: Residual blocks at a quarter of the size.
        normalization: `batch` as in the paper, or `instance` (Ulyanov et al. 2016b).
        styles: More than one: conditional instance normalization (Dumoulin et al. 2017), a scale and a shift for each style.
        upsampling: `nearest` and a convolution, which leaves no checkerboard (Odena et al. 2016), or the paper's `transposed` convolution.
        factor: 1 paints at the size of the picture; 4 is the super-resolution network of the paper, which keeps the size inside and
            upsamples by four at the end.
        residual: Whether the output is added to the photo, at factor 4 to its bicubic upsampling (Kim et al. 2016, CVPR). Training
            then starts from that picture and learns the difference in minutes on a laptop CPU; the network of the paper starts from
            gray and is trained for 200,000 updates.
    """

    width: Count = 32
    blocks: Count = 5
    normalization: Normalization = "instance"
    styles: Count = 1
    upsampling: Upsampling = "nearest"
    factor: Literal[1, 4] = 1
    residual: bool = False


class TextureRecord(NetworkRecord, frozen=True, tag="texture"):
    """The multi-scale network of Ulyanov et al. 2016: noise at every scale, and for stylization also the photo.

    Attributes:
        content: Whether a photo is an input; otherwise the network paints tileable textures from noise alone.
        scales: Number of sizes, each half of the previous one: the paper has 5 for textures, 6 for stylization.
        width: Channels added by each scale (8 in the paper).
        noise: Noise channels at each scale (3 in the paper).
        normalization: `batch` as in the paper, or `instance` (Ulyanov et al. 2016b).
    """

    content: bool = False
    scales: Annotated[int, Meta(ge=1, le=8)] = 5
    width: Count = 8
    noise: Count = 3
    normalization: Normalization = "instance"

    @property
    def reads_photo(self) -> bool:
        """False for textures."""
        return self.content


class SlimRecord(NetworkRecord, frozen=True, tag="slim"):
    """Our network for CPUs: it works mostly at a quarter, an eighth and a sixteenth of the size, with few channels at full size.

    Attributes:
        fine: Channels at a quarter of the size.
        coarse: Channels at an eighth.
        deep: Channels at a sixteenth.
        blocks: Residual blocks at a sixteenth.
        mixed: Rank of the style-dependent channel mixing at each size.
        code: Size of the style code, from which all style-dependent parameters are computed; 0: these are
            weights, for a network for one painting.
    """

    fine: Count = 64
    coarse: Count = 96
    deep: Count = 144
    blocks: Annotated[int, Meta(ge=1, le=64)] = 3
    mixed: Count = 12
    code: Annotated[int, Meta(ge=0, le=1024)] = 0

    @property
    def kind(self) -> str:
        """`slim` for one painting, `instant` for all styles."""
        return "instant" if self.code else "slim"


class HypercolumnRecord(NetworkRecord, frozen=True, tag="hypercolumn"):
    """Our network for colorization: uses the compact encoder at three depths, after Larsson et al. 2016.

    Attributes:
        width: Channels at a quarter of the size; twice at an eighth, four times at a sixteenth.
    """

    width: Count = 48


Paints = Literal["style", "every style", "texture", "super-resolution", "colorization"]

COMMANDS: Mapping[Paints, str] = MappingProxyType(
    {"style": "stylize", "every style": "stylize", "texture": "texture", "super-resolution": "enlarge", "colorization": "colorize"}
)
"""The command for each kind of network."""


class NetworkCard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The metadata of a network file.

    Attributes:
        name: Name in kebab case; for a network for one painting, that of the style.
        paints: Task of the network.
        record: Architecture.
        title: Title of the painting.
        artist: Artist of the painting.
        encoder_sha256: Checksum of the encoder weights that it was trained with, and whose statistics are its input.
        style_px: Root of the area at which the painting was measured in training; 0: many sizes.
        steps: Number of training updates.
        trained: Provenance as plain values: script, hyperparameters, data.
        licence: License of the weights.
        styles: Names of the styles, if there are several.
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
    """Whether a file exists and is a network file."""
    return KEY in _metadata(path)


def read_network_card(path: Path) -> NetworkCard:
    """The card of a network file.

    Raises:
        WeightsError: it is not a network file, or damaged.
    """
    try:
        return msgspec.json.decode(_metadata(path)[KEY], type=NetworkCard, dec_hook=_decode_record)
    except KeyError:
        what = f"'{path}' is not a network file" if os.path.exists(path) else f"there is no network file '{path}'"
        raise WeightsError(f"{what}; train one with `stylenet train`") from None
    except msgspec.MsgspecError as error:
        raise WeightsError(f"network file '{path}' is damaged, or of a newer version: {error}") from None


def _decode_record(_: type, values: Any) -> AnyRecord:
    records: Any = Union[tuple(NetworkRecord.__subclasses__())]  # noqa: UP007  # the union is made when a card is read
    record: AnyRecord = msgspec.convert(values, records)
    return record


def network_files() -> dict[str, Path]:
    """The included networks, by name."""
    folder = Path(str(resources.files("stylenet.catalog") / "networks"))
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))} if folder.is_dir() else {}


def find_network(source: str | os.PathLike[str]) -> Path:
    """The file of an included network if `source` is a name, otherwise `source` itself, which need not exist.

    Raises:
        WeightsError: there is no network with this name.
    """
    files, name = network_files(), str(source)
    if not is_name(source, files):
        return Path(source)
    if name not in files:
        raise WeightsError(f"there is no included network '{name}'; available: {', '.join(files) or 'none'}{did_you_mean(name, files)}")
    return files[name]


def _metadata(path: Path) -> dict[str, str]:
    try:
        return read_metadata(path)
    except (OSError, ValueError):
        return {}
