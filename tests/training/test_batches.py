"""Batches: reproducibility, and skipped files."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.errors import ImageError
from stylenet.training.batches import Pictures, item_rng, prefetch


def numbered(path: Path, rng: random.Random) -> NDArray[np.float32]:
    if "broken" in path.name:
        raise ImageError(f"cannot read '{path}'")
    return np.array([float(path.stem), rng.random()], np.float32)


def test_every_step_comes_once_and_in_order() -> None:
    for first, last in ((0, 1), (0, 25), (7, 31), (5, 5)):
        assert list(prefetch(lambda step: step, first, last)) == list(range(first, last))


def test_batches_are_made_in_other_threads_and_before_they_are_asked_for() -> None:
    made, enough = [], threading.Event()

    def make(step: int) -> threading.Thread:
        made.append(step)
        if len(made) >= 3:
            enough.set()
        return threading.current_thread()

    batches = prefetch(make, 0, 1000)
    assert next(batches) is not threading.current_thread()
    assert enough.wait(5)
    batches.close()
    assert len(made) < 100


def test_errors_come_where_the_batch_is_due() -> None:
    def make(step: int) -> int:
        if step == 2:
            raise ImageError("no")
        return step

    batches = prefetch(make, 0, 5)
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(ImageError, match="no"):
        next(batches)


def test_broken_files_are_skipped_and_reported_once() -> None:
    pictures = Pictures([Path("broken-a"), Path("1"), Path("broken-b"), Path("2"), Path("3")])
    drawn = [float(pictures.draw(item_rng(0, step, 0), numbered)[0]) for step in range(200)]
    assert set(drawn) == {1.0, 2.0, 3.0}
    assert sorted(pictures.notices()) == ["skipped: cannot read 'broken-a'", "skipped: cannot read 'broken-b'"]


def test_one_whole_file_among_many_broken_ones_is_found() -> None:
    pictures = Pictures([*(Path(f"broken-{index}") for index in range(99)), Path("1")])
    assert all(float(pictures.draw(item_rng(0, step, 0), numbered)[0]) == 1.0 for step in range(20))


def test_no_whole_file_is_an_error_that_names_one() -> None:
    with pytest.raises(ImageError, match=r"none of the training photos can be read; the first error is: cannot read 'broken'"):
        Pictures([Path("broken")]).draw(random.Random(0), numbered)
    with pytest.raises(ImageError, match="there are no training photos; give at least one"):
        Pictures([])


def test_an_item_depends_on_seed_step_and_place() -> None:
    draws = {item_rng(seed, step, place).random() for seed in (0, 1) for step in (0, 1) for place in (0, 1)}
    assert len(draws) == 8
    assert item_rng(3, 4, 5).random() == item_rng(3, 4, 5).random()


def test_spread_takes_no_file_twice() -> None:
    paths = [Path(str(index)) for index in range(10)]
    assert Pictures(paths).spread(4) == [paths[0], paths[2], paths[5], paths[7]]
    assert Pictures(paths[:2]).spread(4) == paths[:2]
