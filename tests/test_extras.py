"""Optional packages: errors name a missing or broken package and the command that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stylenet import extras
from stylenet.errors import UsageError
from stylenet.extras import command, explained, is_installed, require


def test_a_package_that_is_there() -> None:
    assert require("onnx", "this").__name__ == "onnx"
    assert is_installed("numpy")
    assert not is_installed("no_such_package")


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(extras._PACKAGES, "no_such_package", ("Such", "onnx"))
    with pytest.raises(UsageError, match=r'writing files needs Such; install it with: pip install "stylenet\[onnx\]"'):
        require("no_such_package", "writing files")


def test_a_package_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("raise OSError('libgpu.so.1:\\n  cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(extras._PACKAGES, "broken_package", ("Broken", "torch"))
    with pytest.raises(UsageError, match=r"needs Broken, which is installed but cannot be imported: libgpu.so.1: cannot open shared"):
        require("broken_package", "painting")
    monkeypatch.setitem(sys.modules, "broken_package", None)


def test_errors_of_imports_elsewhere() -> None:
    error = explained(ModuleNotFoundError("No module named 'skimage'", name="skimage"), "comparing")
    assert str(error) == 'comparing needs scikit-image; install it with: pip install "stylenet[torch]"'
    part = explained(ModuleNotFoundError("No module named 'torch.no'", name="torch.no"))
    assert "torch, which is installed but cannot be imported: No module named 'torch.no'" in str(part)
    assert explained(ModuleNotFoundError("No module named 'mine'", name="mine")) is None
    assert explained(ModuleNotFoundError("no name")) is None
    assert command("torch", "onnx") == 'pip install "stylenet[torch,onnx]"'
