"""What `stylenet weights ls | get | import` do, and how a name becomes weights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stylenet.catalog.encoders import VGG16, VGG19, EncoderRecord
from stylenet.catalog.weights import WEIGHTS, weights_record
from stylenet.errors import WeightsError, did_you_mean
from stylenet.weights.bundled import bundled_names, bundled_path
from stylenet.weights.cache import exclusive, weights_folder
from stylenet.weights.checksum import checksums, published_as
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.probe import fingerprint, fingerprint_to_json
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights

if TYPE_CHECKING:
    from stylenet.weights.download import OnProgress, Patience

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One line of `stylenet weights ls`.

    Attributes:
        name: What `--encoder` and `weights get` call it.
        state: Ships with the package; is installed in the cache folder; or can be fetched.
        summary: What it is.
        licence: Of the weights, where it is known.
        size_bytes: On disk, or of the download where that is known.
        path: Of the installed file.
    """

    name: str
    state: Literal["bundled", "installed", "available"]
    summary: str
    licence: str | None = None
    size_bytes: int | None = None
    path: Path | None = None


def list_weights() -> list[Listed]:
    """All weights that ship, are installed, or can be fetched by name, in that order."""
    lines = [Listed(name=name, state="bundled", summary="ships with stylenet", licence="Apache-2.0") for name in bundled_names()]
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


def get_weights(name: str, *, on_progress: OnProgress | None = None, keep_download: bool = False, patience: Patience | None = None) -> Path:
    """The path of the installed weights called `name`, fetched and converted unless they are there already.

    Args:
        name: One of `stylenet.catalog.weights.WEIGHTS`.
        on_progress: Told about the download.
        keep_download: Keep the published file beside the converted one.
        patience: Timeouts and retries.

    Raises:
        WeightsError: No published weights are called so.
        DownloadError: They could not be fetched.
    """
    if name in bundled_names() and name not in WEIGHTS:
        raise WeightsError(f"'{name}' ships with stylenet; there is nothing to fetch")
    record = weights_record(name)
    target = weights_folder() / f"{name}.safetensors"
    with exclusive(target):
        if target.is_file():
            return target
        from stylenet.weights.download import fetch  # the network's package takes a tenth of a second to load, and painting needs none

        download = fetch(record, on_progress=on_progress, patience=patience)
        # The checksum has proven what it is: nothing about it needs to be recognized.
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
    architectures: Sequence[EncoderRecord] = (VGG19, VGG16),
) -> Path:
    """The path of a safetensors file made from the weights at `source`, with their record, checksum and fingerprint.

    Args:
        source: Weights in any format that `read_weights` knows.
        name: Under which they are installed; by default that of the published file it is, or of its architecture with `-imported`.
        output: Where to write instead of installing.
        kind: As for `read_weights`.
        architectures: The networks that a foreign file may hold.

    Raises:
        WeightsError: The file cannot be used, or `name` is none that a file can have.
        OutputError: The result cannot be written.
    """
    source = Path(source)
    weights = read_weights(source, kind=kind, architectures=architectures)
    if output is not None:
        return _install(weights, source, Path(output))
    published = published_as(checksums(source))
    name = name or (published.name if published else f"{weights.record.name}-imported")
    if not _NAME.fullmatch(name) or name in bundled_names():
        raise WeightsError(f"weights cannot be called '{name}'; use small letters, digits, '.', '_' and '-', and no name that ships")
    target = weights_folder() / f"{name}.safetensors"
    with exclusive(target):
        return _install(weights, source, target)


def find_weights(name: str | Path, *, preferred: Sequence[str] = ()) -> Path:
    """The file of the weights called `name`: those that ship, those installed, or the file of that path, in any format.

    An architecture's name (`vgg19`) stands for whichever weights of it are installed: the first that are among `preferred`, else those of
    exactly that name, else the Caffe-trained ones, as the literature used them. Nothing is fetched.

    Raises:
        WeightsError: There are none; the message says how to get them.
    """
    text, installed = str(name), _installed()
    if text in bundled_names():
        return bundled_path(text)
    for choice in preferred:
        if choice in installed:
            return installed[choice]
    if text in installed:
        return installed[text]
    for prefix in (f"{text}-caffe", f"{text}-keras", f"{text}-matconvnet", f"{text}-imported"):
        if found := next((path for known, path in installed.items() if known.startswith(prefix)), None):
            return found
    path = Path(name)
    if text in WEIGHTS and not path.is_file():
        raise WeightsError(
            f"the weights '{text}' are not on this machine; fetch them with 'stylenet weights get {text}', or import a file with "
            "'stylenet weights import FILE'"
        )
    if path.suffix or path.parent != Path() or path.is_file():
        if path.is_file():
            return path
        raise WeightsError(f"{path}: there is no such file")
    names = sorted({*bundled_names(), *installed, *WEIGHTS})
    raise WeightsError(f"no encoder is called '{text}'; there are {', '.join(names)}, or a file.{did_you_mean(text, names)}")


def _installed() -> dict[str, Path]:
    return {path.stem: path for path in sorted(weights_folder().glob("*.safetensors")) if path.is_file()}


def _install(weights: EncoderWeights, source: Path, target: Path) -> Path:
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
