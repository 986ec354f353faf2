"""The API description as a plain HTML page."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import stylenet
from stylenet.server.error_codes import NOTICES
from stylenet.server.openapi import description

CSS = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
code { font-family: ui-monospace, monospace; }
h2 { border-top: 1px solid; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
"""


@functools.cache
def docs_html() -> str:
    """The page; it loads `/docs.css` and nothing else."""
    api = description()
    return "\n".join(
        [
            "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
            "<title>StyleNet API</title><link rel='stylesheet' href='/docs.css'></head><body>",
            f"<h1>StyleNet {escape(stylenet.__version__)} API</h1><p>{escape(api['info']['description'])}</p>",
            "<p>For programs: <a href='/openapi.json'>/openapi.json</a></p>",
            *_operations(api),
            *_codes(api),
            "</body></html>",
        ]
    )


def _operations(api: dict[str, Any]) -> Iterator[str]:
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
            parameters = operation.get("parameters", ())
            yield from _table((each["name"], each.get("description", ""), each["schema"]) for each in parameters)
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                fields = api["components"]["schemas"]["JobRequest"]["properties"]
                yield from _table((name, field.get("description", ""), field) for name, field in fields.items())


def _codes(api: dict[str, Any]) -> Iterator[str]:
    yield "<h2>Error codes</h2>"
    codes = api["components"]["schemas"]["ErrorBody"]["properties"]["code"]["oneOf"]
    yield from _table((each["const"], each["description"], {}) for each in codes)
    yield "<h2>Notice codes</h2>"
    yield from _table((code, meaning, {}) for code, meaning in NOTICES.items())


def _table(rows: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[str]:
    lines = [
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(help)}</td><td>{escape(str(schema.get('default', '')))}</td></tr>"
        for name, help, schema in rows
    ]
    if lines:
        yield "<table><thead><tr><th>name</th><th>meaning</th><th>default</th></tr></thead><tbody>"
        yield from lines
        yield "</tbody></table>"
