"""Time and memory from 256 to 4096 px, compared with their forecasts.

    python benchmarks/sizes.py PHOTO STYLE [--memory 2GB] [--sizes 256 512 1024 2048 4096]

Every size is painted by the command line in a separate process, from the resized photo, at one level with a few steps. Memory is the
maximum resident set size of the process. Writes results/sizes.json, and results/sizes.png if matplotlib is installed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from report import RESULTS, write_result

from stylenet.image.files import load_image, save_image
from stylenet.image.resize import resize, target_size

STEPS = 4
PROGRAM = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Program that runs a command and prints the peak memory of its process in kB."""


def painted(photo: Path, style: str, options: list[str]) -> dict[str, Any]:
    """Forecasts and measurements for one picture: seconds of the steps, bytes of the process, tiles."""
    changes = ["--set", f"pyramid.steps=[{STEPS}]", "--set", "pyramid.coarsest_px=0"]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "stylenet",
            "stylize",
            str(photo),
            style,
            "-o",
            f"{folder}/out.png",
            "--size",
            "full",
            *changes,
            *options,
        ]
        plan = json.loads(subprocess.run([*command, "--dry-run", "--json"], check=True, capture_output=True, text=True).stdout)["plan"]
        output = subprocess.run([sys.executable, "-c", PROGRAM, *command, "--json"], check=True, capture_output=True, text=True).stdout
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    times = [event["seconds"] for event in events if event["event"] == "step"]
    peak = int(re.search(r"peak (\d+)", output)[1]) * 1024  # type: ignore[index]
    return {
        "pixels": plan["size"][0] * plan["size"][1],
        "tiles": plan["tiles"],
        "seconds_a_step": round((times[-1] - times[0]) / (len(times) - 1), 4),
        "seconds": round(times[-1], 3),
        "forecast_seconds": round(plan["seconds"], 3),
        "peak_bytes": peak,
        "forecast_bytes": plan["memory_bytes"],
    }


def plot(rows: dict[str, dict[str, Any]], path: Path) -> None:
    """Plot time and memory over the number of pixels, on logarithmic axes."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.5))
    pixels = [row["pixels"] / 1e6 for row in rows.values()]
    axes[0].loglog(pixels, [row["seconds_a_step"] for row in rows.values()], "o-")
    axes[0].set(xlabel="megapixels", ylabel="seconds a step")
    axes[1].loglog(pixels, [row["peak_bytes"] / 1e9 for row in rows.values()], "o-", label="measured")
    axes[1].loglog(pixels, [row["forecast_bytes"] / 1e9 for row in rows.values()], "x--", label="forecast")
    axes[1].set(xlabel="megapixels", ylabel="GB, the whole process")
    axes[1].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("photo", type=Path)
    parser.add_argument("style")
    parser.add_argument("--memory")
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024, 2048, 4096])
    parser.add_argument("--name", default="sizes")
    arguments = parser.parse_args()
    source = load_image(arguments.photo)
    table: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for side in arguments.sizes:
            enlarged = save_image(resize(source.pixels, target_size(source.width, source.height, side)), Path(folder) / f"{side}.png")
            table[str(side)] = painted(enlarged, arguments.style, ["--memory", arguments.memory] if arguments.memory else [])
            print(side, table[str(side)], flush=True)
    write_result(arguments.name, table)
    try:
        plot(table, RESULTS / f"{arguments.name}.png")
    except ImportError:
        print("no plot: matplotlib is not installed")
