"""A server under load: 200 clients at once, and 1000 jobs one after another. No response may be lost, and memory must not grow.

python benchmarks/server_load.py [--clients 200] [--seconds 120] [--jobs 1000]      0 skips a part
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from local_server import LocalServer, load_average, percentiles, picture, running_server, wait_for_job
from report import write_result

STYLES = ("starry-night", "great-wave", "the-scream", "edtaonisl")
PREVIEW_PX = 128
JOB = {"recipe": "instant", "size": 64}
SHARES = {"upload": 1.0, "preview": 6.0, "job": 0.3, "read": 6.0}
SAMPLE_SECONDS = 2.0
SAMPLES = 20
"""Number of memory measurements over all jobs."""


class Load:
    """Requests of many clients, and their responses.

    Args:
        server: The server.
        pictures: Pictures to upload.
    """

    def __init__(self, server: LocalServer, pictures: Sequence[bytes]) -> None:
        self._server, self._pictures = server, pictures
        self.responses: Counter[str] = Counter()
        self.preview_seconds: list[float] = []
        self.jobs: list[str] = []
        self.memory_mb: list[dict[str, float]] = []

    async def run(self, clients: int, seconds: float) -> None:
        """Send requests from several clients at once, each after the previous response."""
        end = time.monotonic() + seconds
        sampling = asyncio.create_task(self._sample())
        await asyncio.gather(*(self._run_client(number, end) for number in range(clients)))
        sampling.cancel()

    async def _sample(self) -> None:
        while True:
            self.memory_mb.append(self._server.memory_mb())
            await asyncio.sleep(SAMPLE_SECONDS)

    async def _run_client(self, number: int, end: float) -> None:
        # Each client has its own connection pool: on a busy machine, a shared one may close a connection that it has just assigned.
        async with httpx.AsyncClient(base_url=self._server.url, timeout=300, verify=False) as client:
            await self._send_requests(client, random.Random(number), end)

    async def _send_requests(self, client: httpx.AsyncClient, rng: random.Random, end: float) -> None:
        id = ""
        while time.monotonic() < end:
            kind = rng.choices(list(SHARES), list(SHARES.values()))[0] if id else "upload"
            started = time.perf_counter()
            try:
                response = await self._send(client, kind, id, rng)
            except httpx.HTTPError as error:
                self.responses[f"{kind}: {type(error).__name__}"] += 1
                continue
            self.responses[f"{kind}: {response.status_code}"] += 1
            if response.status_code == 429:
                await asyncio.sleep(float(response.headers["retry-after"]))
            elif kind == "upload":
                id = response.json().get("id", id)
            elif kind == "preview":
                self.preview_seconds.append(time.perf_counter() - started)
            elif kind == "job":
                self.jobs.append(response.json()["id"])

    async def _send(self, client: httpx.AsyncClient, kind: str, id: str, rng: random.Random) -> httpx.Response:
        style = rng.choice(STYLES)
        match kind:
            case "upload":
                return await client.put("/v1/pictures", content=rng.choice(self._pictures))
            case "preview":
                return await client.get(f"/v1/preview/{id}.jpg?style={style}&strength={rng.randrange(100)}&size={PREVIEW_PX}")
            case "job":
                return await client.post("/v1/jobs", json={"photo": id, "styles": [style], **JOB})
            case _:
                return await client.get(rng.choice(("/v1/styles", "/v1/jobs", "/v1/history", "/healthz", "/metrics", "/")))


def many_clients(clients: int, seconds: float) -> dict[str, Any]:
    """Many clients at once: responses by status, and final states of the accepted jobs."""
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        pictures = [picture(seed, Path(folder)) for seed in range(8)]
        load = Load(server, pictures)
        asyncio.run(load.run(clients, seconds))
        with httpx.Client(base_url=server.url, timeout=60) as client:
            states = Counter(wait_for_job(client, job)["state"] for job in load.jobs)
        return {
            "clients": clients,
            "seconds": seconds,
            "answers": dict(sorted(load.responses.items())),
            "answers in all": sum(load.responses.values()),
            "errors but 429": sum(
                count for name, count in load.responses.items() if not name.endswith((": 200", ": 201", ": 202", ": 429"))
            ),
            f"previews at {PREVIEW_PX} px": percentiles(load.preview_seconds),
            "accepted jobs by state": dict(states),
            "most memory, MB": {name: max(sample[name] for sample in load.memory_mb) for name in ("server", "processes")},
            "tracebacks in the log": server.tracebacks(),
        }


def jobs_in_a_row(count: int) -> dict[str, Any]:
    """Jobs one after another, with the memory after each twentieth of them."""
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            id = client.put("/v1/pictures", content=picture(0, Path(folder), width=160, height=120)).json()["id"]
            states: Counter[str] = Counter()
            memory = []
            started = time.perf_counter()
            for number in range(count):
                job = client.post("/v1/jobs", json={"photo": id, "styles": [STYLES[number % len(STYLES)]], "seed": number, **JOB}).json()[
                    "id"
                ]
                states[wait_for_job(client, job)["state"]] += 1
                if (number + 1) % max(1, count // SAMPLES) == 0:
                    memory.append(server.memory_mb())
            seconds = time.perf_counter() - started
        later = memory[len(memory) // 4 :]  # the first ones load networks and styles
        growth = {
            name: round(float(np.polyfit(range(len(later)), [sample[name] for sample in later], 1)[0]) * len(later), 1)
            for name in ("server", "processes")
        }
        return {
            "jobs": count,
            "by state": dict(states),
            "seconds each": round(seconds / count, 3),
            "memory, MB": memory,
            "growth over the last three quarters, MB": growth,
            "tracebacks in the log": server.tracebacks(),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--jobs", type=int, default=1000)
    arguments = parser.parse_args()
    load = load_average()
    if arguments.clients:
        figures = many_clients(arguments.clients, arguments.seconds)
        write_result("server-load", {**figures, "load before and after": [load, load_average()]})
    if arguments.jobs:
        figures = jobs_in_a_row(arguments.jobs)
        write_result("server-jobs", {**figures, "load before and after": [load, load_average()]})


if __name__ == "__main__":
    main()
