"""Downloads from a local server that fails in many ways."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stylenet.catalog.encoders import CAFFE_BGR, VGG19
from stylenet.catalog.weights import WeightsRecord
from stylenet.errors import DownloadError
from stylenet.weights.download import DownloadProgress, RetryPolicy, fetch

CONTENT = bytes(range(256)) * 1200
HURRIED = RetryPolicy(connect_s=2, read_s=0.4, retries=2, attempts=20, backoff_s=0.01)


@dataclass
class Behavior:
    """Behavior of the server: each list has one entry per request; afterwards, the server works normally."""

    content: bytes = CONTENT
    cut_after: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    stall_after: list[int | None] = field(default_factory=list)
    ignores_range: bool = False
    tag: str | None = '"v1"'
    length: int | None = None
    says_length: bool = True
    wrong_range: bool = False
    location: str | None = None
    pause_s: float = 0.0
    requests: list[dict[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behavior: Behavior

    def do_GET(self) -> None:
        behavior = self.behavior
        behavior.requests.append(dict(self.headers))
        self.close_connection = True
        if behavior.statuses and (status := behavior.statuses.pop(0)) != 200:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", behavior.location or "/")
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            return
        start = 0
        wanted = self.headers.get("Range", "")
        unchanged = self.headers.get("If-Range", behavior.tag) == behavior.tag
        if wanted and not behavior.ignores_range and unchanged:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(behavior.content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start + behavior.wrong_range}-{len(behavior.content) - 1}/{len(behavior.content)}")
        else:
            self.send_response(200)
        self.send_header("Connection", "close")
        body = behavior.content[start:]
        if behavior.says_length:
            self.send_header("Content-Length", str(behavior.length if behavior.length is not None else len(body)))
        if behavior.tag:
            self.send_header("ETag", behavior.tag)
        self.end_headers()
        cut = behavior.cut_after.pop(0) if behavior.cut_after else None
        stall = behavior.stall_after.pop(0) if behavior.stall_after else None
        body = body[: cut if cut is not None else len(body)]
        for place in range(0, len(body), 32768):
            if stall is not None and place >= stall:
                time.sleep(1.0)
                return
            time.sleep(behavior.pause_s)
            self.wfile.write(body[place : place + 32768])

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        pass  # the client went away, as some tests want it to


@pytest.fixture
def behavior() -> Behavior:
    return Behavior()


@pytest.fixture
def url(behavior: Behavior, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    server = QuietServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"behavior": behavior}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/vgg.pth"
    server.shutdown()
    server.server_close()
    thread.join()


def record_for(*urls: str, content: bytes = CONTENT) -> WeightsRecord:
    return WeightsRecord(
        name="test",
        summary="",
        architecture=VGG19,
        kind="caffe",
        urls=urls,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="",
        provenance="",
        preprocessing=CAFFE_BGR,
    )


def test_whole_file_with_progress(url, behavior, tmp_path):
    seen: list[DownloadProgress] = []
    path = fetch(record_for(url), folder=tmp_path, on_progress=seen.append, retry=HURRIED)
    assert path.read_bytes() == CONTENT
    assert seen[0].received_bytes == 0
    assert seen[-1].received_bytes == seen[-1].total_bytes == len(CONTENT)
    assert seen[-1].seconds_left == 0
    assert sorted(item.name for item in tmp_path.iterdir() if item.suffix != ".lock" and item.is_file()) == ["vgg.pth"]
    fetch(record_for(url), folder=tmp_path, retry=HURRIED)
    assert len(behavior.requests) == 1  # it was there already


def test_goes_on_after_cut_connections(url, behavior, tmp_path):
    behavior.cut_after = [100_000, 50_000, 0]
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT
    assert [request.get("Range") for request in behavior.requests] == [None, "bytes=100000-", "bytes=150000-", "bytes=150000-"]
    assert behavior.requests[1]["If-Range"] == '"v1"'


def test_goes_on_in_a_later_run(url, behavior, tmp_path):
    behavior.cut_after = [100_000] + [0] * 10
    with pytest.raises(DownloadError, match=r"could not be downloaded .*; 100000 bytes are kept; repeat the command to continue"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)
    behavior.cut_after = []
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT
    assert behavior.requests[-1]["Range"] == "bytes=100000-"


def test_file_changed_between_two_runs(url, behavior, tmp_path):
    behavior.content, behavior.tag, behavior.cut_after = bytes(len(CONTENT)), '"v0"', [100_000, 0, 0, 0]
    with pytest.raises(DownloadError):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)
    behavior.content, behavior.tag, behavior.cut_after = CONTENT, '"v1"', []
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


def test_old_bytes_that_no_one_marked_are_thrown_away(url, behavior, tmp_path):
    behavior.tag = None
    (tmp_path / "vgg.pth.part").write_bytes(bytes(100_000))
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT
    assert [request.get("Range") for request in behavior.requests] == ["bytes=100000-", None]


def test_server_that_ignores_ranges(url, behavior, tmp_path):
    behavior.ignores_range, behavior.cut_after = True, [100_000]
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


def test_server_that_sends_another_range(url, behavior, tmp_path):
    behavior.wrong_range, behavior.cut_after = True, [100_000]
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT
    assert "Range" not in behavior.requests[-1]


def test_server_that_stalls(url, behavior, tmp_path):
    behavior.stall_after = [65536]
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


def test_slow_server_is_waited_for(url, behavior, tmp_path):
    behavior.pause_s = 0.06  # ten pieces; longer in all than any one wait
    assert fetch(record_for(url), folder=tmp_path, retry=replace(HURRIED, read_s=0.3)).read_bytes() == CONTENT


def test_busy_server_is_asked_again(url, behavior, tmp_path):
    behavior.statuses = [503, 429]
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


@pytest.mark.parametrize("says_length", [True, False])
def test_wrong_bytes(says_length, url, behavior, tmp_path):
    behavior.content, behavior.says_length = bytes(len(CONTENT)), says_length
    with pytest.raises(DownloadError, match=r"the received file is not the published one: SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)
    assert not list(tmp_path.glob("vgg.pth")) + list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("length", [1000, 10**9])
def test_wrong_length(length, url, behavior, tmp_path):
    behavior.length = length
    with pytest.raises(DownloadError, match=f"it offers {length} bytes, the published file has {len(CONTENT)}"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)


def test_server_that_never_stops(url, behavior, tmp_path):
    behavior.content, behavior.says_length = CONTENT * 3, False
    with pytest.raises(DownloadError, match=f"it sends more than the {len(CONTENT)} bytes of the file"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)
    assert not (tmp_path / "vgg.pth").exists()


def test_too_short_without_a_length(url, behavior, tmp_path):
    behavior.says_length, behavior.cut_after = False, [90_000]
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


def test_mirror_goes_on_where_the_first_stopped(url, behavior, tmp_path):
    behavior.statuses = [404]
    assert fetch(record_for(url, url + "?mirror"), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT
    behavior.statuses = [404, 410]
    with pytest.raises(DownloadError, match=r"vgg\.pth: it responds with 404 .*mirror: it responds with 410"):
        fetch(record_for(url, url + "?mirror"), folder=tmp_path / "other", retry=HURRIED)


def test_nobody_answers(tmp_path, url):
    nowhere = "http://127.0.0.1:9/vgg.pth"
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:9/vgg\.pth: .*3 times in a row"):
        fetch(record_for(nowhere), folder=tmp_path, retry=HURRIED)
    assert fetch(record_for(nowhere, url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_redirect_out_of_http(location, url, behavior, tmp_path):
    behavior.statuses, behavior.location = [302], location
    with pytest.raises(DownloadError, match="leads to an address that is neither http nor https"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)


def test_redirect_is_followed(url, behavior, tmp_path):
    behavior.statuses, behavior.location = [302], "/elsewhere"
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


def test_redirects_without_end(url, behavior, tmp_path):
    behavior.statuses, behavior.location = [302] * 100, "/vgg.pth"
    with pytest.raises(DownloadError, match="it redirects endlessly"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.org/x", "/etc/passwd"])
def test_only_http_addresses(address, tmp_path):
    with pytest.raises(DownloadError, match="is not an http or https address"):
        fetch(record_for(address), folder=tmp_path, retry=HURRIED)


def test_nothing_without_a_checksum(url, behavior, tmp_path):
    with pytest.raises(DownloadError, match="has no checksum"):
        fetch(replace(record_for(url), sha256=None), folder=tmp_path, retry=HURRIED)
    assert not behavior.requests


def test_offline(url, behavior, tmp_path, monkeypatch):
    monkeypatch.setenv("STYLENET_OFFLINE", "1")
    with pytest.raises(DownloadError, match=r"STYLENET_OFFLINE forbids downloading it; .* stylenet weights import FILE"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)
    (tmp_path / "vgg.pth").write_bytes(CONTENT)
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT
    assert not behavior.requests


def test_damaged_copy_is_fetched_anew(url, tmp_path):
    (tmp_path / "vgg.pth").write_bytes(bytes(len(CONTENT)))
    assert fetch(record_for(url), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT


def test_disk_full(url, behavior, tmp_path, monkeypatch):
    monkeypatch.setattr("stylenet.weights.download.shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(
        DownloadError, match=r"is full: 0 MiB more are needed for vgg\.pth; free some space or set STYLENET_CACHE to another folder"
    ):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)
    monkeypatch.undo()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("stylenet.weights.download._Download._report", full)
    with pytest.raises(DownloadError, match="is full: no space is left"):
        fetch(record_for(url), folder=tmp_path, retry=HURRIED)


def test_proxy_of_the_environment_is_used(url, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", url.removesuffix("/vgg.pth"))
    # No such host: whoever answers is the proxy.
    assert fetch(record_for("http://weights.invalid/vgg.pth"), folder=tmp_path, retry=HURRIED).read_bytes() == CONTENT
    monkeypatch.setenv("HTTP_PROXY", "nonsense://x")
    with pytest.raises(DownloadError, match="proxy or certificate settings"):
        fetch(record_for(url), folder=tmp_path / "other", retry=HURRIED)


PROCESS = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {source!r})
from stylenet.catalog.weights import WEIGHTS
from stylenet.weights.download import fetch
record = replace(WEIGHTS["vgg19-caffe"], urls=({url!r},), sha256={sha256!r})
print(fetch(record, folder=Path({folder!r})).stat().st_size)
"""


def test_two_processes_at_once(url, behavior, tmp_path):
    behavior.pause_s = 0.05
    source = str(Path(__file__).parents[2] / "src")
    code = PROCESS.format(source=source, url=url, sha256=hashlib.sha256(CONTENT).hexdigest(), folder=str(tmp_path))
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert outputs == [str(len(CONTENT))] * 2
    assert len(behavior.requests) == 1
