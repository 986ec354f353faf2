"""The memory that a painting may take."""

from __future__ import annotations

import psutil
import torch

from stylenet.engines.protocol import FREE_MEMORY_SHARE


def memory_limit(memory_bytes: int | None, resident: int, *, device: torch.device) -> int:
    """Bytes that the process may take: `memory_bytes`, else what it holds and most of what the device has free."""
    return memory_bytes if memory_bytes is not None else resident + int(FREE_MEMORY_SHARE * available_bytes(device))


def available_bytes(device: torch.device) -> int:
    """What is free on the device that paints."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def megabytes(count: float) -> int:
    """Rounded, for messages."""
    return round(count / 1e6)
