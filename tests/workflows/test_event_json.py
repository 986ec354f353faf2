"""Events as JSON values."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import MappingProxyType

import numpy as np

from stylenet.events import Done, Notice, Preview, Saved, Started
from stylenet.notices import CodedNotice
from stylenet.workflows.event_json import event_name, event_values, plain

IMAGE = np.zeros((1, 3, 6, 8), np.float32)


def test_pictures_are_their_sizes() -> None:
    preview = Preview(image=IMAGE, step=3, scheduled=True)
    assert event_values(preview) == {"event": "preview", "step": 3, "size_px": [8, 6], "scheduled": True}
    done = event_values(Done(image=IMAGE, steps=3, seconds=1.5, loss=2.0, reason="finished", receipt={"seed": 0}), output=Path("a.png"))
    assert done == {
        "event": "done",
        "output": "a.png",
        "steps": 3,
        "seconds": 1.5,
        "loss": 2.0,
        "reason": "finished",
        "receipt": {"seed": 0},
    }


def test_the_name_comes_first_and_additions_before_the_event() -> None:
    assert list(event_values(Notice(message="careful"), step=1, of=2)) == ["event", "step", "of", "message"]
    assert event_name(Saved(path=Path("a.png"))) == "saved"
    assert event_name(Started(plan={}, steps=0)) == "started"


def test_notices_have_their_codes_and_values() -> None:
    animated = CodedNotice("animated: the first of 12 frames is used", "animated", frames=12)
    assert event_values(Notice(message=animated)) == {
        "event": "notice",
        "message": str(animated),
        "code": "animated",
        "values": {"frames": 12},
    }
    started = event_values(Started(plan={}, steps=4, notices=(animated, "careful")))
    assert started["notices"] == [str(animated), "careful"]
    assert started["notice_codes"] == [{"code": "animated", "values": {"frames": 12}}, {"code": "", "values": {}}]
    assert type(started["notices"][0]) is str


def test_every_value_is_one_that_json_has() -> None:
    values = MappingProxyType({1: (Path("a/b.png"), [math.inf, -math.inf, math.nan, 0.5]), "nested": {"x": (True, None, 7)}})
    made = plain(values)
    assert made == {"1": ["a/b.png", [None, None, None, 0.5]], "nested": {"x": [True, None, 7]}}
    assert json.loads(json.dumps(made, allow_nan=False)) == made
