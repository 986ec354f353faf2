"""Batches: mirrored folders, broken files, killed runs, and lost processes."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError, OutputError, RecipeError, StyleError, UsageError, WeightsError
from stylenet.image.metadata import read_receipt
from stylenet.requests.batch import BatchRequest
from stylenet.workflows.batch import REPORT, Finished, paint_batch
from tests.workflows.batches import request_of


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "sub" / "deep").mkdir(parents=True)
    for index, name in enumerate(("a.jpg", "sub/b.png", "sub/deep/c.webp", ".hidden.png")):
        pixels = np.random.default_rng(index).integers(0, 255, (36, 44, 3), dtype=np.uint8)
        PIL.Image.fromarray(pixels).save(folder / name)
    (folder / "notes.txt").write_text("not a picture")
    return folder


def run(request: BatchRequest, **more: Any) -> list[Finished]:
    return [event for event in paint_batch(request, **more) if isinstance(event, Finished)]


def states(finished: list[Finished]) -> dict[str, str]:
    return {one.pair.photo.name: one.state for one in finished}


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_folders_are_mirrored_and_results_are_the_checkpoint(photos: Path) -> None:
    request, out = request_of(photos.parent), photos.parent / "out"
    assert states(run(request)) == {"a.jpg": "painted", "b.png": "painted", "c.webp": "painted"}
    assert files(out) == {"a.png", "sub/b.png", "sub/deep/c.png", REPORT}
    lines = [json.loads(line) for line in (out / REPORT).read_text().splitlines()]
    assert [line["state"] for line in lines] == ["painted"] * 3
    assert all(line["seconds"] > 0 and line["reason"] == "" for line in lines)
    assert set(states(run(request)).values()) == {"there"}
    # Another photo under the same name, and only that one, is painted again; so is everything for another request.
    (photos / "a.jpg").write_bytes((photos / "sub" / "b.png").read_bytes())
    assert states(run(request)) == {"a.jpg": "painted", "b.png": "there", "c.webp": "there"}
    assert set(states(run(request_of(photos.parent, strength=70.0))).values()) == {"painted"}
    receipt = read_receipt(out / "a.png")
    assert receipt is not None
    assert (receipt["strength"], receipt["photo"]) == (70.0, "a.jpg")


def test_styles_are_crossed_and_the_format_is_chosen(photos: Path) -> None:
    request = request_of(photos.parent, styles=("starry-night", "the-scream"), format="jpg", quality=80)
    assert [one.state for one in run(request)] == ["painted"] * 6
    assert files(photos.parent / "out") == {f"{style}/{name}.jpg" for style in request.styles for name in ("a", "sub/b", "sub/deep/c")} | {
        REPORT
    }


def test_broken_files_are_listed_and_do_not_stop_it(photos: Path) -> None:
    good = (photos / "sub" / "b.png").read_bytes()
    broken = {
        "empty.png": b"",
        "text.jpg": b"hello, this is text\n" * 20,
        "truncated.png": good[:200],
        "headless.png": good[8:],
        "zeros.png": bytes(2000),
        "zip.jpg": b"PK\x03\x04" + bytes(300),
        "svg.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "huge.ppm": b"P6 100000 100000 255\n" + bytes(100),
        "pdf.tif": b"%PDF-1.7\n" + bytes(300),
        "short.gif": b"GIF89a",
    }
    for name, data in broken.items():
        (photos / name).write_bytes(data)
    (photos / "dangling.png").symlink_to(photos / "nowhere.png")
    os.mkfifo(photos / "pipe.png")
    finished = run(request_of(photos.parent))
    failed = {one.pair.photo.name: one.reason for one in finished if one.state == "failed"}
    assert set(failed) == {*broken, "dangling.png", "pipe.png"}
    assert all(reason and "unexpected" not in reason and "\n" not in reason for reason in failed.values()), failed
    assert sum(one.state == "painted" for one in finished) == 3
    report = [json.loads(line) for line in (photos.parent / "out" / REPORT).read_text().splitlines()]
    assert {Path(line["photo"]).name for line in report if line["reason"]} == set(failed)


def test_what_is_refused_before_the_start(photos: Path) -> None:
    out = photos.parent / "out"
    with pytest.raises(UsageError, match="inside the folder of photos"):
        run(request_of(photos.parent, output=str(photos / "sub" / "out")))
    with pytest.raises(UsageError, match="inside the folder of photos"):
        run(request_of(photos.parent, output=str(photos)))
    (photos / "A.PNG").write_bytes((photos / "sub" / "b.png").read_bytes())
    with pytest.raises(UsageError, match="would both be written to"):
        run(request_of(photos.parent))
    (photos / "A.PNG").unlink()
    with pytest.raises(UsageError, match="would both be written to"):
        run(request_of(photos.parent, styles=("starry-night", "starry-night")))
    with pytest.raises(ImageError, match="no file or folder 'nowhere'"):
        run(request_of(photos.parent, photos=("nowhere",)))
    with pytest.raises(StyleError, match="stary-night"):
        run(request_of(photos.parent, styles=("stary-night",)))
    with pytest.raises(RecipeError):
        run(request_of(photos.parent, recipe="instnat"))
    with pytest.raises(UsageError, match="also an input"):
        run(request_of(photos.parent, photos=(str(photos / "sub" / "b.png"),), output=str(photos / "sub")))
    with pytest.raises(UsageError, match="--blend"):
        request_of(photos.parent, blend=(1.0,))
    assert not out.exists()


def test_a_mistake_keeps_the_report_of_an_earlier_batch(photos: Path) -> None:
    report = photos.parent / "out" / REPORT
    report.parent.mkdir()
    report.write_text("earlier\n")
    for more in ({"styles": ("stary-night",)}, {"recipe": "trained", "styles": ("fuchun-mountains",)}):
        with pytest.raises(StyleError, match=str(more["styles"][0])):
            run(request_of(photos.parent, **more))
    assert report.read_text() == "earlier\n"


def test_a_file_of_somebody_else_is_not_replaced(photos: Path) -> None:
    out = photos.parent / "out"
    out.mkdir()
    PIL.Image.new("RGB", (8, 8)).save(out / "a.png")
    before = (out / "a.png").read_bytes()
    finished = run(request_of(photos.parent))
    assert states(finished) == {"a.jpg": "failed", "b.png": "painted", "c.webp": "painted"}
    assert (out / "a.png").read_bytes() == before


def test_several_words_keep_the_names_of_their_folders(photos: Path) -> None:
    finished = run(request_of(photos.parent, photos=(str(photos / "sub"), str(photos / "a.jpg"))))
    assert [one.state for one in finished] == ["painted"] * 3
    assert files(photos.parent / "out") == {"sub/b.png", "sub/deep/c.png", "a.png", REPORT}


def test_the_end_is_asked_for(photos: Path) -> None:
    out = photos.parent / "out"
    finished = run(request_of(photos.parent), should_stop=(out / "a.png").exists)
    assert [one.state for one in finished] == ["painted", "left", "left"]
    assert "left" not in states(run(request_of(photos.parent))).values()


def test_a_dead_process_loses_nothing(photos: Path) -> None:
    for index in range(8):
        PIL.Image.fromarray(np.random.default_rng(index).integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(photos / f"p{index}.png")
    seen: list[Finished] = []
    for event in paint_batch(request_of(photos.parent, workers=2)):
        if isinstance(event, Finished):
            seen.append(event)
            if len(seen) == 2:
                victim = multiprocessing.active_children()[0]
                assert victim.pid is not None
                os.kill(victim.pid, signal.SIGKILL)
    assert len({one.pair.photo for one in seen}) == len(seen) == 11
    assert {one.state for one in seen} <= {"painted", "there"}
    assert len(files(photos.parent / "out")) == 12
    assert not multiprocessing.active_children()


def test_errors_of_the_request_come_out_of_the_processes(photos: Path) -> None:
    with pytest.raises(WeightsError, match="there is no included network 'nowhere'"):
        run(request_of(photos.parent, changes={"network.name": "nowhere"}, workers=2))


def test_two_batches_do_not_write_into_one_folder_at_once(photos: Path) -> None:
    first = paint_batch(request_of(photos.parent))
    next(first)
    next(first)  # a picture is painted: the first batch is at work
    with pytest.raises(OutputError, match="another batch"):
        run(request_of(photos.parent))
    assert [one.state for one in first if isinstance(one, Finished)] == ["painted"] * 2
    assert set(states(run(request_of(photos.parent))).values()) == {"there"}


def test_a_full_disk_ends_the_batch(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = photos.parent / "out"
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).name == "b.png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        run(request_of(photos.parent))
    assert files(out) == {"a.png", REPORT}  # nothing half written, no lock
    monkeypatch.undo()
    assert states(run(request_of(photos.parent))) == {"a.jpg": "there", "b.png": "painted", "c.webp": "painted"}


def test_a_folder_that_takes_no_files(photos: Path) -> None:
    (photos.parent / "out" / REPORT).mkdir(parents=True)
    with pytest.raises(OutputError, match=r"report\.jsonl"):
        run(request_of(photos.parent))


def test_a_killed_run_is_continued(photos: Path) -> None:
    out = photos.parent / "out"
    for index in range(12):
        PIL.Image.fromarray(np.random.default_rng(index).integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(photos / f"p{index:02}.png")
    words = ["batch", str(photos), "starry-night", "-o", str(out), "--recipe", "instant", "--threads", "1", "--quiet"]
    process = subprocess.Popen([sys.executable, "-m", "stylenet", *words])
    while process.poll() is None and not (out / "p01.png").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png") if not path.name.startswith(".")}
    assert before
    finished = run(request_of(photos.parent))
    assert {one.state for one in finished} == {"painted", "there"}
    assert sum(one.state == "there" for one in finished) == len(before)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(out.rglob("[!.]*.png"))) == 15
