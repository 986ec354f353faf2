"""Memory limits."""

from __future__ import annotations

import psutil
import torch

from stylenet.engines.protocol import FREE_MEMORY_SHARE


def memory_limit(memory_bytes: int | None, resident: int, *, device: torch.device) -> int:
    """Memory limit of the process in bytes: `memory_bytes`, or its resident memory plus most of the device's free memory."""
    return memory_bytes if memory_bytes is not None else resident + int(FREE_MEMORY_SHARE * available_bytes(device))


def available_bytes(device: torch.device) -> int:
    """Free memory of the device in bytes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def megabytes(count: float) -> int:
    """Megabytes, rounded, for messages."""
    return round(count / 1e6)
