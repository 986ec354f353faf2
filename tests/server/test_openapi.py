"""The description of the interface for programs."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from stylenet.requests.painting import PaintRequest


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


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value["$ref"]} if "$ref" in value else set().union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()
