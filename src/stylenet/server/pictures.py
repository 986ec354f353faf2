"""Uploads: streamed into a file, counted and hashed on the way, looked at in a process, kept for an hour after their last use."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import ClientDisconnect, Request

from stylenet.requests.serving import ServeRequest
from stylenet.server.passes import Passes
from stylenet.server.processes import WorkError
from stylenet.server.refusals import RefusedError, busy, refused
from stylenet.server.store import ENDED, PictureRow, Store

_USED_SECONDS = 30.0
"""A use within so many seconds of the last one is not recorded."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Bytes that came in whole.

    Attributes:
        path: A temporary file, the caller's to move or delete.
        sha256: Of the bytes.
        bytes: How many.
    """

    path: Path
    sha256: str
    bytes: int


class Pictures:
    """The uploaded pictures of a server.

    Args:
        settings: Limits.
        store: Their metadata.
        folder: Of the data.
        passes: The process that looks at them.
    """

    def __init__(self, settings: ServeRequest, store: Store, folder: Path, *, passes: Passes) -> None:
        self._settings, self._store, self._passes = settings, store, passes
        self._folder, self._incoming, self._jobs = folder / "pictures", folder / "incoming", folder / "jobs"
        shutil.rmtree(self._incoming, ignore_errors=True)
        for path in (self._folder, self._incoming, self._jobs):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._expected = 0  # bytes of uploads in progress

    def path(self, id: str) -> Path:
        """The file of a picture."""
        return self._folder / id

    async def add(self, request: Request, *, name: str) -> tuple[PictureRow, bool]:
        """The picture that a request uploads, and whether it is new.

        Raises:
            RefusedError: it is too large, cut off, or not a picture.
        """
        async with self.received(request) as upload:
            known = self._store.picture(upload.sha256)
            if known is not None and self.path(known.id).is_file():
                self._store.use_pictures([known.id])
                return known, False
            row = await self._inspected(upload, name)
            await asyncio.to_thread(os.replace, upload.path, self.path(row.id))
            self._store.add_picture(row)
            return row, True

    @contextlib.asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[Upload]:
        """The body of a request in a temporary file, which is gone at the end of the block.

        Raises:
            RefusedError: it is too large, cut off, or there is no room.
        """
        expected = self._expected_bytes(request)
        self._make_room(expected)
        self._expected += expected
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
                raise RefusedError(400, f"{count} bytes came, and Content-Length is {expected}", remedy="send the picture whole")
            yield Upload(path=path, sha256=digest.hexdigest(), bytes=count)
        except ClientDisconnect:
            raise RefusedError(400, f"the upload was cut off after {count} bytes", remedy="send the picture whole") from None
        finally:
            self._expected -= expected
            path.unlink(missing_ok=True)

    async def checked(self, upload: Upload) -> None:
        """Look at an upload that is not kept.

        Raises:
            RefusedError: it is not a picture, or too large.
        """
        await self._inspected(upload, "")

    def find(self, id: str) -> PictureRow:
        """A picture that is there; it counts as used.

        Raises:
            RefusedError: there is none, or not any more.
        """
        row = self._store.picture(id)
        if row is None or not self.path(id).is_file():
            raise RefusedError(
                404, f"there is no picture {id[:64]}", allowed="ids of PUT /v1/pictures, whose pictures are kept for a while",
                remedy="upload it again with PUT /v1/pictures",
            )  # fmt: skip
        if time.time() - row.used > _USED_SECONDS:
            self._store.use_pictures([id])
        return row

    def sweep(self) -> None:
        """Delete what was not used for long, and the oldest results above the space for them."""
        keep_seconds = self._settings.keep_minutes * 60
        needed = self._store.pictures_of_jobs()
        for row in self._store.pictures():
            if row.id not in needed and time.time() - row.used > keep_seconds:
                self._delete(row)
        self._sweep_jobs(keep_seconds)

    def used_bytes(self) -> int:
        """Disk space of all pictures."""
        return sum(row.bytes for row in self._store.pictures()) + self._expected

    def _sweep_jobs(self, keep_seconds: float) -> None:
        room = self._settings.history_mb * 10**6
        for row in self._store.jobs(*ENDED, most=10**6, newest_first=True):
            folder = self._jobs / row.id
            kept = self._store.history_row(row.id)
            is_old = time.time() - (row.ended or 0) > keep_seconds
            room -= 0 if kept is None else kept.bytes
            if (kept is None and is_old) or room < 0:
                self._store.delete_job(row.id)
                shutil.rmtree(folder, ignore_errors=True)
            elif is_old:
                for path in folder.glob("*"):
                    if path.name == "preview.jpg" or path.suffix == ".resume":
                        path.unlink(missing_ok=True)

    def _expected_bytes(self, request: Request) -> int:
        text = request.headers.get("content-length")
        if text is None:
            raise RefusedError(411, "the request has no Content-Length", remedy="send the size of the picture in bytes")
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise RefusedError(400, "Content-Length is no number", remedy="send the size of the picture in bytes")
        if int(text) == 0:
            raise RefusedError(400, "the body is empty", remedy="send the bytes of a picture file")
        if int(text) > self._most_bytes:
            raise self._too_large(int(text))
        return int(text)

    @property
    def _most_bytes(self) -> int:
        return round(self._settings.upload_mb * 2**20)

    def _too_large(self, count: int) -> RefusedError:
        return RefusedError(
            413,
            f"the picture has {count} bytes" if count > self._most_bytes else "the body is longer than Content-Length",
            allowed=f"{self._settings.upload_mb:g} MB",
            remedy="save it as JPEG, or smaller",
            headers={"connection": "close"},
        )

    def _make_room(self, wanted: int) -> None:
        most = self._settings.disk_mb * 10**6
        used = self.used_bytes()
        if used + wanted <= most:
            return
        needed = self._store.pictures_of_jobs()
        for row in self._store.pictures():
            if row.id not in needed:
                used -= row.bytes
                self._delete(row)
            if used + wanted <= most:
                return
        raise busy(f"the disk space for pictures, {self._settings.disk_mb} MB, is in use by jobs", seconds=30)

    async def _inspected(self, upload: Upload, name: str) -> PictureRow:
        try:
            found, _ = await self._passes.do("inspect", path=str(upload.path))
        except WorkError as error:
            message = str(error).replace(f"'{upload.path}'", "the picture")
            raise refused(message, status=415 if error.kind == "ImageError" else 422) from None
        megapixels = found["width"] * found["height"] / 1e6
        if megapixels > self._settings.megapixels:
            raise RefusedError(
                413,
                f"the picture has {found['width']} x {found['height']} pixels, {megapixels:.1f} megapixels",
                allowed=f"{self._settings.megapixels:g} megapixels",
                remedy="make it smaller first",
            )
        now = time.time()
        return PictureRow(
            id=upload.sha256,
            bytes=upload.bytes,
            width=found["width"],
            height=found["height"],
            format=found["format"],
            name=name,
            created=now,
            used=now,
        )

    def _delete(self, row: PictureRow) -> None:
        self.path(row.id).unlink(missing_ok=True)
        self._store.delete_picture(row.id)
