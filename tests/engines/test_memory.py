"""Memory limits: given ones, and those from the free memory."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest
import torch

from stylenet.engines.memory import available_bytes, megabytes, memory_limit


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 10 GB of free memory, and 20 GB on its GPU."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10 * 10**9))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (20 * 10**9, 24 * 10**9))


@pytest.mark.usefixtures("machine")
def test_a_share_of_the_free_memory_is_added_to_what_the_process_holds() -> None:
    assert memory_limit(None, 10**9, device=torch.device("cpu")) == 9 * 10**9
    assert memory_limit(None, 10**9, device=torch.device("cuda")) == 17 * 10**9
    assert memory_limit(3 * 10**9, 10**9, device=torch.device("cpu")) == 3 * 10**9


@pytest.mark.usefixtures("machine")
def test_free_memory_is_that_of_the_device() -> None:
    assert available_bytes(torch.device("cpu")) == 10 * 10**9
    assert available_bytes(torch.device("cuda")) == 20 * 10**9
    assert megabytes(1.6e6) == 2
