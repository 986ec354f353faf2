"""The fastest dtype depends on the hardware."""

from __future__ import annotations

import pytest
import torch

from stylenet.encoders import precision
from stylenet.encoders.precision import bfloat16_units, fastest_dtype


@pytest.mark.parametrize(("units", "expected"), [((), torch.float32), (("AMX",), torch.bfloat16), (("AVX512-bf16",), torch.bfloat16)])
def test_of_processors(units: tuple[str, ...], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "bfloat16_units", lambda: units)
    assert fastest_dtype(torch.device("cpu")) == expected
    assert fastest_dtype(torch.device("mps")) == torch.float32


@pytest.mark.parametrize(("supported", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_of_gpus(supported: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """Emulated bfloat16 is slower than float32."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *, including_emulation: supported or including_emulation)
    assert fastest_dtype(torch.device("cuda")) == expected


def test_units_are_those_that_torch_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    for amx, avx, expected in ((False, False, ()), (True, False, ("AMX",)), (True, True, ("AMX", "AVX512-bf16"))):
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda amx=amx: amx, raising=False)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda avx=avx: avx, raising=False)
        assert bfloat16_units.__wrapped__() == expected
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert bfloat16_units.__wrapped__() == ()
