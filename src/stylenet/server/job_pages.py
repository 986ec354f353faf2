"""Addresses of jobs: adding, watching, stopping, and their results."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from stylenet.errors import UsageError
from stylenet.image.files import JPEG_QUALITY
from stylenet.server.asking import JOB_ID, JobRequest
from stylenet.server.copying import as_command, as_python
from stylenet.server.encoding import encoded
from stylenet.server.picture_pages import MEDIA_TYPES
from stylenet.server.records import History, HistoryItem, JobInfo, JobList
from stylenet.server.refusals import RefusedError, error_body
from stylenet.server.store import ENDED, QUEUED, RUNNING, JobRow

_MOST_JSON_BYTES = 2**18
_THUMBNAIL_PX = 320
_PLAIN = frozenset(string.ascii_letters + string.digits + "-._")
_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}


async def add_job(request: Request) -> Response:
    """Queue a painting: 202."""
    parts = request.app.state.parts
    wish = await _wish(request)
    for id in wish.pictures():
        parts.pictures.find(id)
    row = parts.jobs.add(wish)
    return encoded(_info(request, row), status=202, headers={"location": f"/v1/jobs/{row.id}"})


async def list_jobs(request: Request) -> Response:
    """The newest 100 jobs."""
    rows = request.app.state.parts.store.jobs(most=100, newest_first=True)
    return encoded(JobList(jobs=tuple(_info(request, row) for row in rows)))


async def show_job(request: Request) -> Response:
    """One job."""
    return encoded(_info(request, _row(request)))


async def stop_job(request: Request) -> Response:
    """Stop a job and keep the best picture so far; of an ended one nothing changes."""
    row = _row(request)
    request.app.state.parts.jobs.stop(row.id)
    row = _row(request)
    return encoded(_info(request, row), status=200 if row.state in ENDED else 202)


async def events(request: Request) -> Response:
    """Events as they come, from the one after `Last-Event-ID`; 204 where there is none to come."""
    row = _row(request)
    text = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise RefusedError(400, f"Last-Event-ID is '{text[:50]}'", allowed="numbers of events, from 0", remedy="omit it")
    after = int(text)
    jobs, store = request.app.state.parts.jobs, request.app.state.parts.store
    if row.state in ENDED and not store.events_after(row.id, after, most=1):
        return Response(status_code=204)  # an EventSource would ask again for ever

    async def lines() -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        async for event in jobs.events(row.id, after):
            yield ": still there\n\n" if event is None else f"id: {event.number}\nevent: {event.name}\ndata: {event.data}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-store", "x-accel-buffering": "no"})


async def preview(request: Request) -> Response:
    """The picture as it is now."""
    row = _row(request)
    path = request.app.state.parts.jobs.folder(row.id) / "preview.jpg"
    if not path.is_file():
        raise RefusedError(404, "there is no preview of this job", remedy="wait for the event 'preview'")
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "no-cache"})


async def result(request: Request) -> Response:
    """The painting; it carries its receipt."""
    parts, row = request.app.state.parts, _row(request)
    path = _result_file(request, row)
    format = request.query_params.get("format", path.suffix[1:])
    if format not in MEDIA_TYPES:
        raise RefusedError(422, f"format is '{format[:60]}'", allowed=", ".join(MEDIA_TYPES), remedy="omit it for the format of the job")
    name = f"{_stem(request, row)}.{format}"
    if format == path.suffix[1:]:
        return FileResponse(path, media_type=MEDIA_TYPES[format], filename=name, headers=_FOREVER)
    _, data = await parts.passes.do("convert", photo=str(path), long_side=None, format=format, quality=JPEG_QUALITY)
    headers = {**_FOREVER, "content-disposition": f"attachment; filename*=UTF-8''{_quoted(name)}"}
    return Response(data, media_type=MEDIA_TYPES[format], headers=headers)


async def thumbnail(request: Request) -> Response:
    """The painting, small."""
    parts, row = request.app.state.parts, _row(request)
    path, key = _result_file(request, row), f"thumbnail {row.id}"
    data = parts.cache.get(key)
    if data is None:
        _, data = await parts.passes.do("convert", photo=str(path), long_side=_THUMBNAIL_PX, format="jpg", quality=85)
        parts.cache.put(key, data)
    return Response(data, media_type="image/jpeg", headers=_FOREVER)


async def history(request: Request) -> Response:
    """Results that are kept."""
    rows = request.app.state.parts.store.history()
    items = tuple(
        HistoryItem(
            job=row.job,
            created=row.created,
            bytes=row.bytes,
            result=f"/v1/jobs/{row.job}/result",
            receipt=msgspec.json.decode(row.receipt),
        )
        for row in rows
    )
    return encoded(History(results=items))


async def forget(request: Request) -> Response:
    """Delete an ended job with its result."""
    row = _row(request)
    if row.state not in ENDED:
        raise RefusedError(409, f"the job is {row.state}", allowed="ended jobs", remedy=f"stop it first: DELETE /v1/jobs/{row.id}")
    request.app.state.parts.jobs.forget(row.id)
    return Response(status_code=204)


async def _wish(request: Request) -> JobRequest:
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given != "application/json":
        raise RefusedError(415, f"the body is '{given[:100]}'", allowed="application/json", remedy="send Content-Type: application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_JSON_BYTES:
            raise RefusedError(413, "the body is too long", allowed=f"{_MOST_JSON_BYTES} bytes", headers={"connection": "close"})
    try:
        values = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusedError(400, f"the body is no JSON: {str(error)[:200]}", allowed="a JSON object", remedy="see /docs") from None
    except UnicodeDecodeError:
        raise RefusedError(400, "the body is no UTF-8 text", allowed="a JSON object", remedy="see /docs") from None
    if not isinstance(values, dict):
        raise RefusedError(422, "the body is no JSON object", allowed="an object with the fields of a painting", remedy="see /docs")
    refused = sorted(name for name in values if name not in JobRequest.__struct_fields__)
    if refused:
        known = ", ".join(JobRequest.__struct_fields__)
        raise UsageError(f"'{refused[0][:60]}' is no field of a painting here; allowed are {known}")
    return JobRequest.of({name: _frozen(value) for name, value in values.items()})


def _result_file(request: Request, row: JobRow) -> Path:
    parts = request.app.state.parts
    if row.state not in ENDED:
        raise RefusedError(409, f"the job is {row.state}", allowed="results of ended jobs", remedy="wait for the event 'done'")
    path: Path = parts.jobs.result(row)
    if parts.store.history_row(row.id) is None or not path.is_file():
        raise RefusedError(404, f"the job has no result: it is {row.state}", remedy="send it again with POST /v1/jobs")
    return path


def _row(request: Request) -> JobRow:
    id = request.path_params["id"]
    row = request.app.state.parts.store.job(id) if JOB_ID.fullmatch(id) else None
    if row is None:
        raise RefusedError(404, f"there is no job '{id[:60]}'", allowed="ids of GET /v1/jobs", remedy="add one with POST /v1/jobs")
    return row


def _info(request: Request, row: JobRow) -> JobInfo:
    store = request.app.state.parts.store
    wish: dict[str, Any] = msgspec.json.decode(row.request)
    told: dict[str, Any] = {"step": 0, "steps": 0, "seconds_left": None}
    for name in ("started", "step"):
        event = store.last_event(row.id, name)
        if event is not None:
            values = msgspec.json.decode(event.data)
            told |= {key: values[key] for key in told if key in values}
    if row.state != RUNNING:
        told["seconds_left"] = None
    if row.error is not None:
        body = error_body(row.error)
        told |= {"error": body.error, "allowed": body.allowed, "remedy": body.remedy}
    if row.state == QUEUED:
        told["jobs_before"] = next((index for index, other in enumerate(store.jobs(QUEUED)) if other.id == row.id), 0)
    if store.history_row(row.id) is not None:
        told |= {"result": f"/v1/jobs/{row.id}/result"}

    def name_of(word: str) -> str:
        picture = store.picture(word)
        return word if picture is None else (picture.name or f"{word[:12]}.{picture.format.lower()}")

    return JobInfo(
        id=row.id,
        state=row.state,
        request=wish,
        created=row.created,
        started=row.started,
        ended=row.ended,
        events=f"/v1/jobs/{row.id}/events",
        command=as_command(wish, name_of),
        python=as_python(wish, name_of),
        **{"jobs_before": 0, **told},
    )


def _stem(request: Request, row: JobRow) -> str:
    wish = msgspec.json.decode(row.request)
    picture = request.app.state.parts.store.picture(wish.get("photo") or "")
    photo = "painting" if picture is None or not picture.name else picture.name.rpartition(".")[0] or picture.name
    return "-".join([photo, *(style for style in wish["styles"] if len(style) < 64)])[:100]


def _quoted(name: str) -> str:
    """A file name for a header (RFC 8187)."""
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in name.encode())


def _frozen(value: Any) -> Any:
    """JSON's lists as the tuples of the records."""
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value
