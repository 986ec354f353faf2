"""Checks of requests: every option, and rejection of file names."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import NO_PICTURE


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "no style is given"),
        ("style=stary-night", "style is 'stary-night'"),
        ("style=/etc/passwd", "style is '/etc/passwd'"),
        ("style=http://evil.example/a.jpg", "style is 'http://evil.example/a.jpg'"),
        ("style=starry-night&strength=101", "strength is 101"),
        ("style=starry-night&strength=nan", "strength is 'nan'"),
        ("style=starry-night&strength=a", "strength is 'a'"),
        ("style=starry-night&strength=1&strength=2", "strength is given twice"),
        ("style=starry-night&style_scale=0", "style-scale is 0"),
        ("style=starry-night&size=2000", "size is 2000"),
        ("style=starry-night&size=full", "size is full"),
        ("style=starry-night&size=0", "size is 0"),
        ("style=starry-night&seed=-1", "seed is -1"),
        ("style=starry-night&seed=1.5", "seed is '1.5'"),
        ("style=starry-night&output=/tmp/x", "there is no option 'output'"),
        ("style=starry-night&memory=1GB", "memory is not supported by a single pass"),
        ("style=starry-night&strength=1_0", "strength is '1_0'"),
        ("style=starry-night&paper=A4", "size 384 and paper A4 are both given"),
        ("style=starry-night&mask=mask.png=photo", "the mask is 'mask.png=photo'"),
        (f"style=starry-night&mask={NO_PICTURE}", f"the mask is '{NO_PICTURE}'"),
        (f"style=starry-night&mask={NO_PICTURE}=/etc/passwd", "style is '/etc/passwd'"),
        ("style=starry-night&palette=/etc/passwd", "palette is '/etc/passwd'"),
        ("style=starry-night&keep_colors=all", "keep-colors is 'all'"),
        ("style=starry-night&blend=1,2", "blend has 2 shares for 1 style"),
        ("style=starry-night&format=svg", "format is 'svg'"),
        ("style=starry-night&quality=0", "quality is 0"),
    ],
)
def test_a_query_is_checked(shared: TestClient, query: str, error: str) -> None:
    answer = shared.get(f"/v1/preview/{NO_PICTURE}.jpg?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(error)


_BAD_JOBS: list[tuple[dict[str, Any], str]] = [
    ({}, "no style is given"),
    ({"styles": []}, "no style is given"),
    ({"styles": ["starry-night"], "photo": "/etc/passwd"}, "photo is '/etc/passwd'"),
    ({"styles": ["starry-night"], "photo": "http://evil.example/x.jpg"}, "photo is 'http://evil.example/x.jpg'"),
    ({"styles": ["starry-night"], "protect": "faces"}, "protect is 'faces', which needs a photo, and a texture has none"),
    ({"styles": ["./x.png"]}, "style is './x.png'"),
    ({"styles": ["starry-night"], "output": "x.png"}, "'output' is not a field of a painting"),
    ({"styles": ["starry-night"], "preview": "x.png"}, "'preview' is not a field of a painting"),
    ({"styles": ["starry-night"], "encoder": "../w.pth"}, "encoder is '../w.pth'"),
    ({"styles": ["starry-night"], "encoder": "/w.safetensors"}, "encoder is '/w.safetensors'"),
    ({"styles": ["starry-night"], "recipe": "x.toml"}, "recipe is 'x.toml'"),
    ({"styles": ["starry-night"], "recipe": "standrd"}, "recipe is 'standrd'"),
    ({"styles": ["starry-night"], "changes": {"style.wait": "1"}}, "recipe 'standard': no parameter is called 'style.wait'"),
    ({"styles": ["starry-night"], "changes": {"network.name": "../x"}}, "network.name is '../x'"),
    ({"styles": ["starry-night"], "start": "/x.png"}, "start is '/x.png'"),
    ({"styles": ["starry-night"], "masks": ["/x.png=photo"]}, "the mask is '/x.png=photo'"),
    ({"styles": ["starry-night"], "masks": [f"{NO_PICTURE}=/x.png"]}, "style is '/x.png'"),
    ({"styles": ["starry-night"], "palette": "/x.png"}, "palette is '/x.png'"),
    ({"styles": ["starry-night"], "threads": 4}, "threads is set by the server"),
    ({"styles": ["starry-night"], "memory": "1GB"}, "memory is set by the server"),
    ({"styles": ["starry-night"], "save_every": 1}, "save_every is set by the server"),
    ({"styles": ["starry-night"], "size": 100_000}, "size is 100000"),
    ({"styles": ["starry-night"], "size": "99999x99999"}, "size is 99999x99999"),
    ({"styles": ["starry-night"], "strength": "50"}, "strength is '50'"),
    ({"styles": "starry-night"}, "styles is 'starry-night'"),
    ({"styles": ["starry-night"] * 17}, "17 styles are given"),
    ({"styles": ["starry-night"], "format": "gif"}, "format is 'gif'"),
]


@pytest.mark.parametrize(("body", "error"), _BAD_JOBS)
def test_a_job_is_checked(shared: TestClient, body: dict[str, Any], error: str) -> None:
    answer = shared.post("/v1/jobs", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(error)
