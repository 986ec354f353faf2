"""Packages loaded by commands, and damaged packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = (
    "torch", "scipy", "skimage", "httpx", "onnx", "cv2", "pydantic", "starlette", "uvicorn", "websockets",
    "rich.console", "importlib.metadata", "PIL.WebPImagePlugin",
)  # fmt: skip
"""What a picture painted in one pass does without."""


@pytest.mark.parametrize("words", [("stylize", "photo.png", "starry-night", "-o", "out.png"), ("styles", "ls"), ("recipes", "ls")])
def test_nothing_heavy_is_imported(folder: Path, words: tuple[str, ...]) -> None:
    code = (
        "import sys; from stylenet.cli.app import main; code = main(sys.argv[1:]); "
        f"print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules]); sys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "LOADED"


def test_importtime_names_no_heavy_package(folder: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "stylenet", "stylize", "photo.png", "starry-night", "-o", "out.png"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.splitlines()}
    assert "numpy" in names
    assert not names & {"torch", "scipy", "skimage", "httpx"}


def test_what_is_installed_and_broken_gives_its_own_reason(folder: Path) -> None:
    broken = folder / "broken" / "torch"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('libtorch.so: cannot open shared object file')")
    code = "import sys; sys.path.insert(0, 'broken'); from stylenet.cli.app import main; sys.exit(main(sys.argv[1:]))"
    words = ("stylize", "photo.png", "starry-night", "-r", "standard", "-o", "out.png")
    ended: Any = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert ended.stderr == (
        "stylenet: error: recipe 'standard' optimizes the picture, which needs torch, which is installed but cannot be imported: "
        "libtorch.so: cannot open shared object file\n"
    )
