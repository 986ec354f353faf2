"""The server: how long previews take, alone and with many clients at once, and what sliding asks of it.

python benchmarks/server.py                     previews of new settings one after the other, a slider, and clients in parallel
python benchmarks/server.py --clients 200 --seconds 120
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from report import write_result

from stylenet.image.files import save_image

SIZE_PX = 384
STYLES = ("starry-night", "great-wave", "the-scream", "edtaonisl")


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Milliseconds: median, 95th percentile and largest."""
    milliseconds = 1000 * np.array(seconds)
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return {"p50_ms": round(float(p50)), "p95_ms": round(float(p95)), "max_ms": round(float(milliseconds.max())), "runs": len(seconds)}


def address(id: str, strength: float, style: str = STYLES[0]) -> str:
    return f"/v1/preview/{id}.jpg?style={style}&strength={strength:.3f}&size={SIZE_PX}"


def processor_seconds(server: psutil.Process) -> float:
    """Of the server and its processes so far."""
    times = [process.cpu_times() for process in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)


async def alone(client: httpx.AsyncClient, id: str, server: psutil.Process, *, runs: int = 60) -> dict[str, float]:
    """Previews one after the other, each of a strength that was not asked for before."""
    found = []
    before = processor_seconds(server)
    for run in range(runs + 5):
        begin = time.perf_counter()
        (await client.get(address(id, 10 + run))).raise_for_status()
        found.append(time.perf_counter() - begin)
    used = 1000 * (processor_seconds(server) - before) / len(found)
    return {**percentiles(found[5:]), "processor time of each, both cores together, ms": round(used)}


async def sliding(client: httpx.AsyncClient, id: str, *, positions: int = 60, seconds: float = 3.0) -> dict[str, Any]:
    """A client that asks at every position of a slider, without waiting; the server drops what a later one supersedes."""
    most = 0
    answers: Counter[int] = Counter()

    async def ask(position: int) -> None:
        answer = await client.get(address(id, position / 3, STYLES[1]), headers={"stylenet-client": "slider"})
        answers[answer.status_code] += 1

    tasks = []
    begin = time.perf_counter()
    for position in range(positions):
        tasks.append(asyncio.create_task(ask(position)))
        await asyncio.sleep(max(0.0, begin + (position + 1) * seconds / positions - time.perf_counter()))
        text = (await client.get("/metrics")).text
        waiting = next(line for line in text.splitlines() if line.startswith('stylenet_waiting_passes{queue="previews"}'))
        most = max(most, int(waiting.split()[-1]))
    await asyncio.gather(*tasks)
    return {"positions": positions, "most_waiting": most, "answers": {str(status): count for status, count in sorted(answers.items())}}


async def together(client: httpx.AsyncClient, pictures: list[bytes], *, clients: int, seconds: float) -> dict[str, Any]:
    """Clients that upload, preview and queue small jobs, in a random order, as fast as they are answered."""
    answers: Counter[str] = Counter()
    times: list[float] = []
    jobs: list[str] = []
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        chance = random.Random(number)
        id = None
        while time.perf_counter() < end:
            kind = "upload" if id is None else chance.choices(("upload", "preview", "job", "read"), (1, 6, 0.1, 6))[0]
            begin = time.perf_counter()
            try:
                if kind == "upload":
                    answer = await client.put("/v1/pictures", content=chance.choice(pictures))
                    id = answer.json().get("id", id)
                elif kind == "preview":
                    answer = await client.get(address(str(id), chance.randrange(100), chance.choice(STYLES)))
                    times.append(time.perf_counter() - begin)
                elif kind == "job":
                    body = {"photo": id, "styles": [chance.choice(STYLES)], "recipe": "instant", "size": 64}
                    answer = await client.post("/v1/jobs", json=body)
                    jobs.extend([answer.json()["id"]] if answer.status_code == 202 else [])
                else:
                    answer = await client.get(chance.choice(("/v1/styles", "/v1/jobs", "/healthz")))
            except httpx.HTTPError as error:
                answers[f"{kind} {type(error).__name__}"] += 1
                continue
            answers[f"{kind} {answer.status_code}"] += 1
            if answer.status_code == 429:
                await asyncio.sleep(float(answer.headers["retry-after"]))

    await asyncio.gather(*(one(number) for number in range(clients)))
    states = Counter([await ended(client, job) for job in jobs])
    return {
        "clients": clients,
        "seconds": seconds,
        "answers": dict(sorted(answers.items())),
        "previews": percentiles(times) if times else None,
        "jobs": dict(states),
    }


async def ended(client: httpx.AsyncClient, job: str) -> str:
    for _ in range(3000):
        state = str((await client.get(f"/v1/jobs/{job}")).json()["state"])
        if state not in ("queued", "running"):
            return state
        await asyncio.sleep(0.1)
    return "lost"


def picture(seed: int, folder: Path) -> bytes:
    """A JPEG of 1600 x 1200 pixels: a soft scene with noise, about as large in bytes as a photo."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:1200, 0:1600].astype(np.float32) / 1600
    waves = np.stack([0.5 + 0.4 * np.sin(chance.uniform(3, 20) * x + chance.uniform(3, 20) * y) for _ in range(3)])
    pixels = (waves + chance.normal(0, 0.02, waves.shape)).clip(0, 1)[None].astype(np.float32)
    path = folder / f"{seed}.jpg"
    save_image(pixels, path, quality=85)
    return path.read_bytes()


async def measured(url: str, server: psutil.Process, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=arguments.clients + 10)
    async with httpx.AsyncClient(base_url=url, timeout=300, limits=limits) as client:
        pictures = [picture(seed, folder) for seed in range(8)]
        id = (await client.put("/v1/pictures", content=pictures[0])).json()["id"]
        first = time.perf_counter()
        (await client.get(address(id, 5))).raise_for_status()
        figures: dict[str, Any] = {"first preview, the network is loaded, ms": round(1000 * (time.perf_counter() - first))}
        figures[f"previews at {SIZE_PX} px, one after the other"] = await alone(client, id, server)
        figures["slider"] = await sliding(client, id)
        figures["clients at once"] = await together(client, pictures, clients=arguments.clients, seconds=arguments.seconds)
        figures["resident memory of the server, MB"] = round(server.memory_info().rss / 1e6)
        memory = [child.memory_info().rss / 1e6 for child in server.children(recursive=True)]
        figures["resident memory of its processes, MB"] = [round(each) for each in memory]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--note", default="", help="what else ran on the machine")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = (sys.executable, "-m", "stylenet", "serve", "--port", "0", "--data", str(folder / "data"))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                if process.stdout is None:
                    raise RuntimeError("the server has no output")
                url = process.stdout.readline().split()[2]
                before = psutil.getloadavg()[0]
                figures = asyncio.run(measured(url, psutil.Process(process.pid), arguments, folder))
            finally:
                process.terminate()
    figures["load before and after"] = [round(before, 1), round(psutil.getloadavg()[0], 1)]
    figures["note"] = arguments.note
    write_result("server", json.loads(json.dumps(figures)))


if __name__ == "__main__":
    main()
