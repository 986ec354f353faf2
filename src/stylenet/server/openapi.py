"""The description of the interface, generated from its records (OpenAPI 3.1)."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

import stylenet
from stylenet.requests.painting import PROTECTED
from stylenet.server import records
from stylenet.server.asking import SET_BY_SERVER, JobRequest, PassRequest
from stylenet.server.picture_pages import MEDIA_TYPES
from stylenet.server.refusals import ErrorBody

_ERRORS = {
    "400": "The request is damaged, or the server is called by a name that it does not have.",
    "401": "The token is missing or wrong.",
    "403": "The request comes from another site.",
    "404": "There is no such thing, or not any more.",
    "405": "The method is not possible here.",
    "408": "The request did not come to its end in time.",
    "409": "It does not go together with the state of things.",
    "411": "Content-Length is missing.",
    "413": "It is too large.",
    "415": "It is not of a kind that is read.",
    "422": "A value is not allowed.",
    "429": "There is too much to do; see the header Retry-After.",
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_JOB = {**_ID, "description": "Of the job."}
_CLIENT = {
    "name": "Stylenet-Client",
    "in": "header",
    "schema": {"type": "string", "maxLength": 100},
    "description": "Any word of the client's own. A later preview of the same client supersedes one that waits, which then answers 409.",
}
_IMAGE = {"schema": {"type": "string", "contentMediaType": "image/*"}}
_RECORDS = (
    JobRequest, PassRequest, ErrorBody, records.PictureInfo, records.JobInfo, records.JobList, records.History, records.StyleList,
    records.RecipeList, records.Health,
)  # fmt: skip


@functools.cache
def description() -> dict[str, Any]:
    """The whole description."""
    _, schemas = msgspec.json.schema_components(_RECORDS, ref_template="#/components/schemas/{name}")
    for name in SET_BY_SERVER:
        schemas["JobRequest"]["properties"].pop(name)
    schemas["JobRequest"]["required"] = ["styles"]
    schemas["JobRequest"]["properties"]["styles"] |= {"minItems": 1}
    query = schemas.pop("PassRequest")["properties"]
    _drop_extras(schemas)
    _drop_extras(query)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "StyleNet",
            "version": stylenet.__version__,
            "description": "Paints photos in the manner of paintings. PUT /v1/pictures answers with a picture's id, the SHA-256 of its "
            "bytes. Every error is JSON with error, allowed and remedy.",
        },
        "paths": _paths(query),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Where the server was started with --token."}},
        },
    }


def _paths(query: dict[str, Any]) -> dict[str, Any]:
    asked = [_parameter(name, schema) for name, schema in query.items() if name not in SET_BY_SERVER]
    after = {"name": "Last-Event-ID", "in": "header", "schema": {"type": "string", "pattern": "^[0-9]{1,15}$"}}
    length = {"name": "Content-Length", "in": "header", "required": True, "schema": {"type": "integer"}}
    name = {
        "name": "Stylenet-Name",
        "in": "header",
        "schema": {"type": "string", "maxLength": 100},
        "description": "File name of the picture.",
    }
    as_format = {"name": "format", "in": "query", "schema": {"enum": list(MEDIA_TYPES)}, "description": "Left out: that of the job."}
    body = {"required": True, "content": {"application/octet-stream": {}, "image/*": {}}}
    job_body = {"required": True, "content": {"application/json": {"schema": _ref("JobRequest")}}}
    return {
        "/v1/pictures": {
            "put": _operation(
                "Keep a picture, and get its id.", {"201": "PictureInfo", "200": "PictureInfo"}, parameters=[length, name], requestBody=body
            )
        },
        "/v1/pictures/{id}/{what}.png": {
            "get": _operation(
                "A mask made by looking at a picture: white where its faces are, or its subject.",
                {"200": _IMAGE},
                parameters=[_ID, {"name": "what", "in": "path", "required": True, "schema": {"enum": list(PROTECTED)}}],
            )
        },
        "/v1/preview/{id}.jpg": {
            "get": _operation("One pass at a small size; may be cached for good.", {"200": _IMAGE}, parameters=[_ID, *asked, _CLIENT])
        },
        "/v1/stylize": {
            "post": _operation("The picture in the body, painted in one pass.", {"200": _IMAGE}, parameters=asked, requestBody=body)
        },
        "/v1/jobs": {
            "get": _operation("The newest 100 jobs.", {"200": "JobList"}),
            "post": _operation("Queue a painting.", {"202": "JobInfo"}, requestBody=job_body),
        },
        "/v1/jobs/{id}": {
            "get": _operation("One job.", {"200": "JobInfo"}, parameters=[_JOB]),
            "delete": _operation("Stop a job and keep the best picture so far.", {"202": "JobInfo", "200": "JobInfo"}, parameters=[_JOB]),
        },
        "/v1/jobs/{id}/events": {
            "get": _operation(
                "Events as they come (server-sent events): those of the command line's --json, and queued, stopped and failed.",
                {"200": {"media": "text/event-stream"}, "204": None},
                parameters=[_JOB, after],
            )
        },
        "/v1/jobs/{id}/preview.jpg": {"get": _operation("The picture as it is now.", {"200": _IMAGE}, parameters=[_JOB])},
        "/v1/jobs/{id}/result": {"get": _operation("The painting, with its receipt.", {"200": _IMAGE}, parameters=[_JOB, as_format])},
        "/v1/jobs/{id}/thumbnail.jpg": {"get": _operation("The painting, small.", {"200": _IMAGE}, parameters=[_JOB])},
        "/v1/history": {"get": _operation("Results that are kept, with their receipts.", {"200": "History"})},
        "/v1/history/{id}": {"delete": _operation("Delete an ended job with its result.", {"204": None}, parameters=[_JOB])},
        "/v1/styles": {"get": _operation("Styles that are used by name.", {"200": "StyleList"})},
        "/v1/recipes": {"get": _operation("Recipes.", {"200": "RecipeList"})},
        "/healthz": {"get": _operation("Whether the server works; needs no token.", {"200": "Health"})},
        "/metrics": {"get": _operation("Counts for Prometheus.", {"200": {"media": "text/plain"}})},
    }


def _operation(summary: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, kind in answers.items():
        responses[status] = {"description": summary}
        if isinstance(kind, str):
            responses[status]["content"] = {"application/json": {"schema": _ref(kind)}}
        elif kind is _IMAGE:
            responses[status]["content"] = dict.fromkeys(("image/jpeg", "image/png", "image/webp", "image/tiff"), _IMAGE)
        elif kind is not None:
            responses[status]["content"] = {kind["media"]: {"schema": {"type": "string"}}}
    error = {"application/json": {"schema": _ref("ErrorBody")}}
    responses |= {status: {"description": text, "content": error} for status, text in _ERRORS.items()}
    return {"summary": summary, "responses": responses, **more}


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    schema = dict(schema)
    help = schema.pop("description", "")
    return {"name": name, "in": "query", "required": name == "style", "description": help, "schema": schema}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _drop_extras(value: Any) -> None:
    """Leave out what belongs to our messages alone."""
    if isinstance(value, dict):
        if isinstance(value.get("allowed"), str):
            value.pop("allowed")
        for inner in value.values():
            _drop_extras(inner)
    elif isinstance(value, list):
        for inner in value:
            _drop_extras(inner)
