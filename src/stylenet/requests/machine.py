"""Hardware options."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from stylenet.requests.base import option

MAX_THREADS = 1024

Device: TypeAlias = Annotated[str, option("auto, cpu, cuda or mps.")]

Precision: TypeAlias = Annotated[str, option("Precision of the features: auto, float32 or bfloat16.")]

Threads: TypeAlias = Annotated[
    Annotated[int, Meta(ge=1, le=MAX_THREADS)] | None, option("Number of CPU threads.", allowed=f"1 to {MAX_THREADS}")
]
