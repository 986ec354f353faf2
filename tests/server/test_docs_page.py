"""The page that describes the API."""

from __future__ import annotations

from starlette.testclient import TestClient


def test_the_page_of_the_description_loads_nothing_from_elsewhere(shared: TestClient) -> None:
    page = shared.get("/docs").text
    assert "<script" not in page
    assert "://" not in page
    assert "<code>PUT /v1/pictures</code>" in page
    assert shared.get("/docs.css").headers["content-type"].startswith("text/css")
