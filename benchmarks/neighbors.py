"""Slowdown of a painting by other load, alone and next to busy processes, with spinning and with sleeping threads.

    python benchmarks/neighbors.py PHOTO PAINTING [--recipe draft] [--size 256] [--runs 3]

"spinning" is torch's default, "sleeping" puts every waiting thread to sleep at once, and "ours" after some microseconds: see
`stylenet.waiting`. Seconds are those of painting, without the startup of the program. Runs alternate, and the fastest run of each counts,
since the machine may have other load; `load` is the load average before the first run.
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

WAYS = {
    "spinning": {"GOMP_SPINCOUNT": "300000"},  # the default of the GNU runtime; StyleNet does not change the setting if it is given
    "sleeping": {"OMP_WAIT_POLICY": "PASSIVE"},
    "ours": {},
}


def seconds(arguments: argparse.Namespace, way: dict[str, str]) -> float:
    """Duration of one painting in a separate process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}
    with tempfile.TemporaryDirectory() as folder:
        painted = ["stylize", str(arguments.photo), arguments.painting, "--recipe", arguments.recipe, "--size", str(arguments.size)]
        command = [sys.executable, "-m", "stylenet", *painted, "--json"]
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
    parser.add_argument("--recipe", default="draft")
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
                    duration = seconds(arguments, way)
                    print(f"{condition}, {name}: {duration:.2f} s", flush=True)
                    fastest[f"{condition} {name}"] = min(duration, fastest.get(f"{condition} {name}", duration))
    figures = {
        "recipe": arguments.recipe,
        "size_px": arguments.size,
        "neighbors": arguments.neighbors,
        "cores": os.cpu_count(),
        "load": round(load, 2),
        "seconds": {name: round(value, 2) for name, value in fastest.items()},
        "beside_over_alone": {name: round(fastest[f"beside {name}"] / fastest[f"alone {name}"], 2) for name in WAYS},
        "alone_over_spinning": {name: round(fastest[f"alone {name}"] / fastest["alone spinning"], 2) for name in WAYS},
    }
    write_result("neighbors", figures)


if __name__ == "__main__":
    main()
