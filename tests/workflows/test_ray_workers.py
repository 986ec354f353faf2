"""Batches and clips on a local Ray cluster. Each runs in a separate process, since Ray changes the settings of its process."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest

from stylenet.errors import UsageError
from stylenet.requests.video import VideoRequest
from stylenet.workflows.batch import paint_batch
from stylenet.workflows.video import paint_video
from tests.workflows.batches import pictures, request_of

SCRIPT = """
import json, os, signal, sys
import psutil
from stylenet.requests.batch import BatchRequest
from stylenet.workflows.batch import Finished, paint_batch

request = BatchRequest.of(json.loads(sys.argv[1]))
finished, killed = [], False
for event in paint_batch(request):
    if isinstance(event, Finished):
        finished.append((event.pair.photo.name, event.state, event.reason))
        if len(finished) == 2:
            actors = [one for one in psutil.Process().children(recursive=True) if "_Actor" in " ".join(one.cmdline())]
            actors[0].kill()
            killed = True
print(json.dumps({"finished": finished, "killed": killed, "left": [one.name() for one in psutil.Process().children(recursive=True)]}))
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray, of the extra 'cluster', is not installed")
def test_a_cluster_of_this_machine_paints_the_same_files_though_an_actor_is_killed(tmp_path: Path) -> None:
    pictures(tmp_path / "in", 10)
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    before = {one.pid for one in psutil.process_iter()}
    values = {"photos": [str(tmp_path / "in")], "styles": ["starry-night"], "output": str(tmp_path / "out"), "recipe": "instant"}
    words = json.dumps({**values, "threads": 1, "workers": 2, "ray": "auto"})
    ended = subprocess.run([sys.executable, "-c", SCRIPT, words], capture_output=True, text=True, timeout=120, check=False)
    if "timed out during startup" in ended.stderr:
        pytest.skip("this machine is too busy: Ray gives itself 30 seconds to start")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["killed"]
    assert told["left"] == []
    states = {name: state for name, state, _ in told["finished"]}
    assert states == {**{f"{index}.png": "painted" for index in range(10)}, "broken.png": "failed"}
    assert len(told["finished"]) == 11
    assert not [one for one in psutil.process_iter() if one.pid not in before and "ray" in one.name()]
    list(paint_batch(request_of(tmp_path, output=str(tmp_path / "alone"))))
    for index in range(10):
        assert (tmp_path / "out" / f"{index}.png").read_bytes() == (tmp_path / "alone" / f"{index}.png").read_bytes()


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray, of the extra 'cluster', is not installed")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "ray://127.0.0.1:10001"])
def test_addresses_without_a_cluster(tmp_path: Path, address: str) -> None:
    pictures(tmp_path / "in", 1)
    with pytest.raises(UsageError, match=f"'{address}'"):
        list(paint_batch(request_of(tmp_path, ray=address)))


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_the_command_that_installs_it(tmp_path: Path) -> None:
    pictures(tmp_path / "in", 1)
    with pytest.raises(UsageError, match=r'pip install "stylenet\[cluster\]"'):
        list(paint_batch(request_of(tmp_path, ray="auto")))


CLIP_SCRIPT = """
import json, sys
import psutil
from stylenet.requests.video import VideoRequest
from stylenet.workflows.video import FrameDone, paint_video

request = VideoRequest.of(json.loads(sys.argv[1]))
killed = 0
for event in paint_video(request):
    if isinstance(event, FrameDone) and not killed:
        actors = [one for one in psutil.Process().children(recursive=True) if "_Actor" in " ".join(one.cmdline())]
        actors[0].kill()
        killed += 1
print(json.dumps({"killed": killed, "left": [one.name() for one in psutil.Process().children(recursive=True)]}))
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray, of the extra 'cluster', is not installed")
def test_a_cluster_paints_the_scenes_of_a_clip(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    from tests.video.clips import pan, read_back, write_clip

    clip = write_clip(tmp_path / "clip.mkv", [*pan(3), *pan(5, seed=1), *pan(4, seed=2)], codec="ffv1", pix_fmt="bgr0")
    values = {"clip": str(clip), "styles": ["starry-night"], "output": str(tmp_path / "out.mkv"), "recipe": "instant", "threads": 1}
    words = json.dumps({**values, "workers": 2, "ray": "auto"})
    ended = subprocess.run([sys.executable, "-c", CLIP_SCRIPT, words], capture_output=True, text=True, timeout=120, check=False)
    if "timed out during startup" in ended.stderr:
        pytest.skip("this machine is too busy: Ray gives itself 30 seconds to start")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1]) == {"killed": 1, "left": []}
    list(paint_video(VideoRequest.of({**values, "output": str(tmp_path / "alone.mkv")})))
    frames, expected = read_back(tmp_path / "out.mkv")[0], read_back(tmp_path / "alone.mkv")[0]
    assert len(frames) == 12
    assert all(np.array_equal(*pair) for pair in zip(frames, expected, strict=True))
