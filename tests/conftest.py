"""Settings for all tests: no network access, one thread, separate user folders, plain output."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before anything imports NumPy or torch; processes that tests start inherit it. Sums are taken in an order that depends on the thread
# count, and pictures this small are painted faster by one thread. `make test` uses the other cores for other tests.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

# Otherwise each process that a test starts would compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Help pages and progress bars look the same on every terminal, and in none.
os.environ.update(COLUMNS="140", TERM="dumb", NO_COLOR="1", _TYPER_FORCE_DISABLE_TERMINAL="1")
for _name in ("FORCE_COLOR", "PY_COLORS"):
    os.environ.pop(_name, None)


class NetworkUsed(BaseException):
    """A test reached for the network. Not an `Exception`, so that no error handling of the code under test hides it."""


def _is_local(address: Any) -> bool:
    """Whether a socket address stays on this machine: a path, `localhost` or a loopback number."""
    if not isinstance(address, tuple):
        return True
    host = address[0]
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def offline() -> Iterator[None]:
    """No test reaches another machine; servers on the loopback address work."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if not _is_local(address):
            raise NetworkUsed(f"tests run offline; this one connects to {address}")
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if not _is_local(address):
            raise NetworkUsed(f"tests run offline; this one connects to {address}")
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_local((name,)):
            raise NetworkUsed(f"tests run offline; this one looks up {name}")
        return getaddrinfo(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not read or write caches, styles and recipes of the user."""
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / ".home" / name.lower()))


@pytest.fixture(scope="session")
def photo() -> Any:
    """A sun over hills, 80 x 64: large shapes, edges and a smooth sky."""
    import numpy as np

    from stylenet.image.files import Picture

    y, x = np.mgrid[0:64, 0:80].astype(np.float32)
    sky = np.stack([0.4 + y / 160, 0.6 + y / 200, 0.9 - y / 300], axis=-1)
    hills = np.stack([0.2 + x / 400, 0.45 + 0 * x, 0.2 + y / 400], axis=-1)
    pixels = np.where((y > 40 + 8 * np.sin(x / 9))[..., None], hills, sky)
    pixels[(x - 58) ** 2 + (y - 16) ** 2 < 64] = (1.0, 0.85, 0.3)
    return Picture(pixels=np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32).clip(0, 1))
