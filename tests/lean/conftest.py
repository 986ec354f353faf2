"""Tests of the light install. `make test-lean` runs them without torch; otherwise they are not collected."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

collect_ignore_glob = ["test_*.py"] if find_spec("torch") else []


class Ended(subprocess.CompletedProcess[bytes]):
    """Result of a command."""

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def error(self) -> str:
        return self.stderr.decode()


@pytest.fixture
def run(folder: Path) -> Any:
    """Runs `stylenet ARGUMENTS...` in a separate process, in a folder with `photo.png` and `painting.png`."""

    def run(*words: object, given: bytes | None = None) -> Ended:
        command = [sys.executable, "-m", "stylenet", *map(str, words)]
        done = subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, input=given, timeout=120, check=False)
        return Ended(done.args, done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def folder(tmp_path: Path, photo: Any, painting: Any) -> Path:
    """A folder with a photo, a painting, and a mask of the photo's left half."""
    from stylenet.image.files import save_image

    save_image(photo.pixels, tmp_path / "photo.png")
    save_image(painting, tmp_path / "painting.png")
    mask = np.zeros_like(photo.pixels)
    mask[..., : mask.shape[3] // 2] = 1
    save_image(mask, tmp_path / "mask.png")
    return tmp_path


@pytest.fixture(scope="session")
def painting() -> Any:
    """A computed painting of hills, 256 x 256."""
    from stylenet.image.files import load_image
    from stylenet.image.resize import resize
    from stylenet.image.scenes import hills

    return resize(load_image(hills()).pixels, (256, 256))
