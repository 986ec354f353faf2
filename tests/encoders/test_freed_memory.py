"""The allocator's settings while painting, and their reset afterwards."""

from __future__ import annotations

import psutil
import pytest
import torch

from stylenet.encoders import freed_memory
from stylenet.encoders.freed_memory import freed_memory_kept, return_freed_memory


def test_settings_follow_what_is_painted() -> None:
    usual = freed_memory._settings()
    with freed_memory_kept():
        keeping = freed_memory._settings()
    with freed_memory_kept(bounded=True, returned_bytes=2**20):
        assert dict(freed_memory._settings())[freed_memory._M_MMAP_THRESHOLD] == 2**20
        assert dict(freed_memory._settings())[freed_memory._M_MMAP_MAX] > 0  # an unbounded painting before it had set none
        with freed_memory_kept(), freed_memory_kept(bounded=True, returned_bytes=2**18):
            assert dict(freed_memory._settings())[freed_memory._M_MMAP_THRESHOLD] == 2**18  # the strictest
    assert keeping not in (usual, ())
    assert freed_memory._settings() == usual
    assert not freed_memory._ACTIVE
    names = {name for name, _ in usual}
    assert {name for name, _ in keeping} <= names  # whatever is set is set back


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ValueError, match="no"), freed_memory_kept():
        raise ValueError("no")
    assert not freed_memory._ACTIVE


def _used() -> int:
    return int(psutil.Process().memory_info().rss)


@pytest.mark.skipif(freed_memory._glibc() is None, reason="another C library")
def test_what_an_earlier_painting_left_behind_is_not_counted() -> None:
    return_freed_memory()
    before = _used()
    with freed_memory_kept():
        blocks = [torch.ones(2**20) for _ in range(64)]  # 4 MB each
        keep = torch.ones(8)
        del blocks
        kept = _used()
    return_freed_memory()
    assert kept > before + 100 * 2**20
    assert _used() < before + 40 * 2**20
    assert keep.sum() == 8
