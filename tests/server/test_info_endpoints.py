"""What does not change: styles, recipes, the description of the interface, health and metrics."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from stylenet.catalog.recipes import recipe_names
from stylenet.catalog.styles import list_styles
from stylenet.requests.painting import PaintRequest
from tests.server.conftest import add_job, ended, upload


def test_styles_and_recipes(shared: TestClient) -> None:
    styles = shared.get("/v1/styles").json()["styles"]
    assert [style["name"] for style in styles] == [card.name for card in list_styles()]
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for style in styles for color, _ in style["colors"])
    recipes = shared.get("/v1/recipes").json()["recipes"]
    assert [recipe["name"] for recipe in recipes] == list(recipe_names())


def test_the_description_is_that_of_the_records(shared: TestClient) -> None:
    api = shared.get("/openapi.json").json()
    fields = api["components"]["schemas"]["JobRequest"]["properties"]
    assert set(fields) == {*PaintRequest.__struct_fields__, "format", "quality"} - {"threads", "memory", "save_every"}
    assert (fields["strength"]["minimum"], fields["strength"]["maximum"], fields["strength"]["default"]) == (0, 100, 50.0)
    assert "balance" in fields["strength"]["description"]
    assert _references(api) <= {f"#/components/schemas/{name}" for name in api["components"]["schemas"]}
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            names = set(re.findall(r"\{(\w+)\}", path))
            assert names == {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            answer = shared.request(method, re.sub(r"\{\w+\}", "none", path))
            assert str(answer.status_code) in operation["responses"], (method, path, answer.status_code)


def test_the_page_of_the_description_loads_nothing_from_elsewhere(shared: TestClient) -> None:
    page = shared.get("/docs").text
    assert "<script" not in page
    assert "://" not in page
    assert "<code>PUT /v1/pictures</code>" in page
    assert shared.get("/docs.css").headers["content-type"].startswith("text/css")


def test_health_and_metrics(server: TestClient) -> None:
    assert server.get("/healthz").json()["status"] == "ok"
    ended(server, add_job(server, upload(server)))
    text = server.get("/metrics").text
    assert 'stylenet_jobs{state="finished"} 1' in text
    for line in text.splitlines():
        assert re.fullmatch(r'(# (HELP|TYPE) stylenet_\w+ .+)|(stylenet_\w+(\{\w+="[\w-]+"\})? [0-9.e+]+)', line), line


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value["$ref"]} if "$ref" in value else set().union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()
