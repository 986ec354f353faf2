"""The kinds of networks that paint in one pass: each registers its class in its own file. Nothing here imports torch before it is needed.

A kind that ships lies in the module of its name, `networks.johnson`, which is imported when the first of its networks is opened. A kind of
another program is registered when the module that defines it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from stylenet.catalog.networks import AnyRecord
from stylenet.errors import WeightsError

if TYPE_CHECKING:
    from stylenet.networks.base import Network

    NetworkT = TypeVar("NetworkT", bound=Network[Any])

SHIPPED = ("hypercolumn", "instant", "johnson", "slim", "texture")

_CLASSES: dict[str, type[Network[Any]]] = {}


def registered(kind: str) -> Callable[[type[NetworkT]], type[NetworkT]]:
    """Register the decorated class for the networks of a kind, `AnyRecord.kind`."""

    def register(network: type[NetworkT]) -> type[NetworkT]:
        _CLASSES[kind] = network
        return network

    return register


def network_class(record: AnyRecord) -> type[Network[Any]]:
    """The class of the networks with this record.

    Raises:
        WeightsError: no class is registered for the kind.
    """
    kind = record.kind
    if kind not in _CLASSES and kind in SHIPPED:
        import_module(f"stylenet.networks.{kind}")
    if kind not in _CLASSES:
        raise WeightsError(f"no class of networks is registered for '{kind}'; import the module that defines it")
    return _CLASSES[kind]
