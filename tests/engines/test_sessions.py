"""Sessions of onnxruntime in threads, after a fork, and without the package."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from stylenet.catalog.recipes import load_recipe
from stylenet.engines.onnx_networks import OnnxPainter
from stylenet.engines.onnx_pass import OnnxInstantEngine
from stylenet.engines.sessions import available_cores, thread_count
from stylenet.errors import UsageError
from tests.engines.photos import photo


def test_threads_paint_the_same_bytes():
    image, paint = photo(90, 120), OnnxPainter("great-wave", threads=2)

    def one(seed: int) -> bytes:
        return paint.paint(image, strength=70, seed=seed).tobytes()

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(one, range(8)))  # the session is made among them
    assert together == [one(seed) for seed in range(8)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_paints():
    program = """
import os, sys
import numpy as np
from stylenet.engines.onnx_networks import OnnxPainter
painter, image = OnnxPainter("great-wave", threads=2), np.full((1, 3, 40, 40), 0.5, np.float32)
painted = painter.paint(image)
child = os.fork()
if not child:
    os._exit(0 if np.array_equal(painter.paint(image), painted) else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=60)


def test_a_missing_package_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="needs the package onnxruntime, but it is not installed; install it with: pip"):
        OnnxPainter("great-wave").paint(photo(8, 8))


def test_a_package_that_cannot_be_loaded_is_reported(monkeypatch, tmp_path):
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('libcudart.so is missing')")
    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=r"it cannot be loaded \(libcudart.so is missing\); reinstall it"):
        OnnxPainter("great-wave").open()


def test_at_most_four_threads_run_on_a_core():
    assert thread_count() == available_cores()
    assert thread_count(1) == 1
    assert thread_count(1024) == min(1024, 4 * available_cores())
    assert OnnxInstantEngine(load_recipe("instant"), threads=1024).machine()["threads"] == thread_count(1024)
