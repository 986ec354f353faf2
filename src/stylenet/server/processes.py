"""A painting process as the server sees it: started when it is needed, watched while it works, replaced when it holds too much memory."""

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
from typing import Any

from stylenet.errors import StylenetError

Answer = Mapping[str, Any]
"""What a process sent: `kind`, and values by kind."""

PAINTER = (sys.executable, "-m", "stylenet.server.worker")
"""The command of a painting process."""

_HARD_FACTOR = 1.5
"""A process that holds this many times its memory is killed while it works."""

_LONGEST_LINE = 2**24

_END_SECONDS = 2.0
"""For a process that has closed its pipe to end by itself, so that its exit code tells why."""


class LostError(Exception):
    """The process ended, hung or grew too large before it answered; the message says which."""


class WorkError(StylenetError):
    """The process answered with an error.

    Args:
        message: For a person.
        kind: The class of the error in the process; "unexpected" where it is a fault of the program.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class Worker:
    """A process that does one thing at a time.

    Args:
        folder: Its current folder, in which names of files mean nothing.
        memory_bytes: It is replaced after a call that left more than this.
        silent_seconds: Without a sign of life for so long, it is killed.
        command: Starts it.

    Attributes:
        started: Processes started so far.
        memory_bytes_now: Resident memory at the last sign of life.
    """

    def __init__(self, folder: Path, *, memory_bytes: int, silent_seconds: float, command: Sequence[str] = PAINTER) -> None:
        self._command = tuple(command)
        self._folder, self._memory_bytes, self._silent_seconds = folder, memory_bytes, silent_seconds
        self._process: asyncio.subprocess.Process | None = None
        self.started = 0
        self.memory_bytes_now = 0

    @property
    def pid(self) -> int | None:
        """Of the process; None where none runs."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    async def call(
        self, name: str, *, seconds: float, on_answer: Callable[[Answer], None] = lambda answer: None, **values: Any
    ) -> tuple[Answer, bytes]:
        """The result of a call, and the bytes that came with it.

        Args:
            name: Of the call: inspect, pass or paint.
            seconds: That it may take; then the process is killed.
            on_answer: Told of every event before the result.
            values: Arguments, as JSON has them.

        Raises:
            WorkError: the process says what is wrong.
            LostError: there is no process any more.
        """
        process = await self._ready()
        try:
            self._send(process, {"call": name, **values})
            return await self._answered(process, time.monotonic() + seconds, on_answer)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError) as error:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_SECONDS):
                    await process.wait()
            await self.kill()
            raise LostError(f"the painting process ended ({_how(process)})") from error
        except (LostError, asyncio.CancelledError):
            await self.kill()
            raise

    def stop(self) -> None:
        """Ask for the end of the painting in progress."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ConnectionError):
                self._send(self._process, {"call": "stop"})

    async def kill(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None:
                _end(process)
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def _ready(self) -> asyncio.subprocess.Process:
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
            start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends the others
        )
        self.started += 1
        self.memory_bytes_now = 0
        return self._process

    def _send(self, process: asyncio.subprocess.Process, call: Mapping[str, Any]) -> None:
        if process.stdin is None:
            raise BrokenPipeError
        process.stdin.write(json.dumps(call).encode() + b"\n")

    async def _answered(
        self, process: asyncio.subprocess.Process, deadline: float, on_answer: Callable[[Answer], None]
    ) -> tuple[Answer, bytes]:
        while True:
            answer, data = await self._next(process, deadline)
            match answer["kind"]:
                case "beat":
                    self.memory_bytes_now = answer["memory_bytes"]
                    if self.memory_bytes_now > _HARD_FACTOR * self._memory_bytes:
                        raise LostError(
                            f"the painting process took {self.memory_bytes_now / 1e6:.0f} MB of memory; "
                            f"allowed are {self._memory_bytes / 1e6:.0f} MB; give a smaller size, or the server more --memory-mb"
                        )
                case "error":
                    raise WorkError(answer["message"], answer["error"])
                case "result":
                    self.memory_bytes_now = answer.get("memory_bytes", self.memory_bytes_now)
                    return answer, data
                case _:
                    on_answer(answer)

    async def _next(self, process: asyncio.subprocess.Process, deadline: float) -> tuple[Answer, bytes]:
        if process.stdout is None:
            raise BrokenPipeError
        left = deadline - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(left, self._silent_seconds))):
                line = await process.stdout.readline()
                if not line:
                    raise BrokenPipeError
                answer = json.loads(line)
                return answer, await process.stdout.readexactly(answer["size"])
        except TimeoutError:
            if left < self._silent_seconds:
                raise LostError("the painting process took longer than it may") from None
            raise LostError(f"the painting process gave no sign of life for {self._silent_seconds:g} s") from None


def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a process. Its own method would look for its exit code first, and asyncio, which waits for that, would find none."""
    if hasattr(signal, "SIGKILL"):
        os.kill(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _how(process: asyncio.subprocess.Process) -> str:
    code = process.returncode
    if code is None:
        return "its pipe was closed"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
