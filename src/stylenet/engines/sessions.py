"""onnxruntime's sessions: made when they are needed, once, and safe to share."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Mapping
from typing import Any

from stylenet.engines.forks import watch
from stylenet.engines.graph_files import BareGraph
from stylenet.errors import UsageError
from stylenet.networks.file_arrays import Array


class LazySession:
    """A graph with its weights, ready to run from any thread.

    The session is made at the first run, and again in a process that was forked: threads do not survive a fork. Such a process must end as
    those of `multiprocessing` do, by `os._exit`: at a plain exit onnxruntime itself waits for the threads that are gone.

    Args:
        graph: Without weights.
        weights: What it wants.
        threads: That one run may take; 0: as many as this process has cores.
    """

    def __init__(self, graph: BareGraph, weights: Mapping[str, Array], *, threads: int = 0) -> None:
        self._graph, self._weights, self._threads = graph, dict(weights), threads or available_cores()
        self._lock = threading.Lock()
        self._session: tuple[Any, dict[bool, Any]] | None = None
        watch(self)

    def open(self) -> None:
        """Make the session now, where that has not been done.

        Raises:
            UsageError: onnxruntime is missing, or cannot be loaded.
        """
        self._opened()

    def run(self, inputs: Mapping[str, Array], *, keep_memory: bool = True) -> list[Array]:
        """What the graph gives, in the order of its outputs.

        Args:
            inputs: By name.
            keep_memory: Whether the memory that this took is kept for the next run, which then is faster.

        Raises:
            UsageError: onnxruntime is missing, or cannot be loaded.
        """
        session, options = self._opened()
        return session.run(None, dict(inputs), options[keep_memory])

    def after_fork(self) -> None:
        """Forget the parent's session, and leave it where it is: to close one waits for its threads, which are not in this process."""
        if self._session is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session[0]))
        self._lock, self._session = threading.Lock(), None

    def _opened(self) -> tuple[Any, dict[bool, Any]]:
        with self._lock:
            if self._session is None:
                self._session = _session(self._graph, self._weights, self._threads), _run_options()
            return self._session


def available_cores() -> int:
    """Cores that this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def onnxruntime_version() -> str:
    """Of onnxruntime itself: to ask the package's metadata takes as long as to read the photo."""
    return str(_onnxruntime().__version__)


def _session(graph: BareGraph, weights: Mapping[str, Array], threads: int) -> Any:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait for work turning in circles take it from whoever shares the machine; here it gains nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The pattern of a run is laid out anew for each size of picture, and in one block: of 8 megapixels it took 1.7 times the memory.
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
        # Installed and yet not importable is common: a missing C++ runtime on Windows, another machine's build.
        missing = isinstance(error, ModuleNotFoundError) and error.name == "onnxruntime"
        cure = "install it with: pip install onnxruntime" if missing else "install it again with: pip install --force-reinstall onnxruntime"
        reason = "it is not installed" if missing else f"it cannot be loaded ({error})"
        raise UsageError(f"painting without PyTorch needs the package onnxruntime, and {reason}; {cure}") from None
    return onnxruntime
