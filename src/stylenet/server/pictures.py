"""Uploaded pictures, which are streamed into files, checked by a worker, and deleted some time after their last use."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from stylenet.requests.serving import ServeRequest
from stylenet.server.api_errors import ApiError, too_busy
from stylenet.server.passes import PassQueue
from stylenet.server.processes import WorkerError
from stylenet.server.store import PictureRow, Store

_USED_SECONDS = 30.0
"""Minimum time between two recorded uses of a picture."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A completely received body.

    Attributes:
        path: Temporary file, which the caller may move.
        sha256: Checksum of the bytes.
        bytes: Number of bytes.
    """

    path: Path
    sha256: str
    bytes: int


class Pictures:
    """The uploaded pictures of a server.

    Args:
        settings: The settings of the server, with its limits.
        store: The database with the metadata of the pictures.
        folder: The data folder.
        passes: The queue of the worker that checks uploads.
    """

    def __init__(self, settings: ServeRequest, store: Store, folder: Path, *, passes: PassQueue) -> None:
        self._settings, self._store, self._passes = settings, store, passes
        self._folder, self._incoming, self._jobs = folder / "pictures", folder / "incoming", folder / "jobs"
        shutil.rmtree(self._incoming, ignore_errors=True)
        for path in (self._folder, self._incoming, self._jobs):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._incoming_bytes = 0
        self._delete_orphans()

    def path(self, id: str) -> Path:
        """The file of a picture."""
        return self._folder / id

    def without_folder(self, message: str) -> str:
        """A message with picture ids instead of their paths."""
        return message.replace(f"{self._folder}{os.sep}", "")

    async def add(self, request: Request, *, name: str) -> tuple[PictureRow, bool]:
        """Store the picture that a request uploads; returns it, and whether it is new.

        Raises:
            ApiError: it is too large, cut off, or not a picture.
        """
        async with self.received(request) as upload:
            known = self._store.picture(upload.sha256)
            if known is not None and self.path(known.id).is_file():
                self._store.mark_used([known.id])
                return known, False
            row = await self._inspect(upload, name=name)
            await asyncio.to_thread(os.replace, upload.path, self.path(row.id))
            self._store.add_picture(row)
            return row, True

    @contextlib.asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[Upload]:
        """The body of a request in a temporary file, which is deleted at the end of the block.

        Raises:
            ApiError: it is too large or cut off, or there is no space for it.
        """
        expected = self._expected_bytes(request)
        self._make_space(expected)
        self._incoming_bytes += expected
        path = self._incoming / secrets.token_hex(8)
        digest, count = hashlib.sha256(), 0
        try:
            with path.open("wb") as file:
                async for chunk in request.stream():
                    count += len(chunk)
                    if count > expected:
                        raise self._too_large(count)
                    digest.update(chunk)
                    file.write(chunk)
            if count != expected:
                error = f"{count} bytes were received, but Content-Length is {expected}"
                raise ApiError(400, "upload-cut-off", error, remedy="send the whole picture")
            yield Upload(path=path, sha256=digest.hexdigest(), bytes=count)
        except ClientDisconnect:
            error = f"the upload was cut off after {count} bytes"
            raise ApiError(400, "upload-cut-off", error, remedy="send the whole picture") from None
        finally:
            self._incoming_bytes -= expected
            path.unlink(missing_ok=True)

    async def check(self, upload: Upload) -> None:
        """Check an upload that is not stored.

        Raises:
            ApiError: it is not a picture, or too large.
        """
        await self._inspect(upload)

    def find(self, id: str) -> PictureRow:
        """A picture by its id; this counts as a use.

        Raises:
            ApiError: it does not exist or is no longer stored.
        """
        row = self._store.picture(id)
        if row is None or not self.path(id).is_file():
            raise ApiError(
                404,
                "picture-gone",
                f"there is no picture {id[:64]}",
                allowed="ids of PUT /v1/pictures, whose pictures are kept for a while",
                remedy="upload it again with PUT /v1/pictures",
                values={"id": id[:64]},
            )
        if time.time() - row.used > _USED_SECONDS:
            self._store.mark_used([id])
        return row

    async def sweep(self) -> None:
        """Delete unused pictures, except the masks of stored results, and the oldest results if they exceed the space limit."""
        keep_seconds = self._settings.keep_minutes * 60
        needed = self._store.needed_pictures() | self._store.masks_of_history()
        for row in self._store.pictures():
            if row.id not in needed and time.time() - row.used > keep_seconds:
                self._delete(row)
        old = self._delete_old_jobs(keep_seconds)
        await asyncio.to_thread(self._delete_temporary_files, old)

    def used_bytes(self) -> int:
        """Disk space of all pictures, including uploads in progress."""
        return self._store.picture_bytes() + self._incoming_bytes

    def _delete_orphans(self) -> None:
        """Delete files that a killed server did not record."""
        for path in self._folder.iterdir():
            if self._store.picture(path.name) is None:
                path.unlink()
        for path in self._jobs.iterdir():
            if self._store.job(path.name) is None:
                shutil.rmtree(path, ignore_errors=True)

    def _delete_old_jobs(self, keep_seconds: float) -> list[str]:
        """Delete old jobs without results, and jobs whose results exceed the space limit; returns the ids of the other old jobs."""
        space = self._settings.history_mb * 10**6
        old = []
        for job in self._store.ended_jobs():
            is_old = time.time() - job.ended > keep_seconds
            space -= job.bytes or 0
            if (job.bytes is None and is_old) or space < 0:
                self._store.delete_job(job.id)
                shutil.rmtree(self._jobs / job.id, ignore_errors=True)
            elif is_old:
                old.append(job.id)
        return old

    def _delete_temporary_files(self, jobs: Sequence[str]) -> None:
        for job in jobs:
            (self._jobs / job / "preview.jpg").unlink(missing_ok=True)
            for path in (self._jobs / job).glob("*.resume"):
                path.unlink(missing_ok=True)

    def _expected_bytes(self, request: Request) -> int:
        text = request.headers.get("content-length")
        if text is None:
            raise ApiError(411, "invalid-request", "the request has no Content-Length", remedy="send the size of the picture in bytes")
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise ApiError(400, "invalid-request", "Content-Length is not a number", remedy="send the size of the picture in bytes")
        if int(text) == 0:
            raise ApiError(400, "empty-upload", "the body is empty", remedy="send the bytes of a picture file")
        if int(text) > self._max_bytes:
            raise self._too_large(int(text))
        return int(text)

    @property
    def _max_bytes(self) -> int:
        return round(self._settings.upload_mb * 2**20)

    def _too_large(self, count: int) -> ApiError:
        return ApiError(
            413,
            "upload-too-large" if count > self._max_bytes else "invalid-request",
            f"the picture has {count} bytes" if count > self._max_bytes else "the body is longer than Content-Length",
            allowed=f"{self._settings.upload_mb:g} MB",
            remedy="save it as JPEG, or smaller",
            values={"bytes": count, "max_mb": self._settings.upload_mb},
            headers={"connection": "close"},
        )

    def _make_space(self, needed_bytes: int) -> None:
        """Delete the least recently used pictures until an upload fits."""
        most = self._settings.disk_mb * 10**6
        used = self.used_bytes()
        if used + needed_bytes <= most:
            return
        needed, masks = self._store.needed_pictures(), self._store.masks_of_history()
        for row in sorted(self._store.pictures(), key=lambda row: row.id in masks):
            if row.id not in needed:
                used -= row.bytes
                self._delete(row)
            if used + needed_bytes <= most:
                return
        reason = f"the disk space for pictures, {self._settings.disk_mb} MB, is in use by jobs"
        raise too_busy("storage-full", reason, seconds=30, max_mb=self._settings.disk_mb)

    async def _inspect(self, upload: Upload, *, name: str = "") -> PictureRow:
        try:
            facts, _ = await self._passes.call("inspect", is_first=True, path=str(upload.path))
        except WorkerError as error:
            message = str(error).replace(f"'{upload.path}'", "the picture")
            raise ApiError.of(error, status=415 if error.is_unusable_picture else 422, message=message) from None
        width, height = facts["width"], facts["height"]
        megapixels = width * height / 1e6
        if megapixels > self._settings.megapixels:
            raise ApiError(
                413,
                "too-many-megapixels",
                f"the picture has {width} x {height} pixels, {megapixels:.1f} megapixels",
                allowed=f"{self._settings.megapixels:g} megapixels",
                remedy="make it smaller first",
                values={"megapixels": round(megapixels, 1), "most": self._settings.megapixels},
            )
        now = time.time()
        return PictureRow(
            id=upload.sha256,
            bytes=upload.bytes,
            width=width,
            height=height,
            format=facts["format"],
            name=name,
            created=now,
            used=now,
        )

    def _delete(self, row: PictureRow) -> None:
        self.path(row.id).unlink(missing_ok=True)
        self._store.delete_picture(row.id)
