"""Exit codes, stable codes and suggestions of the exceptions."""

from __future__ import annotations

import inspect
import re

import pytest

from stylenet import errors
from stylenet.errors import DownloadError, ShapeError, StylenetError, UsageError, WeightsError, did_you_mean, did_you_mean_file

CLASSES = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, StylenetError)]
LINE = re.compile(r"── (\w+) .*exit code (\d+)$")


def test_the_tree_in_the_docstring_is_that_of_the_classes() -> None:
    written = {found[1]: int(found[2]) for line in (errors.__doc__ or "").splitlines() if (found := LINE.search(line))}
    assert written == {one.__name__: one.exit_code for one in CLASSES if one is not StylenetError}


def test_every_kind_of_error_has_codes_of_its_own() -> None:
    kinds = [one for one in CLASSES if one not in (ShapeError, DownloadError)]
    assert len({one.exit_code for one in kinds}) == len({one.code for one in kinds}) == len(kinds)
    assert (DownloadError.exit_code, DownloadError.code) == (WeightsError.exit_code, WeightsError.code)


def test_an_error_has_a_message_a_code_and_the_values_in_it() -> None:
    plain = UsageError("size is 7; allowed are 8 to 9")
    assert (str(plain), plain.code, plain.values) == ("size is 7; allowed are 8 to 9", "invalid-value", {})
    error = UsageError("size is 7", code="size", given=7)
    assert (str(error), error.code, error.values) == ("size is 7", "size", {"given": 7})
    assert UsageError.code == "invalid-value"
    assert issubclass(ShapeError, ValueError)


@pytest.mark.parametrize(
    ("word", "told"), [("relu5_2", ". Did you mean 'relu5_1'?"), ("content", ". Did you mean 'contents'?"), ("xyz", ""), ("", "")]
)
def test_suggestions_are_near(word: str, told: str) -> None:
    assert did_you_mean(word, ("relu5_1", "contents")) == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Potho.png", ". Did you mean 'photo.jpg'?"),
        ("a.jpg", ""),
        ("photo", ". Did you mean 'photo.jpg'?"),
        ("img_1.png", ". Did you mean 'IMG_1.JPG'?"),
    ],
)
def test_suggestions_of_files_ignore_the_suffix(name: str, told: str) -> None:
    assert did_you_mean_file(name, ("photo.jpg", "painting.jpg", "IMG_1.JPG")) == told
