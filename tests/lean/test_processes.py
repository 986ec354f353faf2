"""Painting in processes started by fork and by spawn."""

from __future__ import annotations

import hashlib
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own: pytest's has threads, and a forked child inherits what it has loaded.
PROGRAM = """
import hashlib, multiprocessing, sys
import stylenet

def paint(style):
    return hashlib.sha256(stylenet.stylize("photo.png", style).pixels.tobytes()).hexdigest()

if __name__ == "__main__":
    styles = ["starry-night", "great-wave", "starry-night"]
    alone = [paint(style) for style in styles]
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(paint, styles) == alone
    print(alone[0])
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_paint_the_same_bytes(folder: Path, method: str) -> None:
    (folder / "program.py").write_text(PROGRAM)
    ended = subprocess.run([sys.executable, "program.py", method], cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.strip()) == len(hashlib.sha256().hexdigest())
