"""Kill a server and its workers at random times: every accepted job must end with the bytes of an undisturbed one.

    python benchmarks/server_kills.py [--kills 50] [--seed 0]

A job is added before every kill. A killed server is restarted; it replaces killed workers itself.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil
from local_server import LocalServer, end, load_average, picture, start, wait_for_job
from report import write_result

STEPS = 40
JOB = {
    "styles": ["starry-night"],
    "recipe": "draft",
    "size": 48,
    "changes": {"pyramid.coarsest_px": "0", "pyramid.steps": f"[{STEPS}]"},
}
OPTIONS = ("--threads", "1", "--checkpoint-seconds", "0", "--workers", "2")


def add_job(server: LocalServer, photo: bytes) -> str:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        id = client.put("/v1/pictures", content=photo).json()["id"]
        response = client.post("/v1/jobs", json={"photo": id, **JOB})
        response.raise_for_status()
        return str(response.json()["id"])


def outcome(server: LocalServer, job: str) -> tuple[str, str, int]:
    """Final state of a job, SHA-256 of its result, and number of times it was resumed from a checkpoint."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        state = wait_for_job(client, job, seconds=1200)["state"]
        result = client.get(f"/v1/jobs/{job}/result").content
        return state, hashlib.sha256(result).hexdigest(), client.get(f"/v1/jobs/{job}/events").text.count("resuming after step")


def kill(server: LocalServer, rng: random.Random) -> str:
    """Kill the server or one of its workers; returns which one."""
    workers = server.processes()[1:]
    if workers and rng.random() < 0.6:
        with contextlib.suppress(psutil.NoSuchProcess):
            rng.choice(workers).send_signal(signal.SIGKILL)
        return "worker"
    server.process.kill()
    server.process.wait()
    return "server"


def disturbed(folder: Path, kills: int, rng: random.Random) -> dict[str, Any]:
    """Kill at random times; returns the outcomes of the jobs."""
    photo = picture(0, folder, width=60, height=48)
    server = start(folder, *OPTIONS)
    try:
        started = time.monotonic()
        _, expected, _ = outcome(server, add_job(server, photo))
        usual_seconds = time.monotonic() - started
        killed: Counter[str] = Counter()
        jobs = []
        for _ in range(kills):
            jobs.append(add_job(server, photo))
            time.sleep(rng.uniform(0, 1.5 * usual_seconds))
            killed[kill(server, rng)] += 1
            if server.process.poll() is not None:
                server = start(folder, *OPTIONS)
        outcomes = [outcome(server, job) for job in jobs]
        return {
            "killed": dict(killed),
            "seconds of an undisturbed job": round(usual_seconds, 1),
            "accepted jobs": len(jobs),
            "by state": dict(Counter(state for state, _, _ in outcomes)),
            "byte-equal to the undisturbed result": sum(digest == expected for _, digest, _ in outcomes),
            "resumed from a checkpoint": sum(resumed for _, _, resumed in outcomes),
            "tracebacks in the log": server.tracebacks(),
        }
    finally:
        end(server)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    load = load_average()
    with tempfile.TemporaryDirectory() as folder:
        figures = disturbed(Path(folder), arguments.kills, random.Random(arguments.seed))
    write_result("server-kills", {**figures, "load before and after": [load, load_average()]}, seed=arguments.seed)


if __name__ == "__main__":
    main()
