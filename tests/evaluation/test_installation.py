"""Facts about the installation, as plain values."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import stylenet
from stylenet.catalog.recipes import recipe_names
from stylenet.evaluation import installation
from stylenet.evaluation.installation import describe_installation


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty library of styles, beside a cache that does not exist yet."""
    monkeypatch.setenv("STYLENET_STYLES", str(tmp_path / "styles"))
    monkeypatch.setenv("STYLENET_CACHE", str(tmp_path / "cache"))
    (tmp_path / "styles").mkdir()
    return tmp_path / "styles"


def test_versions_are_those_of_the_packages() -> None:
    import numpy as np

    found = describe_installation()
    assert (found["stylenet"], found["packages"]["numpy"]) == (stylenet.__version__, np.__version__)
    assert found["python"] == sys.version.split()[0]
    assert found["recipes"] == len(recipe_names())
    assert json.loads(json.dumps(found)) == found


def test_a_package_that_is_missing_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_PACKAGES", ("numpy", "no-such-package"))
    assert describe_installation()["packages"]["no-such-package"] is None


def test_the_size_of_the_cache(tmp_path: Path) -> None:
    assert (describe_installation()["cache"], describe_installation()["cache_bytes"]) == (str(tmp_path / "cache"), 0)
    (tmp_path / "cache" / "deep").mkdir(parents=True)
    (tmp_path / "cache" / "a").write_bytes(bytes(100))
    (tmp_path / "cache" / "deep" / "b").write_bytes(bytes(23))
    assert describe_installation()["cache_bytes"] == 123


def test_styles_that_cannot_be_used_have_a_reason(library: Path) -> None:
    before = describe_installation()
    assert before["unusable_styles"] == {}
    (library / "broken.safetensors").write_bytes(b"no style")
    after = describe_installation()
    assert list(after["unusable_styles"]) == ["broken"]
    assert after["styles"] == before["styles"]


def test_weights_in_another_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert describe_installation()["packaged"]["vgg19"]["problem"] is None
    monkeypatch.setattr("stylenet.weights.packaged.locate_packaged", lambda name: None)
    found = describe_installation()["packaged"]["vgg19"]
    assert (found["path"], found["size_bytes"], found["version"]) == (None, None, None)
    assert "VGG-19's weights are not installed" in found["problem"]
