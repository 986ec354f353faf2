"""Headers and limits of all responses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Open, add_job, check_headers, ended, upload
from tests.server.fake_painter import SEEDS


def test_every_answer_carries_its_headers_and_no_traceback(open_server: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    server = open_server(upload_mb=1, queue=1)
    id = upload(server)
    job = add_job(server, id)
    ended(server, job)
    preview = f"/v1/preview/{id}.jpg?style=starry-night"
    etag = server.get(preview).headers["etag"]
    requests: list[tuple[int, str, str, dict[str, Any]]] = [
        (200, "GET", "/", {}),
        (200, "GET", "/main.js", {}),
        (200, "GET", "/shared/base.css", {}),
        (200, "HEAD", "/v1/jobs", {}),
        (200, "GET", f"/v1/jobs/{job}/events", {}),
        (200, "GET", f"/v1/jobs/{job}/result", {}),
        (200, "GET", f"/v1/jobs/{job}/result?format=jpg", {}),
        (200, "GET", f"/v1/jobs/{job}/thumbnail.webp", {}),
        (200, "GET", f"/v1/pictures/{id}/faces.png", {}),
        (200, "GET", preview, {}),
        (202, "POST", "/v1/jobs", {"json": {"photo": id, "styles": ["starry-night"]}}),
        (204, "GET", f"/v1/jobs/{job}/events", {"headers": {"last-event-id": "1000"}}),
        (303, "GET", "/?token=x", {"follow_redirects": False}),
        (304, "GET", preview, {"headers": {"if-none-match": etag}}),
        (400, "PUT", "/v1/pictures", {"content": b""}),
        (400, "GET", "/", {"headers": {"host": "evil.example"}}),
        (403, "GET", "/", {"headers": {"origin": "null"}}),
        (404, "GET", "/nothing", {}),
        (404, "GET", "/shared/nothing", {}),
        (404, "GET", "/v1/pictures/nothing/faces.png", {}),
        (404, "GET", "/v1/jobs/nothing", {}),
        (405, "DELETE", "/v1/stylize", {}),
        (405, "POST", "/shared/base.css", {}),
        (409, "DELETE", f"/v1/history/{add_job(server, id, seed=SEEDS['long'])}", {}),
        (411, "PUT", "/v1/pictures", {"content": iter([b"abc"])}),
        (413, "PUT", "/v1/pictures", {"content": b"x" * 1_100_000}),
        (415, "PUT", "/v1/pictures", {"content": b"<svg/>", "headers": {"content-type": "image/svg+xml"}}),
        (422, "POST", "/v1/jobs", {"json": {}}),
    ]
    for status, method, path, options in requests:
        answer = server.request(method, path, **options)
        assert answer.status_code == status, (method, path, answer.text)
        check_headers(answer.headers)
        assert "Traceback" not in answer.text
    monkeypatch.setattr("stylenet.server.info_endpoints.is_installed", lambda name: 1 / 0)
    answer = server.get("/healthz")
    assert (answer.status_code, answer.json()["error"]) == (500, "an unexpected error; the server's log has details")
    check_headers(answer.headers)
    assert "ZeroDivisionError" not in answer.text
