"""A painting again, from the receipt that it carries."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stylenet.catalog.networks import network_files
from stylenet.catalog.recipe import Recipe
from stylenet.catalog.styles import style_files
from stylenet.errors import UsageError
from stylenet.image.metadata import read_receipt
from stylenet.styles.files import read_style
from stylenet.stylizers.plan import Options
from stylenet.stylizers.sources import style_fingerprint

_INPUTS = ("photo_sha256", "encoder_sha256", "network_sha256", "regions_sha256", "keep_sha256", "start_sha256")
_SURROUNDINGS = ("stylenet", "torch", "device", "precision", "threads")
"""What the last digits of a picture depend on, and no more than they."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a receipt says.

    Attributes:
        recipe: As it was run, every knob.
        encoder: Name of its weights.
        options: As they were given; the size in pixels.
        photo: Name of the photo's file, without its folder; None where it came from no file.
        styles: Name and fingerprint of each style of what no mask covers.
        receipt: All of it.
    """

    recipe: Recipe
    encoder: str
    options: Options
    photo: str | None
    styles: tuple[tuple[str, str], ...]
    receipt: Mapping[str, Any]

    @classmethod
    def of(cls, path: Path) -> Replay:
        """The replay of the painting in a file.

        Raises:
            ImageError: it cannot be read.
            UsageError: it carries no receipt, or one that cannot be painted again.
        """
        receipt = read_receipt(path)
        if receipt is None:
            raise UsageError(f"'{path}' carries no receipt: it was not painted by stylenet, or another program wrote it since")
        if "recolor" in receipt:
            raise UsageError(f"'{path}' was recolored after it was painted; paint it again from the file that was recolored")
        if "restored" in receipt:
            raise UsageError(f"'{path}' was enlarged or colored by a network; give the file that was, to paint that again")
        try:
            recipe = msgspec.convert(receipt["recipe"], Recipe)
            rest = max(style["region"] for style in receipt["styles"])
            styles = [style for style in receipt["styles"] if style["region"] == rest]
            known = {field.name for field in dataclasses.fields(Options)} - {"size"}
            wishes = {name: value for name, value in receipt.items() if name in known}
            wishes["palette"] = tuple((color, share) for color, share in wishes.get("palette", ()))
            width, height = receipt["size"]
            own = styles[0].get("shares") if len(styles) == 1 else None  # of a network that knows several
            blend = tuple(own or (style["share"] for style in styles))
            options = Options(**wishes, size=f"{width}x{height}", blend=blend)
            names = tuple((str(style["name"]), str(style["sha256"])) for style in styles)
            return cls(recipe=recipe, encoder=receipt["encoder"], options=options, photo=receipt["photo"], styles=names, receipt=receipt)
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            raise UsageError(f"the receipt of '{path}' cannot be painted again by this version of stylenet: {error}") from None

    def styles_again(self, painting: Path) -> list[str]:
        """What to give for the styles: their names, or files beside the painting or here where the names mean something else now."""
        return [_style_again(name, sha256, painting) for name, sha256 in self.styles]

    def check(self, receipt: Mapping[str, Any]) -> Iterator[str]:
        """Compare with the receipt of what is about to be painted; yields what a person should know.

        Raises:
            UsageError: it would be another picture.
        """
        different = [name.removesuffix("_sha256") for name in _INPUTS if self.receipt.get(name) != receipt.get(name)]
        if _told_apart(self.receipt) != _told_apart(receipt):
            different.append("styles")
        if different:
            raise UsageError(f"these are not the inputs of the receipt: {', '.join(different)} differ; give the same files again")
        for name in _SURROUNDINGS:
            if self.receipt.get(name) != receipt[name]:
                yield f"painted with {name} {self.receipt.get(name)}, and now with {receipt[name]}: the last digits may differ"


def _told_apart(receipt: Mapping[str, Any]) -> list[Any]:
    return [(style["sha256"], style.get("shares")) for style in receipt["styles"]]


def _style_again(name: str, sha256: str, painting: Path) -> str:
    file = found_again(name, painting)
    style, network = style_files().get(name), network_files().get(name)
    if file is None or (network is not None and hashlib.sha256(network.read_bytes()).hexdigest() == sha256):
        return name
    if style is not None and style_fingerprint(read_style(style)) == sha256:
        return name
    return os.path.join(os.curdir, file)  # with a folder: a bare word would be taken for a name


def found_again(name: str, painting: Path) -> Path | None:
    """The file called `name`, with whatever suffix if it has none, beside the painting or here; None where there is none."""
    for folder in (painting.parent, Path()):
        if (folder / name).is_file():
            return folder / name
        if not Path(name).suffix:
            files = sorted(path for path in folder.glob(f"{name}.*") if path.is_file() and path.name != painting.name)
            if files:
                return files[0]
    return None
