"""Responses to 10,000 damaged uploads, and whether the server and its processes survive.

    python benchmarks/server_fuzz.py [--count 10000] [--clients 8]

Every file is uploaded; accepted files are also painted in one pass, so that they are decoded. One file in twenty is sent with a wrong
Content-Length. Afterwards, the server must paint a valid picture as before.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local_server import LocalServer, load_average, metric, running_server
from report import write_result

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.server.damaged_pictures import damaged_pictures, sound_pictures

QUERY = "style=starry-night&size=32"


def request(server: LocalServer, method: str, path: str, body: bytes | None = None, *, length: int | None = None) -> tuple[str, bytes]:
    """Send a request; returns status and body of the response.

    Args:
        server: The server.
        method: Method of the request.
        path: Path with query.
        body: Body of the request.
        length: Content-Length; None: the correct one.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        headers = {} if body is None else {"content-length": str(len(body) if length is None else length)}
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return str(response.status), response.read()
    except (http.client.HTTPException, OSError) as error:
        return type(error).__name__, b""
    finally:
        connection.close()


def send(server: LocalServer, number: int, data: bytes) -> Counter[str]:
    """Upload a file in one of three ways; returns the number of responses by status."""
    responses: Counter[str] = Counter()

    def count(kind: str, method: str, path: str, body: bytes | None = None, *, length: int | None = None) -> str:
        status, content = request(server, method, path, body, length=length)
        responses[f"{kind}: {status}"] += 1
        responses["answers with a traceback"] += b"Traceback" in content or b'.py"' in content
        return status

    if number % 20 == 0:
        count("wrong length", "PUT", "/v1/pictures", data, length=max(1, len(data) + (-1) ** (number // 20) * 7))
    elif number % 3 == 0:
        count("single pass", "POST", f"/v1/stylize?{QUERY}", data)
    elif count("upload", "PUT", "/v1/pictures", data) in ("200", "201"):
        count("preview", "GET", f"/v1/preview/{hashlib.sha256(data).hexdigest()}.jpg?{QUERY}")
    return responses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    valid = sound_pictures()["png"]
    responses: Counter[str] = Counter()
    with running_server("--patience-seconds", "1", "--threads", "1") as server, ThreadPoolExecutor(arguments.clients) as pool:
        before = request(server, "POST", f"/v1/stylize?{QUERY}", valid)
        load, started = load_average(), time.perf_counter()
        jobs = (
            pool.submit(send, server, number, data)
            for number, (_, data) in enumerate(damaged_pictures(arguments.count, seed=arguments.seed))
        )
        for job in list(jobs):
            responses += job.result()
        seconds = time.perf_counter() - started
        metrics = request(server, "GET", "/metrics")[1].decode()
        figures: dict[str, Any] = {
            "files": arguments.count,
            "answers": dict(sorted(responses.items())),
            "answers with a traceback": responses["answers with a traceback"],
            "tracebacks in the log": server.tracebacks(),
            "processes lost": metric(metrics, "lost_processes_total"),
            "paints as before": request(server, "POST", f"/v1/stylize?{QUERY}", valid) == before,
            "memory at the end, MB": server.memory_mb(),
            "seconds": round(seconds),
            "load before and after": [load, load_average()],
        }
    write_result("server-fuzz", figures, seed=arguments.seed)


if __name__ == "__main__":
    main()
