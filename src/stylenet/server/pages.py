"""Addresses of what does not change: styles, recipes, the description, and pages for people."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response

import stylenet
from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_summaries
from stylenet.catalog.styles import list_styles
from stylenet.extras import is_installed
from stylenet.server.encoding import encoded
from stylenet.server.guard import COOKIE
from stylenet.server.openapi import description
from stylenet.server.records import Health, RecipeInfo, RecipeList, StyleInfo, StyleList
from stylenet.server.store import QUEUED, RUNNING

SITE = Path(__file__).parents[1] / "studio" / "site"
"""Files of the page at `/`."""

SHARED = Path(__file__).parents[1] / "page" / "site" / "shared"
"""Files that it shares with the page that needs no server, at `/shared`."""

_STYLES_SECONDS = 5

_CSS = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
code { font-family: ui-monospace, monospace; }
h2 { border-top: 1px solid; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
"""


async def styles(request: Request) -> Response:
    """All styles."""
    return encoded(_styles(int(time.monotonic()) // _STYLES_SECONDS))


async def recipes(request: Request) -> Response:
    """All recipes."""
    return encoded(_recipes())


async def openapi(request: Request) -> Response:
    """The description for programs."""
    return encoded(description(), headers={"cache-control": "no-cache"})


async def docs(request: Request) -> Response:
    """The description for people: a plain page."""
    return HTMLResponse(_docs())


async def docs_css(request: Request) -> Response:
    """How that page looks."""
    return Response(_CSS, media_type="text/css")


async def home(request: Request) -> Response:
    """The studio, or the description where its files are missing. `?token=`, which the guard has checked, becomes a cookie."""
    if "token" in request.query_params:
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(COOKIE, request.query_params["token"], httponly=True, samesite="strict")
        return answer
    page = SITE / "index.html"
    return FileResponse(page) if page.is_file() else RedirectResponse("/docs", status_code=303)


async def health(request: Request) -> Response:
    """Whether the server works."""
    store = request.app.state.parts.store
    return encoded(
        Health(
            status="ok",
            version=stylenet.__version__,
            torch=is_installed("torch"),
            jobs_waiting=store.count_jobs(QUEUED),
            jobs_running=store.count_jobs(RUNNING),
        )
    )


async def metrics(request: Request) -> Response:
    """Counts for Prometheus."""
    return PlainTextResponse(request.app.state.parts.metrics.text(), media_type="text/plain; version=0.0.4")


@functools.lru_cache(maxsize=1)
def _styles(tick: int) -> StyleList:
    """All styles; read anew every few seconds, since a person may add some."""
    names = StyleInfo.__struct_fields__
    return StyleList(styles=tuple(StyleInfo(**{name: getattr(card, name) for name in names}) for card in list_styles()))


@functools.cache
def _recipes() -> RecipeList:
    torch = is_installed("torch")
    return RecipeList(
        recipes=tuple(
            RecipeInfo(name=name, summary=summary, everyday=name in EVERYDAY, works_here=torch or load_recipe(name).method == "network")
            for name, summary in recipe_summaries().items()
        )
    )


@functools.cache
def _docs() -> str:
    told = description()
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        "<title>StyleNet: the interface</title><link rel='stylesheet' href='/docs.css'></head><body>",
        f"<h1>StyleNet {escape(stylenet.__version__)}: the interface</h1><p>{escape(told['info']['description'])}</p>",
        "<p>For programs: <a href='/openapi.json'>/openapi.json</a></p>",
    ]
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>")
            parts += _table((one["name"], one.get("description", ""), one["schema"]) for one in operation.get("parameters", ()))
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                fields = told["components"]["schemas"]["JobRequest"]["properties"]
                parts += _table((name, field.get("description", ""), field) for name, field in fields.items())
    return "\n".join([*parts, "</body></html>"])


def _table(rows: Iterator[tuple[str, str, dict[str, Any]]] | Any) -> Iterator[str]:
    lines = [
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(help)}</td><td>{escape(str(schema.get('default', '')))}</td></tr>"
        for name, help, schema in rows
    ]
    if lines:
        yield "<table><thead><tr><th>name</th><th>meaning</th><th>default</th></tr></thead><tbody>"
        yield from lines
        yield "</tbody></table>"
