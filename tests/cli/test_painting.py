"""Running a painting: output, interruption and resuming."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from stylenet.cli.progress import PaintingDisplay
from tests.cli.conftest import INPUTS, PROGRAM, QUICK, Run, files_in, start_painting


def test_quiet_says_nothing(run: Run) -> None:
    ended = run("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--quiet", *QUICK)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_json_is_events_one_a_line(run: Run) -> None:
    ended = run("stylize", "photo.png", "painting.jpg", "-o", "out.jpg", "--json", "--save-every", "2", *QUICK)
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert events[0]["event"] == "started"
    assert [event["step"] for event in events if event["event"] == "step"] == [1, 2, 3]
    assert {"event": "saved", "path": "out-0002.jpg"} in events
    assert (events[-1]["event"], events[-1]["output"], events[-1]["reason"]) == ("done", "out.jpg", "finished")
    assert events[-1]["receipt"]["seed"] == 0


def test_dry_run_tells_the_plan_and_paints_nothing(run: Run, folder: Path) -> None:
    words = ("stylize", "photo.png", "painting.jpg", "--dry-run", "--timelapse", "making.gif", *QUICK)
    told = run(*words).out
    assert "48 x 38 (3 steps)" in told
    assert "photo-painting.png" in told
    plan = json.loads(run(*words, "--json").out)
    assert (plan["event"], plan["plan"]["size"], plan["steps"]) == ("plan", [48, 38], 3)
    assert files_in(folder) == INPUTS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_the_picture(folder: Path, number: signal.Signals) -> None:
    process = start_painting(folder)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert json.loads(out.splitlines()[-1])["reason"] == "interrupted"
    with PIL.Image.open(folder / "out.png") as picture:
        picture.load()
    assert files_in(folder) == INPUTS | {"out.png", "out.png.resume"}


def resumable(name: str, *, resume: bool = True) -> list[str]:
    words = ["stylize", "photo.png", "painting.jpg", "-o", name, "--size", "64", "--threads", "1", "--quiet", "--precision", "float32"]
    return [*words, "--checkpoint-every", "0", "--set", "pyramid.steps=[30]", *(["--resume"] if resume else [])]


def test_an_interrupted_painting_goes_on_to_the_same_bytes(run: Run, folder: Path) -> None:
    shallow = QUICK[-4:]
    assert run(*resumable("whole.png", resume=False), *shallow).code == 0
    words = [*PROGRAM, *resumable("out.png", resume=False), *shallow, "--json"]
    process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while '"step": 3' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert (folder / "out.png.resume").exists()
    assert run(*resumable("out.png"), *shallow).code == 0
    assert not (folder / "out.png.resume").exists()
    assert (folder / "out.png").read_bytes() == (folder / "whole.png").read_bytes()


def test_a_painting_of_other_options_is_not_resumed(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []

    def interrupted_once(self: PaintingDisplay, event: object) -> None:
        if not sent:
            os.kill(os.getpid(), signal.SIGINT)
        sent.append(event)

    with monkeypatch.context() as patched:
        patched.setattr(PaintingDisplay, "advanced", interrupted_once)
        assert run("stylize", "photo.png", "painting.jpg", "-o", "out.png", *QUICK).code == 130
    ended = run("stylize", "photo.png", "painting.jpg", "-o", "out.png", "--resume", "--seed", "5", *QUICK)
    assert ended.code == 9
    assert "is from another painting" in ended.error
    assert "seed" in ended.error


@pytest.mark.slow
def test_a_hundred_kills_at_random_moments(folder: Path) -> None:
    """After SIGKILL at any time, the next run writes the same bytes as an undisturbed one."""
    subprocess.run([*PROGRAM, *resumable("whole.png", resume=False)], cwd=folder, check=True)
    expected = (folder / "whole.png").read_bytes()
    begun = time.perf_counter()
    subprocess.run([*PROGRAM, *resumable("timed.png", resume=False)], cwd=folder, check=True)
    duration = time.perf_counter() - begun
    moments = random.Random(0)
    for number in range(100):
        name = f"out-{number}.png"
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run([*PROGRAM, *resumable(name)], cwd=folder, check=True, timeout=moments.uniform(0.3, 1.1) * duration)
        subprocess.run([*PROGRAM, *resumable(name)], cwd=folder, check=True)
        assert (folder / name).read_bytes() == expected, f"after kill {number}"
        assert not (folder / f"{name}.resume").exists()


def test_an_interruption_before_the_first_step_writes_nothing(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stylenet.workflows import painting

    load = painting._load_photo

    def interrupted(*given: Any) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return load(*given)

    monkeypatch.setattr(painting, "_load_photo", interrupted)
    ended = run("stylize", "photo.png", "painting.jpg", *QUICK)
    assert (ended.code, ended.error) == (130, "interrupted; nothing was written")
    assert files_in(folder) == INPUTS


def test_a_second_interruption_ends_at_once(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(self: PaintingDisplay, event: object) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(PaintingDisplay, "advanced", twice)
    ended = run("stylize", "photo.png", "painting.jpg", *QUICK)
    assert (ended.code, ended.error) == (130, "interrupted; nothing was written")
    assert files_in(folder) == INPUTS
