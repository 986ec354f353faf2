"""Slowdown of a painting by other load: recipe `draft`, alone and next to two busy processes, with spinning and with sleeping threads.

    python benchmarks/neighbors.py PHOTO PAINTING [--size 256] [--runs 3]

"before" is torch's default, with which waiting threads spin; "after" is ours, with which they sleep: see `stylenet.waiting`. Seconds are
those of painting, without the startup of the program. Runs of both alternate, and the fastest run of each counts, since the machine may
have other load; `load` is the load average before the first run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from report import write_result

SPINNING = {"GOMP_SPINCOUNT": "300000"}
"""The default of the GNU runtime. StyleNet does not change the setting if it is given."""

WAYS = {"before": SPINNING, "after": {}}


def seconds(photo: Path, painting: str, size: int, way: dict[str, str]) -> float:
    """Duration of one painting in a separate process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "stylenet", "stylize", str(photo), painting, "--recipe", "draft", "--size", str(size), "--json"]
        run = subprocess.run(
            [*command, "-o", str(Path(folder) / "out.png")], env={**environment, **way}, stdout=subprocess.PIPE, text=True, check=True
        )
    return float(next(event["seconds"] for event in map(json.loads, run.stdout.splitlines()) if event["event"] == "done"))


@contextmanager
def neighbors(count: int) -> Iterator[None]:
    """Context manager with busy processes."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--neighbors", type=int, default=2)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    fastest: dict[str, float] = {}
    for condition, count in (("alone", 0), ("beside", arguments.neighbors)):
        with neighbors(count):
            for _ in range(arguments.runs):
                for name, way in WAYS.items():
                    duration = seconds(arguments.photo, arguments.painting, arguments.size, way)
                    print(f"{condition}, {name}: {duration:.2f} s", flush=True)
                    fastest[f"{condition} {name}"] = min(duration, fastest.get(f"{condition} {name}", duration))
    figures = {
        "size_px": arguments.size,
        "neighbors": arguments.neighbors,
        "cores": os.cpu_count(),
        "load": round(load, 2),
        "seconds": {name: round(value, 2) for name, value in fastest.items()},
        "alone_after_over_before": round(fastest["alone after"] / fastest["alone before"], 2),
        "beside_over_alone_before": round(fastest["beside before"] / fastest["alone before"], 2),
        "beside_over_alone_after": round(fastest["beside after"] / fastest["alone after"], 2),
        "beside_before_over_after": round(fastest["beside before"] / fastest["beside after"], 2),
    }
    write_result("neighbors", figures)


if __name__ == "__main__":
    main()
