"""Progress of one-pass paintings with tiles."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
import torch

from stylenet.catalog.networks import JohnsonRecord
from stylenet.engines.progress import with_progress
from stylenet.events import Done, Event, Progress
from stylenet.image.files import Picture
from stylenet.networks.johnson import JohnsonNet
from stylenet.networks.progress import PartDone
from stylenet.painting.stylizer import Stylizer, open_stylizer
from stylenet.requests.painting import Options


def by_parts(stylizer: Stylizer, photo: Picture, tile_px: int, monkeypatch: pytest.MonkeyPatch, **more: object) -> Sequence[Event]:
    plan = stylizer.plan

    def planned(*arguments: object, **options: object) -> object:
        from dataclasses import replace

        return replace(plan(*arguments, **options), tile_px=tile_px)  # type: ignore[arg-type]

    monkeypatch.setattr(stylizer, "plan", planned)
    return list(stylizer.stylize(photo, "starry-night", Options(size=640), **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])  # onnxruntime, torch
def test_parts_are_reported(photo: Picture, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stylizer = open_stylizer("instant", device="cpu", precision=precision)
    events = by_parts(stylizer, photo, 200_000, monkeypatch)
    told = [event for event in events if isinstance(event, Progress)]
    shares = [event.share for event in told]
    assert len(told) >= 3
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0, abs=1e-6)
    assert told[0].seconds_left is None
    assert told[-1].seconds_left == pytest.approx(0.0, abs=1e-3)
    assert isinstance(events[-1], Done)
    assert events[-1].reason == "finished"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_stops_between_parts(photo: Picture, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stylizer = open_stylizer("instant", device="cpu", precision=precision)
    *_, last = by_parts(stylizer, photo, 200_000, monkeypatch, should_stop=lambda: True)
    assert isinstance(last, Done)
    assert (last.reason, last.steps) == ("interrupted", 0)


def test_all_passes_sum_to_one() -> None:
    network = JohnsonNet(JohnsonRecord(width=4, blocks=1)).eval()
    shares: list[float] = []
    with torch.inference_mode():
        whole = network(torch.rand(1, 3, 120, 100, generator=torch.Generator().manual_seed(0)))
        tiled = network(torch.rand(1, 3, 120, 100, generator=torch.Generator().manual_seed(0)), max_px=80 * 80, done=shares.append)
    assert torch.allclose(whole, tiled, atol=1e-4)
    assert sum(shares) == pytest.approx(1.0)
    assert all(share > 0 for share in shares)


def test_the_time_left_follows_the_last_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("stylenet.engines.progress.time.perf_counter", lambda: now)

    def work(done: PartDone) -> str:
        nonlocal now
        now += 30  # sessions, styles
        for _ in range(20):
            now += 1
            done(0.05)
        return "painted"

    told: list[Progress] = []

    def consume() -> Iterator[Progress]:
        assert (yield from with_progress(work, should_stop=lambda: False)) == "painted"

    told.extend(consume())
    assert told[0].seconds_left is None
    for number, event in enumerate(told[1:], 2):
        assert event.seconds_left == pytest.approx(20 - number)


def test_errors_arrive_and_what_is_abandoned_ends() -> None:
    def fails(done: PartDone) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(with_progress(fails, should_stop=lambda: False))

    def endless(done: PartDone) -> None:
        while True:
            done(0.001)

    steps = with_progress(endless, should_stop=lambda: False)
    next(steps)
    steps.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "stylenet-pass"]
