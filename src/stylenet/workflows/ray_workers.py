"""Workers on a Ray cluster; the only module that imports Ray."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
from msgspec import structs

from stylenet.engines.sessions import available_cores
from stylenet.errors import StylenetError, UsageError
from stylenet.extras import require
from stylenet.requests.workers import WorkerOptions
from stylenet.workflows.jobs import Job, OpenPainter, Painter, Result
from stylenet.workflows.request_files import NamedFiles, read_named_files, with_local_files
from stylenet.workflows.workers import Ended, Message, Ready, Worker

THIS_MACHINE = "auto"
"""Instead of an address: the cluster running on this machine, or one started for the command."""

_THREADS = 2
"""Default number of threads per worker."""

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # otherwise Ray prints its messages among the results
}

_CONNECT_SECONDS = 5.0
_END_SECONDS = 5.0
_CLEAN_UP_SECONDS = 1.0
_OBJECT_STORE_BYTES = 256 * 2**20
"""Size of the object store of a cluster started by this process, which holds only a few pictures at a time."""


class _Actor:
    """A Ray actor that paints; `RayWorkers.start` wraps it with `ray.remote`."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir(), f"stylenet-{secrets.token_hex(6)}")  # created only if a file is missing
        self._painter: Painter | None = None

    def open(self, request: WorkerOptions, open_painter: OpenPainter, named: NamedFiles) -> Ready | StylenetError:
        """Open the engine and the styles."""
        try:
            self._painter = open_painter(with_local_files(request, named, self._folder), given=request)
        except StylenetError as error:
            return error
        return Ready(keys=self._painter.keys)

    def paint(self, job: Job) -> Result | StylenetError:
        """Paint a job."""
        if self._painter is None:
            raise RuntimeError("call `open` before `paint`")
        return self._painter.paint(job, should_stop=lambda: False)

    def clean_up(self) -> None:
        """Delete the copied files."""
        self._painter = None  # the painter deletes its copy of a clip
        shutil.rmtree(self._folder, ignore_errors=True)


class _RayWorker:
    def __init__(self, workers: RayWorkers, actor: Any) -> None:
        self._workers, self.actor = workers, actor

    def paint(self, job: Job) -> None:
        self._workers.expect(self.actor.paint.remote(job), self)


class RayWorkers:
    """Actors on the machines of a cluster.

    A worker reads the source of a job from its path if the same file exists there; otherwise it receives the bytes. Results are sent back
    and written by this process, so that nothing is written twice.

    Args:
        request: The request, with its recipe resolved; `ray` is the address of the cluster.
        open_painter: Opens the painter in each actor.
        most: Maximum number of workers.

    Raises:
        UsageError: Ray is not installed, the cluster does not respond, or none of its machines has enough free resources for a worker.
    """

    def __init__(self, request: WorkerOptions, open_painter: OpenPainter, *, most: int) -> None:
        os.environ.update(_SETTINGS)  # Ray reads them when it is imported
        self._ray = require("ray", "--ray")
        self._request, self._open_painter = request, open_painter
        self._cleanup = contextlib.ExitStack()
        self._unrelated: set[psutil.Process] | None = None  # child processes that do not belong to a cluster started here
        self._pending: dict[Any, _RayWorker] = {}
        self._actors: list[Any] = []
        try:
            self._connect(str(request.ray))
            self.count = min(most, self._capacity())
            self._named = self._ray.put(read_named_files(request))
        except BaseException:
            self.close()
            raise

    def start(self) -> Worker:
        """Request an actor; it starts as soon as the cluster has free resources."""
        resources = {"num_gpus": 1} if self._request.device.startswith("cuda") else {}
        actor_class = self._ray.remote(_Actor).options(
            num_cpus=self._request.threads, scheduling_strategy="SPREAD", max_restarts=0, **resources
        )
        worker = _RayWorker(self, actor_class.remote())
        self._actors.append(worker.actor)
        self.expect(worker.actor.open.remote(self._request, self._open_painter, self._named), worker)
        return worker

    def expect(self, reference: Any, worker: _RayWorker) -> None:
        """Register a pending call, whose result becomes a message of `worker`."""
        self._pending[reference] = worker

    def messages(self, seconds: float) -> Iterator[tuple[Worker, Message]]:
        """Results of finished calls."""
        ready, _ = self._ray.wait(list(self._pending), timeout=seconds)
        for reference in ready:
            worker = self._pending.pop(reference)
            yield worker, self._message(reference, worker)

    def close(self) -> None:
        """Disconnect from the cluster, which ends the actors; stop the cluster if it was started here."""
        with self._cleanup, _sigterm_handler_kept():
            if self._actors:
                calls = [actor.clean_up.remote() for actor in self._actors]
                self._ray.wait(calls, num_returns=len(calls), timeout=_CLEAN_UP_SECONDS)
            started = set() if self._unrelated is None else _descendants() - self._unrelated
            self._ray.shutdown()
            _, alive = psutil.wait_procs(started, timeout=_END_SECONDS)
            for process in alive:  # some of Ray's processes take a while to exit
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def _message(self, reference: Any, worker: _RayWorker) -> Message:
        try:
            message = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            # The actor may be alive but unreachable: kill it, and ignore its messages.
            self._ray.kill(worker.actor)
            self._actors.remove(worker.actor)
            if "No module named 'stylenet" in str(error):
                raise StylenetError("StyleNet is missing on a machine of the cluster; install the same version on all of them") from None
            return Ended(reason=type(error).__name__)
        if isinstance(message, StylenetError):
            raise message
        return message

    def _connect(self, address: str) -> None:
        options = {"log_to_driver": False, "logging_level": logging.CRITICAL, "namespace": "stylenet"}
        if address != THIS_MACHINE:
            _check_reachable(address)
        failure = (
            f"cannot join the Ray cluster '{address}'",
            "run this on a machine of the cluster, with the same versions of Ray and Python",
        )
        with _sigterm_handler_kept(), _errors_explained(*failure):
            try:
                self._ray.init(address=address, **options)
            except ConnectionError as error:
                if address != THIS_MACHINE or "multiple" in str(error):
                    raise
                self._start_cluster(options)
        logging.getLogger("ray").setLevel(logging.CRITICAL)  # dead workers are reported through messages

    def _start_cluster(self, options: Mapping[str, Any]) -> None:
        """Start a cluster on this machine that requires a token, because its ports are open to the network."""
        folder = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="stylenet-ray-", ignore_cleanup_errors=True))
        self._unrelated = _descendants()
        with _errors_explained("cannot start Ray on this machine", "use --workers, or try again when the machine is less busy"):
            self._ray.init(
                address="local",
                num_cpus=available_cores(),
                object_store_memory=_OBJECT_STORE_BYTES,
                include_dashboard=False,
                _temp_dir=folder,
                **options,
            )

    def _capacity(self) -> int:
        """Number of workers that the cluster has room for, up to the requested number."""
        machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        cores = [int(machine.get("CPU", 0)) for machine in machines]
        threads = self._request.threads or max(1, min(_THREADS, max(cores, default=0)))
        self._request = structs.replace(self._request, threads=threads)
        count = sum(number // threads for number in cores)
        if self._request.device.startswith("cuda"):
            count = min(count, sum(int(machine.get("GPU", 0)) for machine in machines))
        if not count:
            needed = f"{threads} cores" + (" and a GPU" if self._request.device.startswith("cuda") else "")
            raise UsageError(
                f"no machine of the Ray cluster has {needed} (largest: {max(cores, default=0)} cores); give a smaller --threads"
            )
        return min(count, self._request.workers or count)


def _check_reachable(address: str) -> None:
    """Raise `UsageError` unless the address accepts connections; Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in address:
        raise UsageError(f"--ray is '{address}'; allowed are HOST:PORT of a cluster that this machine belongs to, and {THIS_MACHINE}")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"no Ray cluster answers at '{address}': {reason}; start one with: ray start --head") from None


@contextlib.contextmanager
def _errors_explained(failure: str, advice: str) -> Iterator[None]:
    """Convert errors to a one-line message that states what failed and what to do."""
    try:
        yield
    except StylenetError:
        raise
    except SystemExit:  # SIGTERM, which Ray handles while it starts
        raise StylenetError(f"{failure}: interrupted") from None
    except Exception as error:
        raise UsageError(f"{failure}: {' '.join(str(error).split())[:300]}; {advice}") from None


def _descendants() -> set[psutil.Process]:
    """The child processes of this process, and their children."""
    return set(psutil.Process().children(recursive=True))


@contextlib.contextmanager
def _sigterm_handler_kept() -> Iterator[None]:
    """Restore the SIGTERM handler at the end, because Ray replaces it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
