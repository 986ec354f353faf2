"""Job endpoints: adding, following, stopping and deleting jobs, and their results."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.utils import encode_rfc2231
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from stylenet.errors import UsageError
from stylenet.server.api_checks import JOB_ID
from stylenet.server.api_errors import ApiError
from stylenet.server.api_requests import JobRequest
from stylenet.server.api_responses import ErrorBody, HistoryItem, JobInfo, json_response
from stylenet.server.picture_endpoints import MEDIA_TYPES, run_in_worker
from stylenet.server.services import Services
from stylenet.server.snippets import as_command, as_python
from stylenet.server.store import ENDED, QUEUED, RUNNING, JobRow, PictureFacts, Store

_MAX_JSON_BYTES = 2**18
_THUMBNAIL_PX = 320
_CACHED_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}


async def add_job(request: Request) -> Response:
    """Queue a painting; responds with 202."""
    services: Services = request.app.state.services
    job = await _job_request(request)
    for id in job.pictures():
        services.pictures.find(id)
    row = services.jobs.add(job)
    return json_response(_job_info(services.store, row), status=202, headers={"location": f"/v1/jobs/{row.id}"})


async def list_jobs(request: Request) -> Response:
    """The newest 100 jobs."""
    store: Store = request.app.state.services.store
    return json_response({"jobs": [_job_info(store, row) for row in store.jobs(most=100, newest_first=True)]})


async def show_job(request: Request) -> Response:
    """One job."""
    return json_response(_job_info(request.app.state.services.store, _job_row(request)))


async def stop_job(request: Request) -> Response:
    """Stop a job and keep the best picture so far; has no effect on a job that has ended."""
    services: Services = request.app.state.services
    services.jobs.stop(_job_row(request).id)
    row = _job_row(request)
    return json_response(_job_info(services.store, row), status=200 if row.state in ENDED else 202)


async def events(request: Request) -> Response:
    """Events as they happen, after the one in `Last-Event-ID`; 204 if there are no more."""
    services: Services = request.app.state.services
    row = _job_row(request)
    last = request.headers.get("last-event-id", "0")
    if not re.fullmatch(r"[0-9]{1,15}", last):
        error = f"Last-Event-ID is '{last[:50]}'"
        raise ApiError(400, "invalid-request", error, allowed="numbers of events, from 0", remedy="omit it")
    if row.state in ENDED and not services.store.events_after(row.id, int(last), most=1):
        return Response(status_code=204)  # otherwise an EventSource would reconnect forever

    async def lines() -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        async for event in services.jobs.events(row.id, int(last)):
            yield ": heartbeat\n\n" if event is None else f"id: {event.number}\nevent: {event.name}\ndata: {event.data}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-store", "x-accel-buffering": "no"})


async def preview(request: Request) -> Response:
    """The current picture."""
    path = request.app.state.services.jobs.folder(_job_row(request).id) / "preview.jpg"
    if not path.is_file():
        raise ApiError(404, "no-preview", "there is no preview of this job", remedy="wait for the event 'preview'")
    return FileResponse(path, media_type="image/jpeg", headers={"cache-control": "no-cache"})


async def result(request: Request) -> Response:
    """The painting, with its receipt stored in the file; `?format=` converts it."""
    services: Services = request.app.state.services
    row = _job_row(request)
    path = _result_file(services, row)
    format = request.query_params.get("format", path.suffix[1:])
    if format not in MEDIA_TYPES:
        remedy = "omit it for the format of the job"
        raise ApiError(422, "invalid-value", f"format is '{format[:60]}'", allowed=", ".join(MEDIA_TYPES), remedy=remedy)
    name = f"{_stem(services.store, row)}.{format}"
    if format == path.suffix[1:]:
        return FileResponse(path, media_type=MEDIA_TYPES[format], filename=name, headers=_CACHED_FOREVER)
    data = await run_in_worker(request, services.passes, "convert", path, format=format)
    headers = {**_CACHED_FOREVER, "content-disposition": f"attachment; filename*={encode_rfc2231(name, 'utf-8')}"}
    return Response(data, media_type=MEDIA_TYPES[format], headers=headers)


async def thumbnail(request: Request) -> Response:
    """The painting at a reduced size."""
    services: Services = request.app.state.services
    row = _job_row(request)
    path, key = _result_file(services, row), f"thumbnail {row.id}"
    data = services.cache.get(key)
    if data is None:
        data = await run_in_worker(request, services.passes, "thumbnail", path, long_side_px=_THUMBNAIL_PX)
        services.cache.put(key, data)
    return Response(data, media_type="image/webp", headers=_CACHED_FOREVER)


async def history(request: Request) -> Response:
    """The stored results."""
    items = [
        HistoryItem(
            job=row.job,
            created=row.created,
            bytes=row.bytes,
            result=f"/v1/jobs/{row.job}/result",
            receipt=msgspec.json.decode(row.receipt),
        )
        for row in request.app.state.services.store.history()
    ]
    return json_response({"results": items})


async def delete_job(request: Request) -> Response:
    """Delete a job that has ended, with its result."""
    row = _job_row(request)
    if row.state not in ENDED:
        remedy = f"stop it first: DELETE /v1/jobs/{row.id}"
        raise ApiError(409, "job-not-ended", f"the job is {row.state}", allowed="jobs that have ended", remedy=remedy)
    request.app.state.services.jobs.delete(row.id)
    return Response(status_code=204)


async def _job_request(request: Request) -> JobRequest:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        remedy = "send Content-Type: application/json"
        raise ApiError(415, "wrong-media-type", f"the body is '{media_type[:100]}'", allowed="application/json", remedy=remedy)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_JSON_BYTES:
            allowed = f"{_MAX_JSON_BYTES} bytes"
            raise ApiError(413, "body-too-long", "the body is too long", allowed=allowed, headers={"connection": "close"})
    try:
        values = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        reason = f"the body is not JSON: {str(error)[:200]}"
        raise ApiError(400, "invalid-request", reason, allowed="a JSON object", remedy="see /docs") from None
    if not isinstance(values, dict):
        allowed = "an object with the fields of a painting"
        raise ApiError(422, "invalid-request", "the body is not a JSON object", allowed=allowed, remedy="see /docs")
    unknown = sorted(name for name in values if name not in JobRequest.__struct_fields__)
    if unknown:
        raise UsageError(f"'{unknown[0][:60]}' is not a field of a painting; allowed are {', '.join(JobRequest.__struct_fields__)}")
    return JobRequest.of(values)


def _job_row(request: Request) -> JobRow:
    id = request.path_params["id"]
    row = request.app.state.services.store.job(id) if JOB_ID.fullmatch(id) else None
    if row is None:
        error = f"there is no job '{id[:60]}'"
        raise ApiError(404, "job-gone", error, allowed="ids of GET /v1/jobs", remedy="add one with POST /v1/jobs")
    return row


def _result_file(services: Services, row: JobRow) -> Path:
    if row.state not in ENDED:
        allowed, remedy = "results of jobs that have ended", "wait for the event 'done'"
        raise ApiError(409, "job-not-ended", f"the job is {row.state}", allowed=allowed, remedy=remedy)
    path = services.jobs.result(row)
    if services.store.history_row(row.id) is None or not path.is_file():
        raise ApiError(404, "no-result", f"the job has no result: it is {row.state}", remedy="send it again with POST /v1/jobs")
    return path


def _job_info(store: Store, row: JobRow) -> JobInfo:
    request: dict[str, Any] = msgspec.json.decode(row.request)
    started, step = _last_values(store, row, "started"), _last_values(store, row, "step")
    failed = _last_values(store, row, "failed")
    found = (store.picture(id) for id in msgspec.json.decode(row.pictures))
    pictures = {each.id: PictureFacts(**{name: getattr(each, name) for name in PictureFacts.__struct_fields__}) for each in found if each}

    def name_of(word: str) -> str:
        picture = pictures.get(word)
        return word if picture is None else (picture.name or f"{word[:12]}.{picture.format.lower()}")

    return JobInfo(
        id=row.id,
        state=row.state,
        request=request,
        created=row.created,
        started=row.started,
        ended=row.ended,
        step=step.get("step", 0),
        steps=step.get("steps", started.get("steps", 0)),
        seconds_left=step.get("seconds_left") if row.state == RUNNING else None,
        jobs_before=store.queued_before(row) if row.state == QUEUED else 0,
        events=f"/v1/jobs/{row.id}/events",
        result=None if store.history_row(row.id) is None else f"/v1/jobs/{row.id}/result",
        command=as_command(request, name_of),
        python=as_python(request, name_of),
        pictures=pictures,
        **{name: failed[name] for name in ErrorBody.__struct_fields__ if name in failed},
    )


def _last_values(store: Store, row: JobRow, name: str) -> dict[str, Any]:
    event = store.last_event(row.id, name)
    return {} if event is None else msgspec.json.decode(event.data)


def _stem(store: Store, row: JobRow) -> str:
    """A file name for the result, without a suffix, made from the names of the photo and the styles."""
    request = msgspec.json.decode(row.request)
    picture = store.picture(request.get("photo", ""))
    photo = "painting" if picture is None or not picture.name else picture.name.rpartition(".")[0] or picture.name
    return "-".join([photo, *(style for style in request["styles"] if len(style) < 64)])[:100]
