"""Weights in 8 bits, in the current and the earlier form."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.errors import WeightsError
from stylenet.storage.eight_bits import dequantize, quantize


def kernel(*shape: int) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return values * np.logspace(-3, 3, shape[0], dtype=np.float32).reshape(-1, *(1,) * (len(shape) - 1))


@pytest.mark.parametrize("shape", [(6, 5, 3, 3), (4, 7), (3,)], ids=str)
def test_every_value_is_within_half_a_step(shape: tuple[int, ...]) -> None:
    values = kernel(*shape)
    stored = quantize(values, "a")
    assert {name: (array.dtype.name, array.shape) for name, array in stored.items()} == {
        "a": ("int8", shape),
        "a|scale": ("float32", shape[:1]),
    }
    assert np.abs(stored["a"].astype(int)).max() == 127
    again = dequantize(stored)
    assert set(again) == {"a"}
    assert again["a"].dtype == np.float32
    step = np.abs(values).reshape(len(values), -1).max(1) / 127
    assert (np.abs(again["a"] - values).reshape(len(values), -1) <= 0.501 * step[:, None]).all()


def test_a_channel_of_zeros() -> None:
    assert not dequantize(quantize(np.zeros((2, 3), np.float32), "a"))["a"].any()


def test_what_is_not_in_8_bits_stays() -> None:
    given: dict[str, np.ndarray] = {"a": np.arange(3.0), "a_scale": np.ones(3, np.float16), "count": np.array(3)}
    assert dequantize(given).keys() == given.keys()
    assert all(array is given[name] for name, array in dequantize(given).items())


def test_files_of_earlier_versions() -> None:
    stored: dict[str, np.ndarray] = {
        "a": np.full((2, 3, 1, 1), 100, np.int8),
        "a_scale": np.array([0.5, 2], np.float32).reshape(2, 1, 1, 1),
    }
    again = dequantize(stored)
    assert set(again) == {"a"}
    assert again["a"][:, 0, 0, 0].tolist() == [50, 200]
    # Of two that could be meant, today's; the other one is a tensor of its own.
    both = dequantize({"a": np.ones((2, 3), np.int8), "a|scale": np.ones(2, np.float32), "a_scale": np.full(2, 7, np.float32)})
    assert set(both) == {"a", "a_scale"}
    assert both["a"].tolist() == np.ones((2, 3)).tolist()


@pytest.mark.parametrize(
    "scale",
    [None, np.ones(3, np.float32), np.ones((1, 2), np.float32), np.ones(2, np.int64), np.ones((), np.float32)],
    ids=["none", "too many", "another shape", "whole numbers", "one for all"],
)
def test_scales_that_do_not_fit(scale: np.ndarray | None) -> None:
    stored = {"a.weight": np.ones((2, 3, 1, 1), np.int8)} | ({} if scale is None else {"a.weight_scale": scale})
    with pytest.raises(WeightsError, match=r"a\.weight is stored in 8 bits without a scale for each of its 2 channels"):
        dequantize(stored)
    with pytest.raises(WeightsError, match="each of its 0 channels"):
        dequantize({"a": np.array(3, np.int8)})


def test_arrays_are_stored_in_c_order() -> None:
    """Kernels in torch's channels_last format are not in C order, and safetensors writes memory unchanged."""
    values = np.asfortranarray(kernel(6, 5, 3, 3))
    stored = quantize(values, "a")
    assert all(array.flags.c_contiguous for array in stored.values())
    assert np.array_equal(stored["a"], quantize(np.ascontiguousarray(values), "a")["a"])
