"""Single passes: superseded requests, and lost processes."""

from __future__ import annotations

import threading
import time

import pytest
from starlette.testclient import TestClient

from stylenet.server.passes import PreviewCache
from tests.server.conftest import upload
from tests.server.fake_painter import SEEDS


def test_only_the_latest_preview_of_a_client_counts(server: TestClient) -> None:
    id = upload(server)
    answers: dict[int, int] = {}

    def ask(strength: int) -> None:
        address = f"/v1/preview/{id}.jpg?style=starry-night&seed={SEEDS['long']}&strength={strength}"
        answers[strength] = server.get(address, headers={"stylenet-client": "slider"}).status_code

    threads = [threading.Thread(target=ask, args=(strength,)) for strength in range(6)]
    for thread in threads:
        thread.start()
        time.sleep(0.03)
    for thread in threads:
        thread.join()
    assert sorted(answers.values()) == [200, 200, 409, 409, 409, 409]
    assert answers[5] == 200  # of those that waited the last one is left
    assert "stylenet_superseded_total 4" in server.get("/metrics").text


def test_a_process_that_ends_under_a_preview_takes_nothing_with_it(server: TestClient) -> None:
    id = upload(server)
    answer = server.get(f"/v1/preview/{id}.jpg?style=starry-night&seed={SEEDS['dies always']}")
    assert (answer.status_code, answer.json()["error"]) == (422, "the painting process ended (signal 9)")
    assert server.get(f"/v1/preview/{id}.jpg?style=starry-night").status_code == 200


def test_previews_are_found_again_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stylenet.server.passes._CACHE_BYTES", 10)
    cache = PreviewCache()
    for key in "abc":
        cache.put(key, key.encode() * 3)
    assert cache.get("a") == b"aaa"
    cache.put("d", b"ddd")  # takes the place of b, which was used least recently
    assert [cache.get(key) for key in "abcd"] == [b"aaa", None, b"ccc", b"ddd"]
    assert cache.hits == 4
    cache.put("a", b"a")
    cache.put("e", b"eee")
    assert [cache.get(key) for key in "acde"] == [b"a", b"ccc", b"ddd", b"eee"], "a value that is replaced takes no space"
    cache.put("large", b"x" * 11)
    assert cache.get("large") is None
