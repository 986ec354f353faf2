"""A server process for the server benchmarks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from stylenet.image.files import save_image


@dataclass
class LocalServer:
    """A running server.

    Attributes:
        url: Address.
        process: Server process.
        log: File with its standard error.
    """

    url: str
    process: subprocess.Popen[str]
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def processes(self) -> list[psutil.Process]:
        """The server and its child processes."""
        server = psutil.Process(self.process.pid)
        return [server, *server.children(recursive=True)]

    def memory_mb(self) -> dict[str, float]:
        """Resident memory of the server, and the total of its child processes."""
        sizes = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                sizes.append(process.memory_info().rss / 1e6)
        return {"server": round(sizes[0]), "processes": round(sum(sizes[1:]))}

    def processor_seconds(self) -> float:
        """Processor time of the server and its child processes so far."""
        times = [process.cpu_times() for process in self.processes()]
        return sum(each.user + each.system for each in times)

    def tracebacks(self) -> int:
        """Number of tracebacks in the log."""
        return self.log.read_text(encoding="utf-8", errors="replace").count("Traceback")


def start(folder: Path, *options: str, source: Path | None = None) -> LocalServer:
    """Start `stylenet serve` on a free port.

    Args:
        folder: Folder for its data and log.
        options: Options of the command.
        source: Source folder of another version; None: this version.
    """
    environment = os.environ if source is None else {**os.environ, "PYTHONPATH": str(source.resolve())}
    command = (sys.executable, "-m", "stylenet", "serve", "--port", "0", "--data", str(folder / "data"), *options)
    log = folder / "log.txt"
    with log.open("a", encoding="utf-8") as stream:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True, env=environment)
    if process.stdout is None:
        raise RuntimeError("the server has no output")
    line = process.stdout.readline()
    if not line.startswith("listening on "):
        raise RuntimeError(f"the server did not start: {log.read_text(encoding='utf-8')}")
    return LocalServer(url=line.split()[2], process=process, log=log)


@contextlib.contextmanager
def running_server(*options: str, source: Path | None = None) -> Iterator[LocalServer]:
    """Context manager with a server that uses a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        server = start(Path(name), *options, source=source)
        try:
            yield server
        finally:
            end(server)


def end(server: LocalServer) -> None:
    """Stop a server."""
    server.process.terminate()
    server.process.wait(timeout=60)
    if server.process.stdout is not None:
        server.process.stdout.close()


def metric(text: str, name: str) -> int:
    """The sum of all values of a metric."""
    lines = [line for line in text.splitlines() if line.startswith((f"stylenet_{name} ", f"stylenet_{name}{{"))]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


def picture(seed: int, folder: Path, *, width: int = 1600, height: int = 1200) -> bytes:
    """A JPEG of smooth waves with noise, about as large in bytes as a photo."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / 1600
    waves = np.stack([0.5 + 0.4 * np.sin(rng.uniform(3, 20) * x + rng.uniform(3, 20) * y) for _ in range(3)])
    pixels = (waves + rng.normal(0, 0.02, waves.shape)).clip(0, 1)[None].astype(np.float32)
    path = folder / f"{seed}.jpg"
    save_image(pixels, path, quality=85)
    return path.read_bytes()


def load_average() -> float:
    """Load average over the last minute."""
    return round(psutil.getloadavg()[0], 1)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum, in milliseconds."""
    milliseconds = 1000 * np.array(seconds)
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50_ms": round(float(p50)), "p95_ms": round(float(p95)), "max_ms": round(float(milliseconds.max())), "runs": len(seconds)}


def wait_for_job(client: Any, job: str, *, seconds: float = 600.0) -> dict[str, Any]:
    """Wait for the end of a job, and return it.

    Args:
        client: An `httpx.Client`.
        job: Id of the job.
        seconds: Timeout.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        info: dict[str, Any] = json.loads(client.get(f"/v1/jobs/{job}").content)
        if info["state"] not in ("queued", "running"):
            return info
        time.sleep(0.05)
    raise TimeoutError(f"job {job} did not end within {seconds:g} s: {info}")
