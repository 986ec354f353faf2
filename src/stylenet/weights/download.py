"""Downloading published weights files: with resuming, retries, mirrors and verification."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from stylenet.errors import DownloadError
from stylenet.weights.cache import downloads_folder, exclusive, is_offline
from stylenet.weights.checksum import PublishedFile, mismatch

_MAX_BYTES = 2 * 2**30
"""Limit for files of unknown length: more than three times the largest file."""


@dataclass(frozen=True, kw_only=True)
class DownloadProgress:
    """The progress of a download.

    Attributes:
        file_name: Name of the file.
        url: Address of the file.
        received_bytes: Bytes received, including earlier runs.
        total_bytes: Length of the file; None if unknown.
        bytes_per_second: Speed of this run.
        seconds_left: Estimated remaining time; None if the length is unknown.
    """

    file_name: str
    url: str
    received_bytes: int
    total_bytes: int | None
    bytes_per_second: float
    seconds_left: float | None


OnProgress = Callable[[DownloadProgress], None]


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Timeouts and retries.

    Attributes:
        connect_s: Timeout of connecting.
        read_s: Timeout for the next bytes; the total time is not limited.
        retries: Consecutive attempts without receiving a byte before an address is abandoned.
        attempts: Total attempts at one address.
        backoff_s: Delay before the first retry; doubled each time, at most 30 s.
    """

    connect_s: float = 15.0
    read_s: float = 30.0
    retries: int = 4
    attempts: int = 100
    backoff_s: float = 1.0


class _GiveUpError(Exception):
    """This address cannot be used; try another one."""


class _RetryError(Exception):
    """This address may work later.

    `seconds` is how long the server asks to wait.
    """

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


def fetch(
    record: PublishedFile, *, folder: Path | None = None, on_progress: OnProgress | None = None, retry: RetryPolicy | None = None
) -> Path:
    """Download a published file unless it exists, and verify its checksum; returns its path.

    An interrupted download is kept, and the next call continues it. A second process waits for the first. Proxies are those of the usual
    environment variables (`HTTPS_PROXY`, `NO_PROXY`, ...).

    Args:
        record: The file, its addresses and checksums.
        folder: Target folder; default: `downloads` in the cache folder.
        on_progress: Called about ten times per second during the download.
        retry: Timeouts and retries.

    Raises:
        DownloadError: The download failed, its checksum is wrong, or `STYLENET_OFFLINE` forbids downloads.
    """
    if not (record.sha256 or record.md5):
        raise DownloadError(f"'{record.name}' has no checksum, so a download cannot be verified; download it yourself and import it")
    for url in record.urls:
        if not url.startswith(("https://", "http://")):
            raise DownloadError(f"'{url}' is not an http or https address; use one of these")
    # A folder for each name, because publishers may use the same file name.
    target = (folder or downloads_folder() / record.name) / record.file_name
    with exclusive(target):
        if target.is_file():
            if mismatch(target, record) is None:
                return target
            target.unlink()
        if is_offline():
            raise DownloadError(
                f"'{record.name}' is not on this machine and STYLENET_OFFLINE forbids downloading it; unset it, or get {record.urls[0]} "
                "elsewhere and run: stylenet weights import FILE"
            )
        return _Download(record, target, on_progress=on_progress, retry=retry or RetryPolicy()).run()


class _Download:
    """The download of one file. A part file has the received bytes, and a note the ETag or date of the version that they belong to."""

    def __init__(self, record: PublishedFile, target: Path, *, on_progress: OnProgress | None, retry: RetryPolicy) -> None:
        self._record, self._target, self._on_progress, self._retry = record, target, on_progress, retry
        self._part = target.with_name(target.name + ".part")
        self._note_file = target.with_name(target.name + ".part.json")
        self._started, self._received_bytes, self._last_report = time.monotonic(), 0, 0.0

    def run(self) -> Path:
        problems = []
        timeout = httpx.Timeout(self._retry.read_s, connect=self._retry.connect_s)
        headers = {"Accept-Encoding": "identity", "User-Agent": "stylenet"}
        try:
            client = httpx.Client(timeout=timeout, follow_redirects=True, headers=headers, max_redirects=8)
        except (ValueError, httpx.InvalidURL, ImportError, OSError) as error:
            raise DownloadError(f"the proxy or certificate settings of this machine cannot be used: {error}") from error
        try:
            with client:
                for url in self._record.urls:
                    try:
                        return self._fetch_from(client, url)
                    except _GiveUpError as error:
                        problems.append(f"{url}: {error}")
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise self._disk_full() from error
            raise DownloadError(f"cannot write {self._part}: {error.strerror}; set STYLENET_CACHE to another folder") from error
        kept = f"; {self._size()} bytes are kept; repeat the command to continue" if self._size() else ""
        raise DownloadError(f"'{self._record.name}' could not be downloaded ({'; '.join(problems)}){kept}")

    def _fetch_from(self, client: httpx.Client, url: str) -> Path:
        idle = 0
        for _ in range(self._retry.attempts):
            before, wait = self._size(), 0.0
            try:
                self._receive(client, url)
                if self._finish(resumed=before > 0):
                    return self._target
                reason = "bytes of an earlier run did not match"
            except httpx.UnsupportedProtocol as error:
                raise _GiveUpError("it leads to an address that is neither http nor https") from error
            except (httpx.TransportError, _RetryError) as error:
                reason, wait = str(error) or type(error).__name__, getattr(error, "seconds", 0.0)
            except httpx.TooManyRedirects as error:
                raise _GiveUpError("it redirects endlessly") from error
            except httpx.InvalidURL as error:
                raise _GiveUpError(f"it is not a valid address ({error})") from error
            idle = 0 if self._size() > before else idle + 1
            if idle > self._retry.retries:
                raise _GiveUpError(f"{reason} ({idle} times in a row)")
            time.sleep(min(30.0, max(wait, self._retry.backoff_s * 2 ** max(0, idle - 1))))
        raise _GiveUpError(f"the connection was lost {self._retry.attempts} times")

    def _receive(self, client: httpx.Client, url: str) -> None:
        """Download the rest of the file to the part file."""
        start_bytes = self._size()
        if self._record.size_bytes is not None and start_bytes >= self._record.size_bytes:
            if start_bytes == self._record.size_bytes:
                return
            self._forget()
            start_bytes = 0
        headers = {"Range": f"bytes={start_bytes}-"} if start_bytes else {}
        version = self._version(url)
        if start_bytes and version:
            headers["If-Range"] = version
        with client.stream("GET", url, headers=headers) as response:
            total, start = self._read_head(response, start_bytes)
            self._check_space(total, start)
            self._remember(url, response)
            with self._part.open("r+b" if start else "wb") as file:
                file.seek(start)
                file.truncate()
                self._report(url, start, total, last=False)
                received = start
                for chunk in response.iter_raw():  # as they arrive: with a fixed chunk size, an interruption would lose the last one
                    received += len(chunk)
                    if received > (total or _MAX_BYTES):
                        file.truncate(0)
                        raise _GiveUpError(f"it sends more than the {total or _MAX_BYTES} bytes of the file")
                    file.write(chunk)
                    self._received_bytes += len(chunk)
                    self._report(url, received, total, last=False)
            self._report(url, received, total, last=True)
        if total is not None and received < total:
            raise _RetryError(f"it ended after {received} of {total} bytes")

    def _read_head(self, response: httpx.Response, received_before: int) -> tuple[int | None, int]:
        """The length of the file, if known, and the offset from which the server sends."""
        status, expected = response.status_code, self._record.size_bytes
        if status == 416:
            self._forget()
            raise _RetryError("it does not support resuming at this offset")
        if status in (408, 425, 429) or status >= 500:
            retry_after = response.headers.get("Retry-After", "")
            raise _RetryError(f"it responds with {status} {response.reason_phrase}", float(retry_after) if retry_after.isdigit() else 0.0)
        if status not in (200, 206):
            raise _GiveUpError(f"it responds with {status} {response.reason_phrase}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise _GiveUpError(f"it compresses the file ({response.headers['Content-Encoding']}), although it was asked not to")
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        start = 0
        if status == 206:
            where, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
            if where.partition("-")[0] != str(received_before):
                self._forget()
                raise _RetryError("it sends another part of the file than requested")
            start, total = received_before, int(whole) if whole.isdigit() else None
        if total is not None and expected is not None and total != expected:
            raise _GiveUpError(f"it offers {total} bytes, the published file has {expected}")
        return total if total is not None else expected, start

    def _finish(self, *, resumed: bool) -> bool:
        """Move the part file to its target if the checksum is correct; False if bytes of an earlier run may be wrong."""
        reason = mismatch(self._part, self._record)
        if reason is None:
            self._part.replace(self._target)
            self._note_file.unlink(missing_ok=True)
            return True
        self._forget()
        if resumed:
            return False
        raise _GiveUpError(f"the received file is not the published one: {reason}")

    def _check_space(self, total: int | None, start: int) -> None:
        if total is not None and shutil.disk_usage(self._part.parent).free < total - start:
            raise self._disk_full(total - start)

    def _disk_full(self, needed: int | None = None) -> DownloadError:
        shortage = f"{needed / 2**20:.0f} MiB more are needed" if needed else "no space is left"
        return DownloadError(
            f"{self._part.parent} is full: {shortage} for {self._target.name}; free some space or set STYLENET_CACHE to another folder"
        )

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._note_file.unlink(missing_ok=True)

    def _version(self, url: str) -> str | None:
        """The ETag or date of the version in the part file, if it came from `url`."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            note = json.loads(self._note_file.read_text(encoding="utf-8"))
            if note.get("url") == url and isinstance(note.get("mark"), str):
                return str(note["mark"])
        return None

    def _remember(self, url: str, response: httpx.Response) -> None:
        # Weak ETags (W/...) do not guarantee identical bytes.
        tag = response.headers.get("ETag", "")
        version = tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")
        self._note_file.write_text(json.dumps({"url": url, "mark": version}), encoding="utf-8")

    def _report(self, url: str, received: int, total: int | None, *, last: bool) -> None:
        now = time.monotonic()
        if self._on_progress is None or (not last and now - self._last_report < 0.1):
            return
        self._last_report = now
        speed = self._received_bytes / max(now - self._started, 1e-6)
        self._on_progress(
            DownloadProgress(
                file_name=self._target.name,
                url=url,
                received_bytes=received,
                total_bytes=total,
                bytes_per_second=speed,
                seconds_left=(total - received) / speed if total is not None and speed > 0 else None,
            )
        )
