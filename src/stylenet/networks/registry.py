"""Registry of network kinds. Does not import torch until a network is opened.

Each built-in kind is defined in the module of its name, such as `networks.johnson`, which is imported when its first network is opened.
Kinds defined by other programs are registered when the defining module is imported.
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
    """Decorator that registers a network class for a kind, `AnyRecord.kind`."""

    def register(network: type[NetworkT]) -> type[NetworkT]:
        _CLASSES[kind] = network
        return network

    return register


def network_class(record: AnyRecord) -> type[Network[Any]]:
    """The network class for a record.

    Raises:
        WeightsError: no class is registered for the kind.
    """
    kind = record.kind
    if kind not in _CLASSES and kind in SHIPPED:
        import_module(f"stylenet.networks.{kind}")
    if kind not in _CLASSES:
        raise WeightsError(f"no class of networks is registered for '{kind}'; import the module that defines it")
    return _CLASSES[kind]
