"""Painting processes, which are started on demand, monitored, and replaced when they use too much memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stylenet.errors import StylenetError

PAINTER = (sys.executable, "-m", "stylenet.server.worker")
"""The command that starts a painting process."""

_HARD_FACTOR = 1.5
"""A process that exceeds its memory limit by this factor is killed immediately."""

_LONGEST_LINE = 2**24

_EXIT_SECONDS = 2.0
"""Maximum time to wait for the exit code of a process that has closed its pipe."""

Event = Mapping[str, Any]


class Result(NamedTuple):
    """The result of a call, and the bytes sent with it."""

    values: Mapping[str, Any]
    data: bytes


class WorkerLostError(Exception):
    """The process ended, hung or used too much memory during a call.

    Args:
        message: What happened.
        code: One of `error_codes.CODES`.
    """

    def __init__(self, message: str, *, code: str = "process-lost") -> None:
        super().__init__(message)
        self.code = code


class WorkerError(StylenetError):
    """The process reports an error.

    Args:
        message: Message for the user.
        kind: Name of the error's class in the process, or "unexpected".
        code: One of `error_codes.CODES`.
        values: Values that appear in the message.
    """

    def __init__(self, message: str, kind: str, *, code: str, **values: Any) -> None:
        super().__init__(message, code=code, **values)
        self.is_unexpected = kind == "unexpected"
        self.is_unusable_picture = kind == "ImageError"


class Worker:
    """A process that handles one call at a time.

    Args:
        folder: Its working directory, which is empty so that relative paths name no files.
        memory_bytes: The process is replaced if it uses more memory after a call.
        silent_seconds: The process is killed if it sends nothing for this time.
        command: The command that starts it.

    Attributes:
        started: Number of processes started.
        memory_bytes_now: Resident memory, as last reported.
    """

    def __init__(self, folder: Path, *, memory_bytes: int, silent_seconds: float, command: Sequence[str] = PAINTER) -> None:
        self._command = tuple(command)
        self._folder, self._memory_bytes, self._silent_seconds = folder, memory_bytes, silent_seconds
        self._process: asyncio.subprocess.Process | None = None
        self.started = 0
        self.memory_bytes_now = 0

    async def call(
        self, name: str, *, seconds: float, data: bytes = b"", on_event: Callable[[Event], None] = lambda event: None, **values: Any
    ) -> Result:
        """Make a call and return its result.

        Args:
            name: "inspect", "pass", "frame", "find_mask", "convert", "thumbnail" or "paint".
            seconds: Time limit, after which the process is killed.
            data: Bytes to send with the call.
            on_event: Called with each event before the result.
            values: Arguments, as JSON values.

        Raises:
            WorkerError: the process reports an error.
            WorkerLostError: the process was lost.
        """
        process = await self._ready_process()
        try:
            _send(process, {"call": name, **values}, data)
            return await self._result(process, time.monotonic() + seconds, on_event)
        except WorkerError:
            raise
        except (ConnectionError, asyncio.IncompleteReadError, ValueError) as error:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EXIT_SECONDS):
                    await process.wait()
            await self.kill()
            raise WorkerLostError(f"the painting process ended ({_exit_reason(process)})") from error
        except BaseException:  # otherwise, its messages would be mistaken for those of the next call
            await self.kill()
            raise

    def stop(self) -> None:
        """Ask the process to stop painting and keep the best picture so far."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ConnectionError):
                _send(self._process, {"call": "stop"})

    async def kill(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                _kill(process)
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def _ready_process(self) -> asyncio.subprocess.Process:
        process = self._process
        if process is not None and process.returncode is None and self.memory_bytes_now <= self._memory_bytes:
            return process
        await self.kill()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path and Path(path).is_absolute())},
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C reaches only the server, which ends its processes
        )
        self.started += 1
        self.memory_bytes_now = 0
        return self._process

    async def _result(self, process: asyncio.subprocess.Process, deadline: float, on_event: Callable[[Event], None]) -> Result:
        while True:
            message, data = await self._next_message(process, deadline)
            match message["kind"]:
                case "heartbeat":
                    self.memory_bytes_now = message["memory_bytes"]
                    self._check_memory()
                case "event":
                    on_event(message["event"])
                case "error":
                    raise WorkerError(message["message"], message["error"], code=message["code"], **message["values"])
                case "result":
                    self.memory_bytes_now = message.get("memory_bytes", self.memory_bytes_now)
                    return Result(message, data)

    def _check_memory(self) -> None:
        if self.memory_bytes_now > _HARD_FACTOR * self._memory_bytes:
            raise WorkerLostError(
                f"the painting process used {self.memory_bytes_now / 1e6:.0f} MB of memory; allowed are {self._memory_bytes / 1e6:.0f} MB; "
                "give a smaller size, or the server more --memory-mb",
                code="out-of-memory",
            )

    async def _next_message(self, process: asyncio.subprocess.Process, deadline: float) -> tuple[Mapping[str, Any], bytes]:
        if process.stdout is None:
            raise BrokenPipeError
        left = deadline - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(left, self._silent_seconds))):
                line = await process.stdout.readline()
                if not line:
                    raise BrokenPipeError
                message = json.loads(line)
                return message, await process.stdout.readexactly(message["size"])
        except TimeoutError:
            if left < self._silent_seconds:
                raise WorkerLostError("the painting process exceeded its time limit", code="out-of-time") from None
            raise WorkerLostError(f"the painting process did not respond for {self._silent_seconds:g} s") from None


def _send(process: asyncio.subprocess.Process, call: Mapping[str, Any], data: bytes = b"") -> None:
    if process.stdin is None:
        raise BrokenPipeError
    process.stdin.write(json.dumps({**call, "size": len(data)}).encode() + b"\n" + data)


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a process. `Process.kill` would collect the exit code that asyncio waits for."""
    if hasattr(signal, "SIGKILL"):
        os.kill(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _exit_reason(process: asyncio.subprocess.Process) -> str:
    code = process.returncode
    if code is None:
        return "its pipe was closed"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
