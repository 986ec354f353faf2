"""Detecting the format of a file by its first bytes; the name is ignored."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Literal

from stylenet.errors import WeightsError
from stylenet.storage.headers import is_safetensors

Format = Literal["safetensors", "torch-zip", "torch-pickle", "matlab", "hdf5", "npy", "npz"]

EXPECTED = "safetensors, PyTorch (.pth), MatConvNet (.mat), Keras (.h5) or NumPy (.npy, .npz)"

_MAX_FILE_BYTES = 8 * 2**30
"""Maximum bytes of a file: ten times the largest official one."""

_TORCH_PICKLE = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The magic number 0x1950a86a20f9469cfc6c, pickled, with which torch.save began until version 1.6."""

_HDF5 = b"\x89HDF\r\n\x1a\n"

_FOREIGN = (
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself with 'git lfs pull'"),
    (b"MATLAB 7.3", "a MATLAB 7.3 file; save it in MATLAB with '-v7'"),
    (b"<", "a web page, probably an error or login page saved instead of the file"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"\x80", "a Python pickle, which could run any code; convert it to safetensors on the machine it comes from"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)


def detect(path: Path) -> Format:
    """The format of the file at `path`.

    Raises:
        WeightsError: The file does not exist, or its format is not supported.
    """
    if not os.path.isfile(path):
        raise WeightsError(f"{path}: {'this is a folder; give a weights file' if os.path.isdir(path) else 'there is no such file'}")
    size = path.stat().st_size
    if size > _MAX_FILE_BYTES:
        raise WeightsError(f"{path}: {size / 2**30:.0f} GiB is more than any VGG network needs; expected {EXPECTED}")
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK\x03\x04"):
        return _detect_zip(path)
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"MATLAB 5.0 MAT-file"):
        return "matlab"
    if head.startswith(_TORCH_PICKLE):
        return "torch-pickle"
    if is_safetensors(head, size):
        return "safetensors"
    for magic, what in _FOREIGN:
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(magic) or head.startswith(magic):
            raise WeightsError(f"{path}: this is {what}; expected {EXPECTED}")
    # The signature may follow a user block of 512 bytes or more.
    if any(head[offset:].startswith(_HDF5) for offset in (0, 512, 1024, 2048)):
        return "hdf5"
    what = "an empty file" if size == 0 else f"a file of {size} bytes that begins with {head[:8].hex(' ')}"
    raise WeightsError(f"{path}: this is {what}; expected {EXPECTED}")


def _detect_zip(path: Path) -> Format:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WeightsError(f"{path}: a truncated or damaged archive ({error}); expected {EXPECTED}") from error
    if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
        raise WeightsError(
            f"{path}: this is a TorchScript program (torch.jit.save), which contains code; save only its weights, with "
            "torch.save(program.state_dict(), 'weights.pth'), and import that file"
        )
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return "torch-zip"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    if "model.weights.h5" in names:
        raise WeightsError(f"{path}: this is a whole Keras model; unpack it (it is a zip archive) and take its model.weights.h5")
    raise WeightsError(f"{path}: this is an archive of {len(names)} files; expected {EXPECTED}")


def check_archive(path: Path, *, stored: bool) -> None:
    """Raise `WeightsError` if the zip archive at `path` is far larger unpacked than on disk.

    Args:
        stored: Whether the format never compresses, like PyTorch's.
    """
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(item.file_size for item in archive.infolist())
        compressed = any(item.compress_type != zipfile.ZIP_STORED for item in archive.infolist())
    if stored and compressed:
        raise WeightsError(f"{path}: its parts are compressed, which PyTorch never does; it may be designed to exhaust memory")
    if unpacked > size * (1 if stored else 20) + 2**20 or unpacked > _MAX_FILE_BYTES:
        raise WeightsError(f"{path}: {size} bytes on disk would unpack to {unpacked}; it may be designed to exhaust memory")
