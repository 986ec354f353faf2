"""Addresses of pictures: uploads, previews, and single passes."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

import stylenet
from stylenet.errors import UsageError
from stylenet.requests.painting import PROTECTED
from stylenet.server.asking import PICTURE_ID, PassRequest
from stylenet.server.encoding import encoded
from stylenet.server.passes import Passes
from stylenet.server.processes import WorkError
from stylenet.server.records import PictureInfo
from stylenet.server.refusals import RefusedError, refused

MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "tif": "image/tiff"}
PREVIEW_PX = 384
MOST_PREVIEW_PX = 1024
_MOST_PASS_PX = 4096


async def put_picture(request: Request) -> Response:
    """Keep the picture in the body: 201, or 200 where it is there already."""
    _check_type(request)
    parts = request.app.state.parts
    name = re.sub(r"[^\w .-]+", "-", request.headers.get("stylenet-name", ""))[:100].strip(". ")
    row, is_new = await parts.pictures.add(request, name=name)
    values = {field: getattr(row, field) for field in row.__struct_fields__ if field in PictureInfo.__struct_fields__}
    info = PictureInfo(**values, kept_until=row.used + parts.settings.keep_minutes * 60)
    return encoded(info, status=201 if is_new else 200)


async def preview(request: Request) -> Response:
    """One pass at a small size. The same address always gives the same picture, so that it may be cached for good."""
    parts = request.app.state.parts
    id = request.path_params["id"]
    if not PICTURE_ID.fullmatch(id):
        raise RefusedError(404, "there is no such picture", allowed="ids of PUT /v1/pictures", remedy="upload it with PUT /v1/pictures")
    wish = PassRequest.of_query(request.query_params.multi_items(), size=PREVIEW_PX)
    if not isinstance(wish.size, int) or wish.size > MOST_PREVIEW_PX:
        raise UsageError(f"size is {wish.size}; allowed for previews is a long side up to {MOST_PREVIEW_PX} pixels; use POST /v1/jobs")
    key = _key(id, wish)
    scope = "private" if parts.settings.token else "public"
    headers = {"cache-control": f"{scope}, max-age=31536000, immutable", "etag": f'"{key}"'}
    if key in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    data = parts.cache.get(key)
    if data is None:
        parts.pictures.find(id)
        client = request.headers.get("stylenet-client") or request.query_params.get("client")
        data = await _passed(request, parts.previews, str(parts.pictures.path(id)), wish, client=client and client[:100], is_preview=True)
        parts.cache.put(key, data)
    return Response(data, media_type=MEDIA_TYPES[wish.format], headers=headers)


async def find_mask(request: Request) -> Response:
    """A mask made by looking at a picture: white where its faces are, or its subject."""
    parts = request.app.state.parts
    id, what = request.path_params["id"], request.path_params["what"]
    if not PICTURE_ID.fullmatch(id) or what not in PROTECTED:
        raise RefusedError(
            404, "there is no such mask", allowed=f"ids of PUT /v1/pictures, with {' or '.join(PROTECTED)}", remedy="see /docs"
        )
    parts.pictures.find(id)
    data = await _done(request, parts.passes, "find", photo=str(parts.pictures.path(id)), what=what)
    return Response(data, media_type="image/png", headers={"cache-control": "private, max-age=3600"})


async def stylize(request: Request) -> Response:
    """The picture in the body, painted in one pass."""
    _check_type(request)
    parts = request.app.state.parts
    wish = PassRequest.of_query(request.query_params.multi_items(), format="png", quality=95)
    if isinstance(wish.size, int) and wish.size > _MOST_PASS_PX:
        raise UsageError(f"size is {wish.size}; allowed for one pass is a long side up to {_MOST_PASS_PX} pixels; use POST /v1/jobs")
    async with parts.pictures.received(request) as upload:
        await parts.pictures.checked(upload)
        data = await _passed(request, parts.passes, str(upload.path), wish, client=None, is_preview=False)
    return Response(data, media_type=MEDIA_TYPES[wish.format], headers={"cache-control": "no-store"})


def _check_type(request: Request) -> None:
    given = request.headers.get("content-type", "application/octet-stream").split(";")[0].strip().lower()
    if given == "application/octet-stream" or (given.startswith("image/") and given != "image/svg+xml"):
        return
    raise RefusedError(
        415,
        f"the body is '{given[:100]}'",
        allowed="image/jpeg, image/png and other raster pictures, or application/octet-stream",
        remedy="send the bytes of the picture itself as the body",
    )


async def _passed(request: Request, passes: Passes, photo: str, wish: PassRequest, *, client: str | None, is_preview: bool) -> bytes:
    parts = request.app.state.parts
    options = wish.options()
    regions = [
        {**region, "mask": _file(request, region["mask"]), "style": region["style"] and _file(request, region["style"])}
        for region in wish.regions()
    ]
    if isinstance(wish.palette, str):
        options["palette"] = _file(request, wish.palette)
    values: dict[str, Any] = {
        "styles": [_file(request, word) for word in wish.style],
        "regions": regions,
        "options": {name: value for name, value in options.items() if value is not None},
        "is_preview": is_preview,
        "format": wish.format,
        "quality": wish.quality,
        "threads": parts.settings.threads,
    }
    return await _done(request, passes, "pass", photo=photo, client=client, **values)


async def _done(request: Request, passes: Passes, call: str, *, photo: str, client: str | None = None, **values: Any) -> bytes:
    """The bytes that a process makes of a photo; given up where the client goes."""
    work = asyncio.ensure_future(passes.do(call, client=client, photo=photo, **values))
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise RefusedError(409, "the client has gone")
        return work.result()[1]
    except WorkError as error:
        status = 500 if error.kind == "unexpected" else 422
        raise refused(str(error).replace(f"'{photo}'", "the picture"), status=status) from None
    finally:
        for task in (work, gone):
            task.cancel()


def _file(request: Request, word: str) -> str:
    """The file of a picture; other words stay."""
    if not PICTURE_ID.fullmatch(word):
        return word
    pictures = request.app.state.parts.pictures
    pictures.find(word)
    return str(pictures.path(word))


async def _gone(request: Request) -> None:
    """Wait until the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _key(id: str, wish: PassRequest) -> str:
    values = msgspec.json.encode([stylenet.__version__, id, msgspec.to_builtins(msgspec.structs.asdict(wish))])
    return hashlib.sha256(values).hexdigest()[:40]
