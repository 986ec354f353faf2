"""The OpenAPI 3.1 description of the API, generated from its records."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

import stylenet
from stylenet.catalog.networks import network_files
from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import style_files
from stylenet.image.masks import KEEP
from stylenet.image.recolor import KEEP_COLORS
from stylenet.requests.painting import BEFORE, PROTECTED
from stylenet.server.api_checks import MAX_SIDE_PX, MAX_STYLES
from stylenet.server.api_requests import NOT_FOR_PASSES, SET_BY_SERVER, JobRequest, PassRequest
from stylenet.server.api_responses import ErrorBody, Health, HistoryItem, JobInfo, PictureInfo, RecipeInfo, StyleInfo
from stylenet.server.error_codes import CODES
from stylenet.server.picture_endpoints import MEDIA_TYPES
from stylenet.workflows.painting import STARTS

Json = dict[str, Any]

_ERRORS = {
    "400": "The request is malformed, or the host name is not the server's.",
    "401": "The token is missing or wrong.",
    "403": "The request comes from another site.",
    "404": "It does not exist, or is no longer stored.",
    "405": "The method is not allowed here.",
    "408": "The request was not complete in time.",
    "409": "The request conflicts with the current state.",
    "411": "Content-Length is missing.",
    "413": "The body or the picture is too large.",
    "415": "The media type is not supported.",
    "422": "A value is not allowed.",
    "429": "The server is too busy; see the header Retry-After.",
}
_RECORDS = (JobRequest, PassRequest, ErrorBody, PictureInfo, JobInfo, HistoryItem, StyleInfo, RecipeInfo, Health)
_JOB_LINKS = {
    name: {"operationRef": f"#/paths/{path}/{method}", "parameters": {"id": "$response.body#/id"}}
    for name, path, method in (
        ("show", "~1v1~1jobs~1{id}", "get"),
        ("stop", "~1v1~1jobs~1{id}", "delete"),
        ("events", "~1v1~1jobs~1{id}~1events", "get"),
        ("preview", "~1v1~1jobs~1{id}~1preview.jpg", "get"),
        ("result", "~1v1~1jobs~1{id}~1result", "get"),
        ("thumbnail", "~1v1~1jobs~1{id}~1thumbnail.webp", "get"),
        ("delete", "~1v1~1history~1{id}", "delete"),
    )
}
_PICTURE_LINKS = {
    name: {"operationRef": f"#/paths/~1v1~1{path}/get", "parameters": {"id": "$response.body#/id"}}
    for name, path in (("preview", "preview~1{id}.jpg"), *((what, f"pictures~1{{id}}~1{what}.png") for what in PROTECTED))
}

_ID = "^[0-9a-f]{64}$"
_SIZE = "^(full|[0-9]{1,5}( ?[xX] ?[0-9]{1,5})?)$"


@functools.cache
def description() -> Json:
    """The whole description."""
    _, schemas = msgspec.json.schema_components(_RECORDS, ref_template="#/components/schemas/{name}")
    _remove_message_texts(schemas)
    query = schemas.pop("PassRequest")["properties"]
    job = schemas["JobRequest"]
    for name in SET_BY_SERVER:
        job["properties"].pop(name)
    job["required"] = ["styles"]
    schemas["ErrorBody"]["properties"]["code"] = _codes()
    for properties in (query, job["properties"]):
        for name, limits in _limits().items():
            if name in properties:
                properties[name] = {key: properties[name][key] for key in ("description", "default") if key in properties[name]} | limits
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "StyleNet",
            "version": stylenet.__version__,
            "description": "Paints photos in the manner of paintings. PUT /v1/pictures returns the id of a picture, the SHA-256 of its "
            "bytes. Every error is JSON with code, error, allowed, remedy and values; the codes are stable and listed in the schema "
            "ErrorBody. /v1/live is a WebSocket that paints the frames of a camera, which OpenAPI cannot describe: see "
            "docs/live.md#the-socket.",
        },
        "paths": _paths([_query_parameter(name, schema) for name, schema in query.items() if name not in NOT_FOR_PASSES]),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "If the server was started with --token."}},
        },
    }


def _codes() -> Json:
    """The schema of error codes, each with its meaning."""
    return {"type": "string", "oneOf": [{"const": code, "description": meaning} for code, meaning in CODES.items()]}


def _limits() -> dict[str, Json]:
    """Schemas of options whose checks go beyond their types."""
    styles = sorted(style_files())
    job_styles = sorted({**style_files(), **network_files()})
    null = {"type": "null"}
    return {
        "photo": _any(_pattern(_ID), null),
        "style": {"type": "array", "items": _any({"enum": styles}, _pattern(_ID)), "minItems": 1, "maxItems": MAX_STYLES},
        "styles": {"type": "array", "items": _any({"enum": job_styles}, _pattern(_ID)), "minItems": 1, "maxItems": MAX_STYLES},
        "mask": {"type": "array", "items": _mask(styles)},
        "masks": {"type": "array", "items": _mask(job_styles)},
        "start": _any({"enum": [*STARTS]}, _pattern(_ID), null),
        "recipe": _any({"enum": [*recipe_names()]}, null),
        "encoder": _any(_pattern("^[A-Za-z0-9_][A-Za-z0-9_-]*$"), null),
        "size": _any({"type": "integer", "minimum": 1, "maximum": MAX_SIDE_PX}, _pattern(_SIZE), null),
        "keep_colors": _any({"enum": [*KEEP_COLORS, *(f"{way}{BEFORE}" for way in KEEP_COLORS[1:])]}, null),
        "protect": _any({"enum": [*PROTECTED]}, {"type": "array", "items": {"enum": [*PROTECTED]}}, null),
    }


def _any(*schemas: Json) -> Json:
    return {"anyOf": list(schemas)}


def _pattern(pattern: str) -> Json:
    return {"type": "string", "pattern": pattern}


def _mask(styles: list[str]) -> Json:
    return _pattern(f"^(invert:)?[0-9a-f]{{64}}=({KEEP}|[0-9a-f]{{64}}|{'|'.join(styles)})$")


def _paths(options: list[Json]) -> Json:
    client = _header(
        "Stylenet-Client",
        "Any string that identifies the client. A new preview replaces an older waiting one of the same client, which then fails with 409.",
    )
    name = _header("Stylenet-Name", "File name of the picture; the first 100 characters are stored.")
    after = _header("Last-Event-ID", "Number of the last received event.", pattern="^[0-9]{1,15}$")
    picture = {"required": True, "content": {"application/octet-stream": {}, "image/*": {}}}
    job = {"required": True, "content": {"application/json": {"schema": _ref("JobRequest")}}}
    format = {"name": "format", "in": "query", "description": "Default: the format of the job.", "schema": {"enum": [*MEDIA_TYPES]}}
    picture_id, job_id = _path_id("SHA-256 of the picture.", 64), _path_id("Id of the job.", 20)
    info, job_info = _json(_ref("PictureInfo")), _json(_ref("JobInfo"))
    return {
        "/v1/pictures": {
            "put": _operation(
                "Upload a picture; Content-Length is required.", {"201": info, "200": info}, [name], picture, links=_PICTURE_LINKS
            ),
        },
        **{
            f"/v1/pictures/{{id}}/{what}.png": {
                "get": _operation(f"A mask of the {what} in a picture: white inside, black outside.", {"200": _image()}, [picture_id])
            }
            for what in PROTECTED
        },
        "/v1/preview/{id}.jpg": {
            "get": _operation(
                "A preview: one pass at a small size; can be cached forever.", {"200": _image()}, [picture_id, *options, client]
            ),
        },
        "/v1/stylize": {"post": _operation("One pass over the picture in the body.", {"200": _image()}, options, picture)},
        "/v1/jobs": {
            "get": _operation("The newest 100 jobs.", {"200": _list("jobs", "JobInfo")}),
            "post": _operation("Queue a painting.", {"202": job_info}, body=job, links=_JOB_LINKS),
        },
        "/v1/jobs/{id}": {
            "get": _operation("One job.", {"200": job_info}, [job_id]),
            "delete": _operation("Stop a job and keep the best picture so far.", {"202": job_info, "200": job_info}, [job_id]),
        },
        "/v1/jobs/{id}/events": {
            "get": _operation(
                "Events as they happen (server-sent events): those of the command line's --json, and queued, stopped and failed.",
                {"200": {"text/event-stream": {}}, "204": {}},
                [job_id, after],
            ),
        },
        "/v1/jobs/{id}/preview.jpg": {"get": _operation("The current picture.", {"200": _image()}, [job_id])},
        "/v1/jobs/{id}/result": {"get": _operation("The painting, with its receipt.", {"200": _image()}, [job_id, format])},
        "/v1/jobs/{id}/thumbnail.webp": {"get": _operation("The painting at a reduced size.", {"200": _image()}, [job_id])},
        "/v1/history": {"get": _operation("Stored results with their receipts.", {"200": _list("results", "HistoryItem")})},
        "/v1/history/{id}": {"delete": _operation("Delete a job that has ended, with its result.", {"204": {}}, [job_id])},
        "/v1/styles": {"get": _operation("Styles that can be used by name.", {"200": _list("styles", "StyleInfo")})},
        "/v1/recipes": {"get": _operation("Recipes.", {"200": _list("recipes", "RecipeInfo")})},
        "/healthz": {"get": _operation("The state of the server; needs no token.", {"200": _json(_ref("Health"))})},
        "/metrics": {"get": _operation("Metrics for Prometheus.", {"200": {"text/plain": {"schema": {"type": "string"}}}})},
    }


def _operation(
    summary: str,
    responses: dict[str, Json],
    parameters: list[Json] | None = None,
    body: Json | None = None,
    *,
    links: Json | None = None,
) -> Json:
    """An operation.

    Args:
        summary: One sentence.
        responses: Content of the successful responses, by status.
        parameters: Parameters in the path, the query and the headers.
        body: The request body.
        links: Links from the successful responses to other operations.
    """
    found: Json = {}
    for status, content in responses.items():
        parts = {"description": summary, "content": content, "links": links}
        found[status] = {name: value for name, value in parts.items() if value}
    found |= {status: {"description": text, "content": _json(_ref("ErrorBody"))} for status, text in _ERRORS.items()}
    operation: Json = {"summary": summary, "responses": found}
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = body
    return operation


def _query_parameter(name: str, schema: Json) -> Json:
    schema = dict(schema)
    help = schema.pop("description", "")
    return {"name": name, "in": "query", "required": name == "style", "description": help, "schema": schema}


def _header(name: str, help: str, **limits: Any) -> Json:
    return {"name": name, "in": "header", "description": help, "schema": {"type": "string", **limits}}


def _path_id(help: str, length: int) -> Json:
    schema = {"type": "string", "pattern": f"^[0-9a-f]{{{length}}}$"}
    return {"name": "id", "in": "path", "required": True, "description": help, "schema": schema}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _list(name: str, record: str) -> Json:
    items = {"type": "array", "items": _ref(record)}
    return _json({"type": "object", "properties": {name: items}, "required": [name]})


def _image() -> Json:
    return {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _remove_message_texts(schema: Any) -> None:
    """Remove texts that are only for error messages."""
    if isinstance(schema, dict):
        if isinstance(schema.get("allowed"), str):
            schema.pop("allowed")
        for inner in schema.values():
            _remove_message_texts(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _remove_message_texts(inner)
