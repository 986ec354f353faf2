"""Checkpoints: arrays and plain values in one safetensors file, from which a killed run resumes with a byte-identical result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from stylenet.errors import CheckpointError
from stylenet.storage.atomic import written_whole

Arrays = Mapping[str, NDArray[Any]]

_TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int8": "I8", "uint8": "U8", "bool": "BOOL"}
"""Names of types in safetensors by their names in NumPy."""


@dataclass(frozen=True, kw_only=True)
class CheckpointFile:
    """The file of the state of a run.

    Attributes:
        path: Path of the file, which is replaced atomically.
        key: Key of the plain values in the file header.
        subject: What is resumed, for messages: "painting" or "training".
    """

    path: Path
    key: str
    subject: str

    def write(self, arrays: Arrays, values: Mapping[str, Any]) -> None:
        """Write the state atomically.

        Args:
            arrays: Arrays of any shape, by name.
            values: Everything else as JSON values; `job` identifies the run.

        Raises:
            OutputError: The file cannot be written.
        """
        with written_whole(self.path) as temporary, temporary.open("wb") as file:
            _write(file, arrays, {self.key: json.dumps(values)})

    def read(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The arrays and the plain values of any run.

        Raises:
            CheckpointError: The file is damaged, or not a checkpoint of this kind.
        """
        try:
            with safe_open(self.path, framework="numpy") as file:
                values = json.loads((file.metadata() or {}).get(self.key, "null"))
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        except (SafetensorError, OSError, ValueError) as error:
            raise CheckpointError(f"the checkpoint '{self.path}' cannot be read: {error}; delete it to start over") from None
        if not isinstance(values, dict) or not isinstance(values.get("job"), dict):
            raise CheckpointError(f"'{self.path}' is not a checkpoint of a {self.subject}; delete it to start over")
        return arrays, values

    def read_of(self, job: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The arrays and the plain values of the run identified by `job`.

        Raises:
            CheckpointError: The file is damaged, or belongs to another run.
        """
        arrays, values = self.read()
        kept, given = values["job"], json.loads(json.dumps(job))
        if different := [name for name in dict.fromkeys((*kept, *given)) if kept.get(name) != given.get(name)]:
            raise CheckpointError(
                f"the checkpoint '{self.path}' is from another {self.subject}: {', '.join(different)} differ; "
                "give the same inputs and options, or delete it to start over"
            )
        return arrays, values


def _write(file: BinaryIO, arrays: Arrays, metadata: Mapping[str, str]) -> None:
    """Write a safetensors file array by array; the function of the package copies all of them first, which takes too much memory."""
    entries: dict[str, Any] = {"__metadata__": dict(metadata)}
    offset = 0
    for name, array in arrays.items():
        entries[name] = {"dtype": _TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    file.write(len(header).to_bytes(8, "little"))
    file.write(header)
    for array in arrays.values():
        file.write(np.ascontiguousarray(array).data)
