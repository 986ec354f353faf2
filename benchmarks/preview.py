"""Parts of the time of a preview: the network, the rest of the painting, the encoding, and the server.

    python benchmarks/preview.py [--runs 40] [--against FOLDER/src]

All parts are measured alternately, so that other load affects them equally; compare their shares. `--against` is the source folder of
another version, which serves the same previews in alternation.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from local_server import LocalServer, load_average, picture, running_server
from report import write_result

from stylenet.engines.onnx_networks import OnnxPainter
from stylenet.painting.painting import Painting
from stylenet.server.worker import Calls

SIZE_PX = 384
STYLE = "starry-night"
WARM_UP = 5


class Silent:
    """Replacement for the pipe to the server that discards messages."""

    def send(self, kind: str, data: bytes = b"", **values: Any) -> None:
        pass


@contextlib.contextmanager
def timed_methods(durations: dict[str, list[float]]) -> Iterator[None]:
    """Context manager that records the durations of the network and of the encoding."""
    wrapped = {"network": (OnnxPainter, "painted"), "encoding": (Painting, "save")}
    originals = {part: getattr(owner, name) for part, (owner, name) in wrapped.items()}

    def timed(part: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return originals[part](*arguments, **options)
            finally:
                durations[part].append(time.perf_counter() - started)

        return call

    for part, (owner, name) in wrapped.items():
        setattr(owner, name, timed(part))
    try:
        yield
    finally:
        for part, (owner, name) in wrapped.items():
            setattr(owner, name, originals[part])


def in_process(calls: Calls, photo: Path, strength: float) -> None:
    """Paint a preview as a worker does."""
    options = {"size": SIZE_PX, "strength": strength}
    call = {
        "path": str(photo),
        "styles": [STYLE],
        "masks": [],
        "options": options,
        "is_preview": True,
        "format": "jpg",
        "quality": 85,
        "threads": 0,
    }
    calls.paint_pass(call)


def by_server(client: httpx.Client, id: str, strength: float) -> None:
    client.get(f"/v1/preview/{id}.jpg?style={STYLE}&strength={strength:.3f}&size={SIZE_PX}").raise_for_status()


def measured(servers: dict[str, LocalServer], photo: Path, runs: int) -> dict[str, list[float]]:
    """Seconds of every part in each run."""
    durations: dict[str, list[float]] = defaultdict(list)
    calls = Calls(Silent())  # type: ignore[arg-type]
    with contextlib.ExitStack() as stack:
        clients = {name: stack.enter_context(httpx.Client(base_url=server.url, timeout=120)) for name, server in servers.items()}
        ids = {name: client.put("/v1/pictures", content=photo.read_bytes()).json()["id"] for name, client in clients.items()}
        stack.enter_context(timed_methods(durations))
        for run in range(runs + WARM_UP):
            strength = 20 + 60 * run / (runs + WARM_UP)
            ways: dict[str, Callable[[], None]] = {"worker": lambda s=strength: in_process(calls, photo, s)}  # type: ignore[misc]
            for name, client in clients.items():
                ways[name] = lambda c=client, i=ids[name], s=strength: by_server(c, i, s)  # type: ignore[misc]
            for name, way in ways.items():
                started = time.perf_counter()
                way()
                durations[name].append(time.perf_counter() - started)
    return {name: values[WARM_UP:] for name, values in durations.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--against", type=Path, help="source folder of another version")
    arguments = parser.parse_args()
    load = load_average()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        photo = Path(folder) / "0.jpg"
        picture(0, Path(folder))
        servers = {"server": stack.enter_context(running_server())}
        if arguments.against:
            servers["other version"] = stack.enter_context(running_server(source=arguments.against))
        durations = measured(servers, photo, arguments.runs)
    median = {name: 1000 * statistics.median(values) for name, values in durations.items()}
    parts = {
        "network": median["network"],
        "rest of the painting": median["worker"] - median["network"] - median["encoding"],
        "encoding": median["encoding"],
        "server": median["server"] - median["worker"],
    }
    figures: dict[str, Any] = {
        "median ms": {name: round(value, 1) for name, value in parts.items()},
        "share of the network": round(median["network"] / median["server"], 3),
        "whole preview, median ms": round(median["server"], 1),
        "runs": arguments.runs,
        "load before and after": [load, load_average()],
    }
    if arguments.against:
        figures["time relative to the other version"] = round(median["server"] / median["other version"], 3)
    write_result("preview", figures)


if __name__ == "__main__":
    main()
