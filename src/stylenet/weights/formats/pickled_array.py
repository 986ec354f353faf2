"""Reader for object arrays pickled by numpy.save that never runs code of the file.

`vgg19.npy`, as used by TensorFlow ports, is a pickled dictionary of arrays. Unpickling calls any function that the file names. Here the
names that NumPy writes are mapped to plain records, all other names are rejected, and the records are converted to arrays afterwards.
"""

from __future__ import annotations

import math
import pickle
from typing import Any, BinaryIO

import numpy as np

from stylenet.errors import WeightsError

_FLOATS = {"f2", "f4", "f8"}


class _Type:
    """The type of an array in a file."""

    __slots__ = ("code", "order")

    def __init__(self, *arguments: Any) -> None:
        self.code, self.order = str(arguments[0]) if arguments else "", "<"

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|"):
            self.order = state[1]


class _Array:
    """An array in a file; its values are bytes, or a list of objects."""

    __slots__ = ("state",)

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _ArrayClass:
    """Placeholder for numpy.ndarray, the argument of `_reconstruct`."""

    __slots__ = ()


def _encode(text: Any, codec: Any) -> bytes:
    if not isinstance(text, str) or codec != "latin1":
        raise pickle.UnpicklingError("foreign encoding")
    return text.encode("latin1")


class _Encode:
    """`_codecs.encode(text, "latin1")`: how Python 3 writes bytes for Python 2. A class, so that nothing can be set on it."""

    __slots__ = ()

    def __new__(cls, text: Any = None, codec: Any = None) -> Any:
        return _encode(text, codec)


_NAMES: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): _ArrayClass,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("_codecs", "encode"): _Encode,
}


# The unpickler in Python, because the one in C allocates memory for any memo index in the file.
class _Reader(pickle._Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in _NAMES:
            raise WeightsError(f"the file would run {module_name}.{global_name}; expected only arrays")
        found = _NAMES[module_name, global_name]
        # A subclass for each file, so that attributes set by one file do not affect the next.
        return type(found.__name__, (found,), {"__slots__": ()})

    def persistent_load(self, pid: Any) -> Any:
        raise WeightsError("the file refers to external objects, expected only arrays")


def read_pickled_array(file: BinaryIO) -> Any:
    """The content of an object array pickled at the current position of `file`: dictionaries, lists, text and arrays of floats.

    Raises:
        WeightsError: It names anything else, is damaged, or is nested deeper than a dictionary of weights.
    """
    try:
        return _Resolver().resolve(_Reader(file, fix_imports=True, encoding="latin1").load())
    except WeightsError:
        raise
    except Exception as error:
        raise WeightsError(f"the pickled arrays are truncated or damaged ({type(error).__name__})") from error


class _Resolver:
    """Converter of records to arrays, with a limit on repeated references."""

    def __init__(self) -> None:
        self._left = 10_000

    def resolve(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise WeightsError("the file contains more than 10000 objects, expected a dictionary of weights")
        if isinstance(value, _Array):
            return self._array(value.state)
        if isinstance(value, (list, tuple)):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            return {_key(key): self.resolve(item) for key, item in value.items()}
        if isinstance(value, (str, bytes, int, float, type(None))):
            return value
        raise WeightsError("the file contains something other than dictionaries, lists and arrays")

    def _array(self, state: Any) -> Any:
        if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[2], _Type):
            raise WeightsError("an array in the file is damaged")
        _, shape, type_, fortran, values = state
        sizes = shape if isinstance(shape, tuple) else (-1,)
        if not all(isinstance(size, int) and 0 <= size < 2**31 for size in sizes) or len(sizes) > 8:
            raise WeightsError("an array in the file has an invalid shape")
        if isinstance(values, list):
            items = self.resolve(values)
            return items[0] if shape == () and len(items) == 1 else items
        if isinstance(values, str):
            values = values.encode("latin1")
        code = type_.code.lstrip("<>|=")
        if code not in _FLOATS or not isinstance(values, bytes):
            raise WeightsError(f"an array of type '{type_.code[:20]}' in the file, expected floating-point numbers")
        dtype = np.dtype(f"{type_.order.replace('|', '<')}{code}")
        if math.prod(shape) * dtype.itemsize != len(values):
            raise WeightsError(f"an array of shape {shape} has {len(values)} bytes, expected {math.prod(shape) * dtype.itemsize}")
        return np.frombuffer(values, dtype).reshape(shape, order="F" if fortran else "C")


def _key(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)[:100]
