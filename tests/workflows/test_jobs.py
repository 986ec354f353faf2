"""Jobs: whether a worker has their files, and the keys of its stylizers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from stylenet.workflows.jobs import Job, has_source, key_of


def test_a_source_is_there_if_its_bytes_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"the photo")
    job = Job(source=Path("photo.png"), path=path, sha256=hashlib.sha256(b"the photo").hexdigest())
    assert has_source(job)
    path.write_bytes(b"another one")
    assert not has_source(job)
    path.unlink()
    assert not has_source(job)
    path.mkdir()
    assert not has_source(job)
    assert not has_source(Job(source=Path("x"), path=Path("x" * 300), sha256=""))


def test_keys_depend_on_values_and_not_on_their_order() -> None:
    values: dict[str, Any] = {"strength": 50.0, "styles": ["a", "b"], "output": Path("out")}
    assert key_of(values) == key_of(dict(reversed(values.items())))
    assert len(key_of(values)) == 64
    changed = [{**values, "strength": 51.0}, {**values, "styles": ["b", "a"]}, {**values, "output": Path("in")}, {"strength": 50.0}]
    assert len({key_of(each) for each in (values, *changed)}) == 5
