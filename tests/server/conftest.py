"""Servers for tests: in this process with fake painters, or in separate processes that really paint."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from starlette.testclient import TestClient

from stylenet.requests.serving import ServeRequest
from stylenet.server.app import build
from stylenet.server.services import Services

FAKE = (sys.executable, str(Path(__file__).with_name("fake_painter.py")))
HOME = "http://127.0.0.1"
JSON = {"content-type": "application/json"}
TOKEN = "a-token-for-tests-0123456789"
FOREIGN = "https://evil.example"
LIVE_PATH = "/v1/live"

NO_PICTURE = "0" * 64
"""The id of a picture that was never uploaded."""

ERROR_FIELDS = {"code", "error", "allowed", "remedy", "values"}
"""What every error has."""

Open = Callable[..., TestClient]


def png(width: int = 48, height: int = 40, *, shade: int = 0) -> bytes:
    """A picture with a gradient and an edge."""
    picture = PIL.Image.new("RGB", (width, height))
    picture.putdata([(4 * x % 256, 5 * y % 256, 200 if x > y else shade) for y in range(height) for x in range(width)])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[Open]:
    """Opens a server in this process, with fake painters."""
    with contextlib.ExitStack() as stack:

        def open(**settings: Any) -> TestClient:
            chosen = ServeRequest.of({"data": str(tmp_path / "data"), **settings})
            client = TestClient(build(Services(chosen, command=FAKE)), base_url=HOME, raise_server_exceptions=False)
            return stack.enter_context(client)

        yield open


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server shared by all tests that do not change its state."""
    settings = ServeRequest(data=str(tmp_path_factory.mktemp("shared")))
    with TestClient(build(Services(settings, command=FAKE)), base_url=HOME, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def server(open_server: Open) -> TestClient:
    """A server in this process with the default settings."""
    return open_server()


def upload(client: TestClient, data: bytes = b"a picture", *, name: str = "") -> str:
    """Upload a picture; returns its id."""
    answer = client.put("/v1/pictures", content=data, headers={"stylenet-name": name})
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


def add_job(client: TestClient, photo: str, **fields: Any) -> str:
    """Add a job; returns its id."""
    answer = client.post("/v1/jobs", json={"photo": photo, "styles": ["starry-night"], **fields})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def ended(client: Any, job: str, *, seconds: float = 20) -> dict[str, Any]:
    """Wait for the end of a job, and return it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        info: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if info["state"] not in ("queued", "running"):
            return info
        time.sleep(0.02)
    raise AssertionError(f"the job did not end: {info}")


def events_of(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Events parsed from the text of a stream: number, name, values."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


@dataclass
class Running:
    """A server in a separate process."""

    process: subprocess.Popen[str]
    url: str

    def kill(self) -> None:
        """Kill the process, like a crash or the system."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)
        self.close()

    def close(self) -> None:
        """Stop the process if it is still running."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def run_server(folder: Path, *words: str) -> Running:
    """`stylenet serve` on a free port."""
    return run_command((sys.executable, "-m", "stylenet", "serve", "--port", "0", "--data", str(folder), *words))


def run_command(command: Sequence[str]) -> Running:
    """A server started by a command; waits until it accepts requests."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith("listening on "):
        assert process.stderr is not None
        raise AssertionError(line + process.stderr.read())
    return Running(process, line.split()[2])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts servers in separate processes, all with the same folder."""
    servers: list[Running] = []

    def start(*words: str) -> Running:
        servers.append(run_server(tmp_path / "data", *words))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def ask(url: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, bytes]:
    """Status and body of a response; `body` is sent unchanged, or as JSON."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data=data, method=method, headers={"content-type": "image/png", **headers}), timeout=60
        ) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def check_headers(headers: Any) -> None:
    """Check the headers that every response must have."""
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["referrer-policy"] == "no-referrer"
