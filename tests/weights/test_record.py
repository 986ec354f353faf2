"""Records of encoders in the metadata of files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from stylenet.catalog.encoders import COMPACT, VGG16, VGG19, EncoderRecord
from stylenet.errors import WeightsError
from stylenet.weights.record import record_from_json, record_to_json

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("record", [VGG16, VGG19, COMPACT], ids=lambda record: record.name)
def test_a_record_comes_back(record: EncoderRecord) -> None:
    assert record_from_json(json.loads(json.dumps(record_to_json(record)))) == record


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda values: values.update(future=1), "has 'future', which this version of stylenet does not support"),
        (lambda values: values.update(widths="many"), "the record in the file cannot be read"),
        (lambda values: values.pop("widths"), "the record in the file"),
        (lambda values: values["widths"].update(conv1_1=0), "gives conv1_1 a width of 0; expected one of its layers and 1 to 4096"),
        (lambda values: values["ranks"].update(conv9_9=5), "gives conv9_9 a width of 5"),
        (lambda values: values["widths"].pop("conv3_1"), "has layers conv1_1, conv1_2, .*; expected conv1_1, conv1_2"),
        (lambda values: values.update(widths={}), "expected conv1_1, conv1_2"),
        (lambda values: values.update(widths={"dense_1": 5}), "expected conv1_1, conv1_2"),
        (lambda values: values["preprocessing"].update(std=(1.0, 0.0, 1.0)), "has a standard deviation or scale that is not positive"),
        (lambda values: values["preprocessing"].update(scale=-1.0), "has a standard deviation or scale that is not positive"),
    ],
)
def test_records_that_cannot_be(change: Change, reason: str) -> None:
    values = json.loads(json.dumps(record_to_json(COMPACT)))
    change(values)
    with pytest.raises(WeightsError, match=reason):
        record_from_json(values)


def test_what_is_no_record() -> None:
    for values in (5, None, "compact"):
        with pytest.raises(WeightsError, match="the record in the file"):
            record_from_json(values)
