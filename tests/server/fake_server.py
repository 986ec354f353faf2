"""A server on a free port with fake painters: `python fake_server.py FOLDER`. Its first line of output is its address."""

from __future__ import annotations

import sys
from pathlib import Path

from stylenet.requests.serving import ServeRequest
from stylenet.server.running import serve

FAKE_PAINTER = (sys.executable, str(Path(__file__).with_name("fake_painter.py")))


def announce(url: str) -> None:
    sys.stdout.write(f"listening on {url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(ServeRequest.of({"port": 0, "data": sys.argv[1], "patience_seconds": 2}), on_ready=announce, command=FAKE_PAINTER)
