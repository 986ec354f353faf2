"""Batches: whether one process, several processes and a Ray cluster write the same files, even if workers are killed, and their speed.

    python benchmarks/batch.py [--photos 500] [--kills 100]

Creates small photos, thirty of them broken in different ways, and paints them in one process, with two workers, with two workers that are
killed at random times, and on a Ray cluster of three node processes on this machine, one of which is killed.

Pictures per second are measured from the first finished picture to the last, which excludes the startup.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import psutil
from report import write_result

STYLE = "starry-night"
SIZE_PX = (64, 48)


def photo(seed: int, size: tuple[int, int] = SIZE_PX, format: str = "PNG") -> bytes:
    """An encoded picture of smooth shapes, different for each seed."""
    rng = np.random.default_rng(seed)
    small = PIL.Image.fromarray(rng.integers(0, 255, (5, 7, 3), dtype=np.uint8))
    file = io.BytesIO()
    small.resize(size, PIL.Image.Resampling.BICUBIC).save(file, format=format)
    return file.getvalue()


def broken_files() -> dict[str, bytes]:
    """Twenty-seven files that are not pictures, by name; `make_photos` adds three that are not regular files."""
    png, jpeg, gif, bmp, tiff, webp = (photo(0, format=format) for format in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"))
    wide = bytearray(png)
    wide[16:24] = (100_000).to_bytes(4, "big") * 2
    flat = bytearray(png)
    flat[16:20] = bytes(4)
    return {
        "empty.png": b"",
        "one-byte.png": b"\x89",
        "text.jpg": b"hello, this is text\n" * 20,
        "html.jpg": b"<!doctype html><html><body>404 Not FoundPhotos</body></html>",
        "json.webp": b'{"error": "not found"}',
        "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "pdf.tif": b"%PDF-1.7\n" + bytes(300),
        "postscript.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "zip.jpg": b"PK\x03\x04" + bytes(300),
        "gzip.png": b"\x1f\x8b\x08" + bytes(300),
        "zeros.png": bytes(2000),
        "noise.png": np.random.default_rng(0).bytes(2000),
        "header-png.png": png[:8],
        "headless.png": png[8:],
        "cut-png.png": png[:60],
        "huge-png.png": bytes(wide),
        "flat.png": bytes(flat),
        "start.jpg": jpeg[:2],
        "cut-jpeg.jpg": jpeg[:100],
        "header-gif.gif": gif[:6],
        "header-bmp.bmp": bmp[:20],
        "cut-tiff.tif": tiff[:12],
        "cut-webp.webp": webp[:24],
        "huge-ppm.ppm": b"P6 100000 100000 255\n" + bytes(100),
        "words.ppm": b"P6 ten ten 255\n" + bytes(300),
        "brand.heic": b"\0\0\0\x18ftypheic" + bytes(200),
        "name.ico": b"\0\0\1\0\xff\xff",
    }


def make_photos(folder: Path, count: int) -> list[str]:
    """Write `count` files, thirty of them broken; returns the names of the broken ones."""
    folder.mkdir()
    broken = broken_files()
    for name, data in broken.items():
        (folder / name).write_bytes(data)
    os.mkfifo(folder / "pipe.png")
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "loop.png").symlink_to(folder / "loop.png")
    names = [*broken, "pipe.png", "dangling.png", "loop.png"]
    for index in range(count - len(names)):
        (folder / f"{index:04d}.jpg").write_bytes(photo(index, format="JPEG"))
    return names


class Run:
    """A `stylenet batch` process and its results."""

    def __init__(self, photos: Path, output: Path, options: Sequence[str]) -> None:
        self.output, self.seen = output, 0
        command = [
            sys.executable,
            "-m",
            "stylenet",
            "batch",
            str(photos),
            STYLE,
            "-o",
            str(output),
            "--json",
            "--recipe",
            "instant",
            *options,
        ]
        self._times: list[float] = []
        self.states: Counter[str] = Counter()
        self.failed: dict[str, str] = {}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            event = json.loads(line)
            if event["event"] == "finished":
                self.states[event["state"]] += 1
                self.seen += 1
                if event["state"] == "failed":
                    self.failed[Path(event["photo"]).name] = event["reason"]
                if event["state"] == "painted":
                    self._times.append(time.perf_counter())

    def wait(self) -> dict[str, Any]:
        """Wait for the end; returns the results."""
        code = self.process.wait()
        self._reader.join()
        files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(self.output.glob("*.png"))}
        return {
            "exit code": code,
            **self.states,
            "pictures a second": round((len(self._times) - 1) / (self._times[-1] - self._times[0]), 3),
            "files": len(files),
            "sha256 of all files": hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16],
        }


def killed_at_random(run: Run, kills: int) -> int:
    """Kill a worker after every few pictures; returns the number of kills."""
    rng, done = random.Random(0), 0
    process = psutil.Process(run.process.pid)
    while done < kills and run.process.poll() is None:
        until = run.seen + rng.randrange(5)
        while run.seen < until and run.process.poll() is None:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.1))
        try:
            workers = [child for child in process.children() if "spawn_main" in " ".join(child.cmdline())]
            rng.choice(workers).kill()
            done += 1
        except (psutil.NoSuchProcess, IndexError):
            continue
    return done


def on_three_nodes(photos: Path, output: Path) -> dict[str, Any]:
    """Paint on a Ray cluster of three nodes, one of which is killed after a hundred pictures."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    store = 100 * 2**20
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": store})
    try:
        nodes = [cluster.add_node(num_cpus=1, object_store_memory=store) for _ in range(3)]
        run = Run(photos, output, ["--ray", cluster.address, "--threads", "1"])
        while run.seen < 100 and run.process.poll() is None:
            time.sleep(0.02)
        cluster.remove_node(nodes[0], allow_graceful=False)
        return {**run.wait(), "killed nodes": 1}
    finally:
        cluster.shutdown()


def speeds(folder: Path, *, px: int, count: int) -> dict[str, float]:
    """Pictures per second of one process and of two, measured alternately."""
    photos = folder / f"photos-{px}"
    photos.mkdir()
    for index in range(count):
        (photos / f"{index}.jpg").write_bytes(photo(index, (px, px * 3 // 4), "JPEG"))
    found: dict[str, list[float]] = {"one process": [], "two workers": []}
    for turn in range(2):
        for name, options in (("one process", []), ("two workers", ["--workers", "2"])):
            run = Run(photos, folder / f"speed-{px}-{name}-{turn}", options)
            found[name].append(float(run.wait()["pictures a second"]))
    best = {name: max(values) for name, values in found.items()}
    return {**best, "ratio": round(best["two workers"] / best["one process"], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--photos", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--speed-photos", type=int, default=16)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"load": os.getloadavg()[0], "photos": arguments.photos, "of them broken": 30}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broken = make_photos(folder / "photos", arguments.photos)

        def shown(what: str, paint: Callable[[Path], dict[str, Any]]) -> None:
            figures[what] = paint(folder / what.replace(" ", "-"))
            print(what, figures[what], flush=True)

        def plain(*options: str) -> Callable[[Path], dict[str, Any]]:
            return lambda output: Run(folder / "photos", output, options).wait()

        def killed(output: Path) -> dict[str, Any]:
            run = Run(folder / "photos", output, ["--workers", "2"])
            kills = killed_at_random(run, arguments.kills)
            found = run.wait()
            figures["the broken files failed, and only they"] = sorted(run.failed) == sorted(broken)
            return {**found, "kills": kills}

        shown("one process", plain("--threads", "1"))  # the last digits depend on the threads
        shown("two workers", plain("--workers", "2"))
        shown("three Ray nodes", lambda output: on_three_nodes(folder / "photos", output))
        shown("two workers that are killed", killed)
        for px in (128, 512):
            shown(f"speed at {px} px", lambda _, px=px: speeds(folder, px=px, count=arguments.speed_photos))  # type: ignore[misc]
    write_result("batch", figures)


if __name__ == "__main__":
    main()
