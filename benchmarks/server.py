"""Times of single previews, and of previews during slider movements. See server_load.py for many clients at once.

python benchmarks/server.py [--note "what else ran on the machine"]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from local_server import LocalServer, load_average, metric, percentiles, picture, running_server
from report import write_result

SIZE_PX = 384
STYLES = ("starry-night", "great-wave")


def address(id: str, strength: float, style: str = STYLES[0]) -> str:
    return f"/v1/preview/{id}.jpg?style={style}&strength={strength:.3f}&size={SIZE_PX}"


async def alone(client: httpx.AsyncClient, id: str, server: LocalServer, *, runs: int = 60) -> dict[str, float]:
    """Previews one after the other, each with a new strength."""
    found = []
    before = server.processor_seconds()
    for run in range(runs + 5):
        started = time.perf_counter()
        (await client.get(address(id, 10 + run))).raise_for_status()
        found.append(time.perf_counter() - started)
    used = 1000 * (server.processor_seconds() - before) / len(found)
    return {**percentiles(found[5:]), "processor time of each, both cores together, ms": round(used)}


async def sliding(client: httpx.AsyncClient, id: str, *, positions: int = 60, seconds: float = 3.0) -> dict[str, Any]:
    """A client that requests a preview at every slider position, without waiting; the server drops superseded requests."""
    max_waiting = 0
    answers: Counter[int] = Counter()
    shown: list[float] = []

    async def request(position: int) -> None:
        started = time.perf_counter()
        response = await client.get(address(id, position / 3, STYLES[1]), headers={"stylenet-client": "slider"})
        answers[response.status_code] += 1
        if response.status_code == 200:
            shown.append(time.perf_counter() - started)

    tasks = []
    started = time.perf_counter()
    for position in range(positions):
        tasks.append(asyncio.create_task(request(position)))
        await asyncio.sleep(max(0.0, started + (position + 1) * seconds / positions - time.perf_counter()))
        max_waiting = max(max_waiting, metric((await client.get("/metrics")).text, "waiting_passes"))
    await asyncio.gather(*tasks)
    return {
        "positions": positions,
        "seconds": seconds,
        "max_waiting": max_waiting,
        "answers": {str(status): count for status, count in sorted(answers.items())},
        "previews that were shown": percentiles(shown),
    }


async def measured(server: LocalServer, photo: bytes) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=server.url, timeout=300) as client:
        id = (await client.put("/v1/pictures", content=photo)).json()["id"]
        first = time.perf_counter()
        (await client.get(address(id, 5))).raise_for_status()
        return {
            "first preview, the network is loaded, ms": round(1000 * (time.perf_counter() - first)),
            f"previews at {SIZE_PX} px, one after the other": await alone(client, id, server),
            "slider": await sliding(client, id),
            "resident memory, MB": server.memory_mb(),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--note", default="", help="what else ran on the machine")
    arguments = parser.parse_args()
    load = load_average()
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        figures = asyncio.run(measured(server, picture(0, Path(folder))))
    write_result("server", {**figures, "load before and after": [load, load_average()], "note": arguments.note})


if __name__ == "__main__":
    main()
