"""Display of the events of a painting."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from stylenet.cli import printers, progress
from stylenet.events import Done, Notice, Preview, Started, Step

PLAN = {
    "recipe": "standard", "encoder": "compact", "size": [8, 6], "levels": [{"size": [8, 6], "steps": 4}],
    "strength": 50.0, "style_scale": 1.0, "seed": 0, "device": "cpu", "precision": "float32", "threads": 2,
}  # fmt: skip
STARTED = Started(plan=PLAN, steps=4, notices=("painting smaller",))
PIXELS = np.zeros((1, 3, 6, 8), np.float32)


def step(number: int, loss: float = 2.0) -> Step:
    return Step(step=number, steps=4, level=0, size_px=(8, 6), loss=loss, terms={"style": loss}, seconds=number * 0.5, seconds_left=90.0)


def done(reason: str = "finished") -> Done:
    return Done(image=PIXELS, steps=4, seconds=2.0, loss=math.nan, reason=reason, receipt={"path": Path("a")})


def test_plain_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printers, "LINE_SECONDS", 0.0)
    with printers.LinePrinter() as printer:
        display = progress.PaintingDisplay(printer)
        display.started(STARTED)
        for event in (step(1), step(2), Notice(message="a step was undone"), Preview(image=PIXELS, step=2)):
            display.advanced(event)
        display.saved(Path("a-0002.png"))
        display.done(done(), Path("a.png"), steps=4)
    assert capsys.readouterr().out.splitlines() == [
        "note: painting smaller",
        "painting 8 x 6, recipe standard, 4 steps (cpu, float32, 2 threads)",
        "step 1 of 4, loss 2, 2.0 steps/s, 1:30 left",
        "step 2 of 4, loss 2, 2.0 steps/s, 1:30 left",
        "note: a step was undone",
        "saved a-0002.png",
        "a.png  (8 x 6, 4 steps in 2.0 s)",
    ]


def test_json_has_no_pixels_and_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    with printers.JsonPrinter() as printer:
        display = progress.PaintingDisplay(printer)
        display.started(STARTED)
        for event in (step(1, math.inf), Notice(message="careful"), Preview(image=PIXELS, step=1, scheduled=True)):
            display.advanced(event)
        display.done(done(), Path("a.png"), steps=4)
    started, moved, notice, preview, ended = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (started["event"], started["plan"]) == ("started", PLAN)
    assert (moved["event"], moved["loss"], moved["size_px"]) == ("step", None, [8, 6])
    assert notice == {"event": "notice", "message": "careful"}
    assert preview == {"event": "preview", "step": 1, "size_px": [8, 6], "scheduled": True}
    assert (ended["output"], ended["loss"], "image" in ended) == ("a.png", None, False)


def test_an_interruption_is_said() -> None:
    told = progress.end_line(done("interrupted"), Path("a.png"), steps=9)
    assert told == "interrupted at step 4 of 9; the best picture so far is kept; continue with --resume: a.png  (8 x 6, 4 steps in 2.0 s)"


def test_speed_is_that_of_the_last_steps_in_seconds_for_slow_ones() -> None:
    speed = progress.Speed()
    for number in range(1, 100):
        speed.add(step(number))
    assert speed.text == "2.0 steps/s"
    slow = progress.Speed()
    slow.add(Step(step=1, steps=4, level=0, size_px=(8, 6), loss=1.0, terms={}, seconds=4.0, seconds_left=12.0))
    assert slow.text == "4.0 s/step"
