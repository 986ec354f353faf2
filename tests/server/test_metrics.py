"""Metrics in the text format of Prometheus."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from tests.server.conftest import add_job, ended, upload


def test_health_and_metrics(server: TestClient) -> None:
    assert server.get("/healthz").json()["status"] == "ok"
    ended(server, add_job(server, upload(server)))
    text = server.get("/metrics").text
    assert 'stylenet_jobs{state="finished"} 1' in text
    for line in text.splitlines():
        assert re.fullmatch(r'(# (HELP|TYPE) stylenet_\w+ .+)|(stylenet_\w+(\{\w+="[\w-]+"\})? [0-9.e+]+)', line), line
