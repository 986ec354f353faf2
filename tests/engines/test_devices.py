"""Devices and threads in forked processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from stylenet.engines import devices
from stylenet.errors import UsageError


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    threads = torch.get_num_threads()
    monkeypatch.setattr(devices, "_LOADED_IN", -1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("forked")
def test_a_forked_process_has_one_thread() -> None:
    devices.choose_device("cpu")
    assert torch.get_num_threads() == 1
    devices.set_threads(4)
    assert torch.get_num_threads() == 1


@pytest.mark.usefixtures("forked")
def test_a_gpu_that_the_parent_uses_is_rejected_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: True)
    with pytest.raises(UsageError, match="CUDA was initialized before this process was forked"):
        devices.prepare_after_fork(torch.device("cuda"))
    devices.prepare_after_fork(torch.device("cpu"))


def test_others_keep_their_threads() -> None:
    before = torch.get_num_threads()
    devices.prepare_after_fork(torch.device("cpu"))
    assert torch.get_num_threads() == before
