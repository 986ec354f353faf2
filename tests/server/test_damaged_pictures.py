"""Damaged uploads: the response is a picture or an error message, and all processes survive."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from tests.server.conftest import ERROR_FIELDS, Running, ask
from tests.server.damaged_pictures import damaged_pictures, sound_pictures

QUERY = "style=starry-night&size=32"


def test_damaged_pictures_are_answered_in_words(start: Callable[..., Running]) -> None:
    url = start("--threads", "1").url
    sound = sound_pictures()["png"]
    before = ask(f"{url}/v1/stylize?{QUERY}", "POST", sound)
    assert before[0] == 200
    statuses = []
    for number, (name, data) in enumerate(damaged_pictures(60, seed=1)):
        if number % 2:
            answers = [ask(f"{url}/v1/stylize?{QUERY}", "POST", data)]
        else:
            answers = [ask(f"{url}/v1/pictures", "PUT", data)]
            if answers[0][0] == 201:
                answers.append(ask(f"{url}/v1/preview/{hashlib.sha256(data).hexdigest()}.jpg?{QUERY}"))
        for status, body in answers:
            assert status in (200, 201, 413, 415, 422), (name, status, body)
            if status >= 400:
                assert set(json.loads(body)) == ERROR_FIELDS, name
                assert b"Traceback" not in body, name
        statuses += [status for status, _ in answers]
    assert {200, 201, 415, 422} <= set(statuses)  # the files are neither all sound nor all hopeless
    metrics = ask(f"{url}/metrics")[1].decode()
    assert 'stylenet_lost_processes_total{process="previews"} 0' in metrics
    assert 'stylenet_lost_processes_total{process="passes"} 0' in metrics
    assert ask(f"{url}/v1/stylize?{QUERY}", "POST", sound) == before
