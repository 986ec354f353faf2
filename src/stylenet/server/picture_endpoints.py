"""Picture endpoints: uploads, masks of faces and subjects, previews and single passes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

import stylenet
from stylenet.errors import UsageError
from stylenet.server.api_checks import PICTURE_ID, sides_px, split_mask
from stylenet.server.api_errors import ApiError
from stylenet.server.api_requests import PassRequest
from stylenet.server.api_responses import PictureInfo, json_response
from stylenet.server.passes import PassQueue
from stylenet.server.pictures import Pictures
from stylenet.server.processes import WorkerError
from stylenet.server.services import Services

MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "tif": "image/tiff"}
PREVIEW_PX = 384
_MAX_PREVIEW_PX = 1024
_MAX_PASS_PX = 4096


async def put_picture(request: Request) -> Response:
    """Store the picture in the body; responds with 201, or with 200 if it is already stored."""
    _check_type(request)
    services: Services = request.app.state.services
    name = re.sub(r"[^\w .-]+", "-", request.headers.get("stylenet-name", ""))[:100].strip(". ")
    row, is_new = await services.pictures.add(request, name=name)
    facts = {field: getattr(row, field) for field in PictureInfo.__struct_fields__ if field != "kept_until"}
    info = PictureInfo(**facts, kept_until=row.used + services.settings.keep_minutes * 60)
    return json_response(info, status=201 if is_new else 200)


async def find_mask(request: Request, *, what: str) -> Response:
    """A mask of a picture's faces or its subject: white inside, black outside."""
    services: Services = request.app.state.services
    id = request.path_params["id"]
    services.pictures.find(id)
    data = await run_in_worker(request, services.passes, "find_mask", services.pictures.path(id), what=what)
    return Response(data, media_type="image/png", headers={"cache-control": "private, max-age=3600"})


async def preview(request: Request) -> Response:
    """A preview: one pass at a small size. The picture at a URL never changes, so it can be cached forever."""
    services: Services = request.app.state.services
    id = request.path_params["id"]
    if not PICTURE_ID.fullmatch(id):
        remedy = "upload it with PUT /v1/pictures"
        raise ApiError(404, "not-found", "there is no such picture", allowed="ids of PUT /v1/pictures", remedy=remedy)
    options = PassRequest.from_query(request.query_params.multi_items(), size=PREVIEW_PX)
    if not isinstance(options.size, int) or options.size > _MAX_PREVIEW_PX:
        raise UsageError(
            f"size is {options.size}; allowed for previews is a long side up to {_MAX_PREVIEW_PX} pixels; use POST /v1/jobs for more"
        )
    key = _cache_key(id, options)
    scope = "private" if services.settings.token else "public"
    headers = {"cache-control": f"{scope}, max-age=31536000, immutable", "etag": f'"{key}"'}
    if key in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    data = services.cache.get(key)
    if data is None:
        services.pictures.find(id)
        client = request.headers.get("stylenet-client", "")[:100] or None
        data = await _run_pass(request, services.previews, services.pictures.path(id), options, client=client, is_preview=True)
        services.cache.put(key, data)
    return Response(data, media_type=MEDIA_TYPES[options.format], headers=headers)


async def stylize(request: Request) -> Response:
    """One pass over the picture in the body."""
    _check_type(request)
    services: Services = request.app.state.services
    options = PassRequest.from_query(request.query_params.multi_items(), format="png", quality=95)
    if any(side > _MAX_PASS_PX for side in sides_px(options.size)):
        raise UsageError(f"size is {options.size}; allowed for one pass is a long side up to {_MAX_PASS_PX} pixels; use POST /v1/jobs")
    async with services.pictures.received(request) as upload:
        await services.pictures.check(upload)
        data = await _run_pass(request, services.passes, upload.path, options)
    return Response(data, media_type=MEDIA_TYPES[options.format], headers={"cache-control": "no-store"})


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "application/octet-stream").split(";")[0].strip().lower()
    if given == "application/octet-stream" or (given.startswith("image/") and given != "image/svg+xml"):
        return
    raise ApiError(
        415,
        "wrong-media-type",
        f"the body is '{given[:100]}'",
        allowed="image/jpeg, image/png and other raster pictures, or application/octet-stream",
        remedy="send the bytes of the picture itself as the body",
    )


async def _run_pass(
    request: Request, queue: PassQueue, photo: Path, options: PassRequest, *, client: str | None = None, is_preview: bool = False
) -> bytes:
    """Paint a picture in one pass; returns the bytes of the file."""
    services: Services = request.app.state.services
    to_file = partial(file_or_name, services)
    values = options.options()
    if "palette" in values:
        values["palette"] = to_file(values["palette"])
    return await run_in_worker(
        request,
        queue,
        "pass",
        photo,
        client=client,
        styles=[to_file(style) for style in options.style],
        masks=[split_mask(text).with_files(to_file) for text in options.mask],
        options=values,
        is_preview=is_preview,
        format=options.format,
        quality=options.quality,
        threads=services.settings.threads,
    )


async def run_in_worker(request: Request, queue: PassQueue, name: str, path: Path, *, client: str | None = None, **values: Any) -> bytes:
    """Make a call about a picture and return the resulting bytes. A waiting call is dropped if the client disconnects.

    Args:
        request: The request of the client.
        queue: The queue of the worker.
        name: The name of the call; see `Worker.call`.
        path: File of the picture.
        client: Identifies the client, whose older waiting call is replaced.
        values: Further arguments of the call.

    Raises:
        ApiError: the worker reports an error.
    """
    pictures: Pictures = request.app.state.services.pictures
    work = asyncio.ensure_future(queue.call(name, client=client, path=str(path), **values))
    disconnect = asyncio.ensure_future(_disconnect(request))
    try:
        await asyncio.wait({work, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise ApiError(409, "connection-closed", "the client has closed the connection")
        return work.result().data
    except WorkerError as error:
        message = pictures.without_folder(str(error).replace(f"'{path}'", "the picture"))
        raise ApiError.of(error, status=500 if error.is_unexpected else 422, message=message) from None
    finally:
        for task in (work, disconnect):
            task.cancel()


def file_or_name(services: Services, word: Any) -> Any:
    """The file of a picture id; other values are returned unchanged."""
    if not isinstance(word, str) or not PICTURE_ID.fullmatch(word):
        return word
    services.pictures.find(word)
    return str(services.pictures.path(word))


async def _disconnect(request: Request) -> None:
    """Wait until the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _cache_key(id: str, options: PassRequest) -> str:
    values = msgspec.json.encode([stylenet.__version__, id, msgspec.to_builtins(options)])
    return hashlib.sha256(values).hexdigest()[:40]
