"""Notices with codes."""

from __future__ import annotations

import copy
import pickle

from stylenet.notices import CodedNotice, code_of, prefixed

NOTICE = CodedNotice("3 pages: the first is used", "several-pages", pages=3)


def test_a_notice_is_its_line() -> None:
    assert f"note: {NOTICE}" == "note: 3 pages: the first is used"
    assert NOTICE == "3 pages: the first is used"
    assert not CodedNotice("")


def test_copies_keep_the_code_and_the_values() -> None:
    for same in (pickle.loads(pickle.dumps(NOTICE)), copy.deepcopy(NOTICE)):  # noqa: S301 - its own bytes
        assert (same, code_of(same)) == (NOTICE, {"code": "several-pages", "values": {"pages": 3}})
    assert code_of("a line") == {"code": "", "values": {}}


def test_the_name_of_a_file_is_put_in_front() -> None:
    named, plain = prefixed("a.tif", (NOTICE, "a line"))
    assert (named, code_of(named)) == ("a.tif: 3 pages: the first is used", code_of(NOTICE))
    assert (plain, code_of(plain)) == ("a.tif: a line", code_of("a line"))
