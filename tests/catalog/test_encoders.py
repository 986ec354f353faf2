"""Records of encoders."""

from __future__ import annotations

import pytest

from stylenet.catalog.encoders import COMPACT, VGG16, VGG19


def test_names_of_layers():
    assert VGG19.layers[:6] == ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1")
    assert len(VGG19.layers) == 37
    assert VGG16.layers[-1] == "pool5"
    assert len(VGG16.layers) == 31


def test_work_is_that_of_the_convolutions():
    """VGG-16 has 15.3 GFLOPs at 224 x 224 with its dense layers, which are 0.12 of them: He et al. 2016, table 1."""
    assert VGG16.multiply_adds("relu5_3") * 224**2 == pytest.approx(15.3e9, rel=0.02)
    assert COMPACT.multiply_adds("relu5_1") < 0.33 * VGG19.multiply_adds("relu5_1")


@pytest.mark.parametrize("record", [VGG16, VGG19, COMPACT], ids=lambda record: record.name)
def test_records_are_whole(record):
    assert set(record.ranks) <= set(record.widths) < set(record.layers)
    assert all(rank < record.widths[name] for name, rank in record.ranks.items())
