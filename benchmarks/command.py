"""Wall time and peak memory of whole `stylenet stylize` processes, for every everyday recipe at 512 px.

    python benchmarks/command.py PHOTO PAINTING [--size 512] [--runs 3]

Peak memory is the maximum resident set size. Also times `stylenet --version` and `stylenet recipes ls`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import spread, write_result

from stylenet.catalog.recipes import EVERYDAY


def run(*arguments: str) -> tuple[float, float]:
    """Wall seconds and peak resident megabytes of one `stylenet` process."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "stylenet", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"stylenet {' '.join(arguments)} failed with status {status}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    figures: dict[str, object] = {"photo": arguments.photo.name, "painting": Path(arguments.painting).name, "size_px": arguments.size}
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out.png")
        for recipe in EVERYDAY:
            command = ("stylize", str(arguments.photo), arguments.painting, "-o", output, "--size", str(arguments.size), "--recipe", recipe)
            runs = [run(*command, "--quiet") for _ in range(arguments.runs)]
            figures[recipe] = {"seconds": spread([seconds for seconds, _ in runs]), "peak_mb": spread([memory for _, memory in runs])}
    for quick in (("--version",), ("recipes", "ls")):
        run(*quick)
        figures[" ".join(quick)] = {"seconds": spread([run(*quick)[0] for _ in range(7)])}
    write_result("command", figures)


if __name__ == "__main__":
    main()
