"""Receipts, which record everything that determines the bytes of a picture, and replaying them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stylenet.catalog.networks import network_files
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.styles import style_files
from stylenet.engines.protocol import OpenStyle
from stylenet.errors import UsageError
from stylenet.image.metadata import read_receipt
from stylenet.painting.regions import Layout
from stylenet.requests.painting import Options
from stylenet.shapes import Image
from stylenet.storage.hashing import file_sha256
from stylenet.styles.files import read_style
from stylenet.styles.sources import fingerprint, pixels_fingerprint

_OTHER_OPTIONS = ("save_every", "memory", "paper", "blend", "size", "dpi")
"""Options that do not affect a picture, or that its receipt stores in another form."""

_INPUTS = ("photo_sha256", "encoder_sha256", "network_sha256", "regions_sha256", "keep_sha256", "start_sha256")
_ENVIRONMENT = ("stylenet", "torch", "onnxruntime", "device", "precision", "threads")
"""Facts that affect only the last digits of a picture."""

NOT_OF_THE_INPUTS = (*_ENVIRONMENT, "python")
"""Facts of an engine that may differ between runs of one request."""


def receipt_of(
    *,
    facts: Mapping[str, Any],
    photo: Image,
    photo_name: str | None,
    styles: Sequence[Sequence[tuple[OpenStyle, float]]],
    masks: Sequence[str],
    layout: Layout,
    start: Image | None,
    options: Options,
    tile_px: int | None,
) -> dict[str, Any]:
    """The receipt of a picture, as plain values.

    Args:
        facts: Facts of the engine: versions, device, recipe, encoder and hashes of weights.
        photo: At the size to paint.
        photo_name: Name of the photo file, without its folder.
        styles: Styles of each painted region.
        masks: Mask files, as given: `FILE=STYLE`.
        layout: Positions of the regions, and where the photo is kept.
        start: Initial image instead of the recipe's.
        options: Options as given.
        tile_px: Pixels of a tile; None: no tiles.
    """
    given = msgspec.to_builtins(options)
    return {
        **facts,
        "photo": photo_name,
        "photo_sha256": pixels_fingerprint(photo),
        "styles": [
            {"name": style.name, "share": share, "sha256": style.sha256, "region": region, **_own_shares(style)}
            for region, each in enumerate(styles)
            for style, share in each
        ],
        "texture": not all(style.stylizes for each in styles for style, _ in each),
        "masks": list(masks),
        "regions_sha256": None if layout.weights is None else pixels_fingerprint(layout.weights),
        "keep_sha256": None if layout.keep is None else pixels_fingerprint(layout.keep),
        "start_sha256": None if start is None else pixels_fingerprint(start),
        **{name: given[name] for name in Options.__struct_fields__ if name not in _OTHER_OPTIONS},
        "dpi": options.print_dpi(),
        "size": [photo.shape[3], photo.shape[2]],
        "tile_px": tile_px,
    }


def _own_shares(style: OpenStyle) -> dict[str, Any]:
    """The shares of the styles in a network with several."""
    return {"shares": list(style.shares)} if style.shares else {}


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The content of a receipt.

    Attributes:
        path: The painting that contains it.
        recipe: The recipe with every parameter.
        encoder: Name of the encoder weights; None if the recipe uses no encoder.
        options: Options as given, with the size in pixels.
        photo: Name of the photo file, without its folder; None for textures and photos without a file.
        styles: Name and fingerprint of each style outside of all masks.
        masks: Masks as given.
        receipt: The whole receipt.
    """

    path: Path
    recipe: Recipe
    encoder: str | None
    options: Options
    photo: str | None
    styles: tuple[tuple[str, str], ...]
    masks: tuple[str, ...]
    receipt: Mapping[str, Any]

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Replay:
        """Read the receipt of a painting.

        Raises:
            ImageError: the file cannot be read.
            UsageError: it has no receipt, or one that cannot be repeated.
        """
        path = Path(path)
        receipt = read_receipt(path)
        if receipt is None:
            raise UsageError(f"'{path}' has no receipt: it was not painted by stylenet, or another program has rewritten it")
        if "recolor" in receipt:
            raise UsageError(f"'{path}' was recolored after painting; replay the file that was recolored")
        if "restored" in receipt:
            raise UsageError(f"'{path}' was enlarged or colored by a network; replay the original file")
        try:
            recipe = msgspec.convert(receipt["recipe"], Recipe)
            rest = max(style["region"] for style in receipt["styles"])
            styles = [style for style in receipt["styles"] if style["region"] == rest]
            known = set(Options.__struct_fields__) - {"size"}
            given = {name: value for name, value in receipt.items() if name in known}
            width, height = receipt["size"]
            own = styles[0].get("shares") if len(styles) == 1 else None  # of a network with several styles
            blend = tuple(own or (style["share"] for style in styles))
            options = Options.of({**given, "size": f"{width}x{height}", "blend": blend if len(blend) > 1 else ()})
            return cls(
                path=path,
                recipe=recipe,
                encoder=receipt["encoder"],
                options=options,
                photo=receipt["photo"],
                styles=tuple((str(style["name"]), str(style["sha256"])) for style in styles),
                masks=tuple(receipt.get("masks", ())),
                receipt=receipt,
            )
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            raise UsageError(f"the receipt of '{path}' cannot be replayed by this version of stylenet: {error}") from None

    @property
    def is_texture(self) -> bool:
        """Whether it was painted without a photo."""
        return not self.recipe.content.weight or bool(self.receipt.get("texture"))

    def photo_again(self) -> Path:
        """The photo file, searched for next to the painting and in the current directory.

        Raises:
            UsageError: it is not found.
        """
        found = found_again(self.photo, self.path) if self.photo else None
        if found is None:
            named = f"the photo '{self.photo}' is" if self.photo else "the photo's name is not in the receipt, and it is"
            command = f"stylenet stylize PHOTO --replay {shlex.quote(str(self.path))}"
            raise UsageError(f"{named} neither in '{self.path.parent}' nor the current directory; give it: {command}")
        return found

    def styles_again(self) -> list[str]:
        """The styles: names, or files next to the painting or in the current directory if a name no longer refers to the same style.

        Raises:
            UsageError: a style is not found.
        """
        return [_style_again(name, sha256, self.path) for name, sha256 in self.styles]

    def masks_again(self) -> tuple[str, ...]:
        """The masks; missing files are searched for next to the painting and in the current directory."""
        return tuple(_mask_again(words, self.path) for words in self.masks)

    def check(self, receipt: Mapping[str, Any]) -> Iterator[str]:
        """Compare with the receipt of the new painting; yields notices.

        Raises:
            UsageError: the result would be another picture.
        """
        different = [name.removesuffix("_sha256") for name in _INPUTS if self.receipt.get(name) != receipt.get(name)]
        if _style_hashes(self.receipt) != _style_hashes(receipt):
            different.append("styles")
        if different:
            raise UsageError(f"the receipt is of different inputs ({', '.join(different)}); give the same files again")
        for name in _ENVIRONMENT:
            if self.receipt.get(name) != receipt.get(name):
                yield f"painted with {name} {self.receipt.get(name)}, and now with {receipt.get(name)}: the last digits may differ"


def _style_hashes(receipt: Mapping[str, Any]) -> list[Any]:
    return [(style["sha256"], style.get("shares")) for style in receipt["styles"]]


def _style_again(name: str, sha256: str, painting: Path) -> str:
    file = found_again(name, painting)
    style, network = style_files().get(name), network_files().get(name)
    if file is style is network is None:
        raise UsageError(f"the style '{name}' is neither in '{painting.parent}' nor the current directory; copy its file to one of them")
    if file is None or (network is not None and file_sha256(network) == sha256):
        return name
    if style is not None and fingerprint(read_style(style)) == sha256:
        return name
    return os.path.join(os.curdir, file)  # as a path, so that it is not taken for the name of a style


def _mask_again(text: str, painting: Path) -> str:
    """`FILE=STYLE` with existing files. Both names may contain an equals sign: the last one that yields an existing file is used."""
    inverted, file_and_style = ("invert:", text.removeprefix("invert:")) if text.startswith("invert:") else ("", text)
    for index in (index for index in range(len(file_and_style) - 1, 0, -1) if file_and_style[index] == "="):
        file, style = Path(file_and_style[:index]), file_and_style[index + 1 :]
        found = file if os.path.isfile(file) else found_again(file.name, painting)
        if found is not None:
            moved = None if not Path(style).suffix or os.path.exists(style) else found_again(Path(style).name, painting)
            return f"{inverted}{found}={style if moved is None else os.path.join(os.curdir, moved)}"
    return text


def found_again(name: str, painting: Path) -> Path | None:
    """The file `name`, with any suffix if it has none, next to the painting or in the current directory; None if missing."""
    for folder in (painting.parent, Path()):
        if (folder / name).is_file():
            return folder / name
        if not Path(name).suffix:
            files = sorted(path for path in folder.glob(f"{name}.*") if path.is_file() and path.name != painting.name)
            if files:
                return files[0]
    return None
