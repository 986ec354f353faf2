"""Locks and threads are reset in forked processes."""

from __future__ import annotations

import os
import threading

import pytest

from stylenet.engines.forks import reset_after_fork

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


class Holder:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        reset_after_fork(self)

    def after_fork(self) -> None:
        self.lock = threading.Lock()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_lock_that_is_held_at_the_fork_is_free_in_the_child() -> None:
    holder, gone = Holder(), Holder()
    del gone
    with holder.lock:
        child = os.fork()
        if not child:
            os._exit(0 if holder.lock.acquire(blocking=False) else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert holder.lock.locked()
