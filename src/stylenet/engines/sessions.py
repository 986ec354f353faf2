"""onnxruntime sessions that are created on first use and thread-safe."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Mapping
from typing import Any

from stylenet.engines.forks import reset_after_fork
from stylenet.engines.graph_files import BareGraph
from stylenet.errors import UsageError
from stylenet.networks.file_arrays import Array


class LazySession:
    """A graph with its weights. Thread-safe.

    The session is created at the first run, and again in a forked process, since threads do not survive a fork. A forked process must end
    with `os._exit`, as those of `multiprocessing` do: at a normal exit, onnxruntime would wait for the missing threads.

    Args:
        graph: Graph without weights.
        weights: Weights of the graph by name.
        threads: Number of threads per run; 0: one per core available to this process.
    """

    def __init__(self, graph: BareGraph, weights: Mapping[str, Array], *, threads: int = 0) -> None:
        self._graph, self._weights, self._threads = graph, dict(weights), threads or available_cores()
        self._lock = threading.Lock()
        self._session: tuple[Any, dict[bool, Any]] | None = None
        reset_after_fork(self)

    def open(self) -> None:
        """Create the session now if it does not exist yet.

        Raises:
            UsageError: onnxruntime is missing or cannot be loaded.
        """
        self._opened()

    def run(self, inputs: Mapping[str, Array], *, keep_memory: bool = True) -> list[Array]:
        """The outputs of the graph, in order.

        Args:
            inputs: Inputs by name.
            keep_memory: Whether to keep the allocated memory, which makes the next run faster.

        Raises:
            UsageError: onnxruntime is missing or cannot be loaded.
        """
        session, options = self._opened()
        return session.run(None, dict(inputs), options[keep_memory])

    def after_fork(self) -> None:
        """Leak the parent's session: closing it would wait for its threads, which do not exist in this process."""
        if self._session is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session[0]))
        self._lock, self._session = threading.Lock(), None

    def _opened(self) -> tuple[Any, dict[bool, Any]]:
        with self._lock:
            if self._session is None:
                self._session = _session(self._graph, self._weights, self._threads), _run_options()
            return self._session


def available_cores() -> int:
    """Number of cores available to this process."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def thread_count(threads: int | None = None) -> int:
    """Number of threads to use: as requested, but at most four per core, since more can freeze a machine; None: one per core."""
    cores = available_cores()
    return cores if threads is None else min(threads, 4 * cores)


def onnxruntime_version() -> str:
    """Version of onnxruntime, read from the module: reading the package metadata takes as long as reading a photo."""
    return str(_onnxruntime().__version__)


def _session(graph: BareGraph, weights: Mapping[str, Array], threads: int) -> Any:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Spinning threads take CPU time from other processes; here spinning gains nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Memory patterns are planned for each picture size and allocated as one block: for 8 megapixels, 1.7 times the memory.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
    options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(graph.data, options, providers=["CPUExecutionProvider"])


def _run_options() -> dict[bool, Any]:
    onnxruntime = _onnxruntime()
    options = {keep: onnxruntime.RunOptions() for keep in (False, True)}
    options[False].add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        # It is common that an installed onnxruntime cannot be imported: missing C++ runtime on Windows, build for another CPU.
        missing = isinstance(error, ModuleNotFoundError) and error.name == "onnxruntime"
        fix = "install it with: pip install onnxruntime" if missing else "reinstall it with: pip install --force-reinstall onnxruntime"
        reason = "it is not installed" if missing else f"it cannot be loaded ({error})"
        raise UsageError(f"painting without PyTorch needs the package onnxruntime, but {reason}; {fix}") from None
    return onnxruntime
