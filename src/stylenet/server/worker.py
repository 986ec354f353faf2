"""The process that decodes and paints: `python -m stylenet.server.worker`, controlled by the server through pipes.

Calls and messages have the same form: one line of JSON, which gives the number of bytes that follow it. The process exits when its
standard input ends, so that it does not outlive a killed server.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import psutil

from stylenet.waiting import set_up_threads

if TYPE_CHECKING:
    from stylenet.engines.protocol import OpenStyle
    from stylenet.image.files import Picture
    from stylenet.painting.regions import Region
    from stylenet.painting.stylizer import Stylizer
    from stylenet.requests.painting import Options

HEARTBEAT_SECONDS = 0.5

_CACHE_SIZE = 16
"""Maximum number of values in each cache: photos, styles, masks and live sessions."""

_PROTECTED_PX = 1024
"""Long side at which photos are searched for faces and subjects."""

_THUMBNAIL_QUALITY = 85


class Pipe:
    """The pipe to the server; thread-safe."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, threading.Lock()
        self.is_busy = threading.Event()

    def send(self, kind: str, data: bytes = b"", **values: Any) -> None:
        """Send a message. Heartbeats are sent only between a call and its result."""
        line = json.dumps({"kind": kind, "size": len(data), **values}).encode() + b"\n"
        with self._lock:
            if kind in ("result", "error"):
                self.is_busy.clear()
            elif kind == "heartbeat" and not self.is_busy.is_set():
                return
            self._stream.write(line + data)
            self._stream.flush()


class _RecentValues:
    """A cache of the most recently used values."""

    def __init__(self) -> None:
        self._values: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._values:
            self._values[key] = make()
            while len(self._values) > _CACHE_SIZE:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


class Calls:
    """The calls that the server can make, one method each."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.should_stop = threading.Event()
        self._stylizer: Stylizer | None = None
        self._photos, self._styles, self._masks, self._sessions = (_RecentValues() for _ in range(4))

    def inspect(self, call: Mapping[str, Any]) -> None:
        """Check that a file is a picture, and send its size; only the header is read."""
        from stylenet.image.opening import opened

        with opened(call["path"]) as file:
            width, height = file.image.size
            self._pipe.send("result", width=width, height=height, format=file.image.format or "TIFF")

    def paint_pass(self, call: Mapping[str, Any]) -> None:
        """Paint a photo in one pass, and send the bytes of the file."""
        from stylenet.events import Done
        from stylenet.image.files import load_image
        from stylenet.painting.painting import Painting
        from stylenet.requests.painting import Options

        stylizer = self._opened_stylizer(call["threads"])
        options = Options.of(call["options"])
        photo = self._preview_photo(call["path"], options) if call["is_preview"] else load_image(call["path"])
        photo = replace(photo, source=None)  # the name of the temporary file must not appear in the receipt

        def opened(style: Any) -> Any:
            return style if options.recolors_style else self._opened_style(style, stylizer)

        styles = [opened(style) for style in call["styles"]]
        regions = [self._region(text, opened) for text in call["masks"]]
        *_, done = stylizer.stylize(photo, styles, options, regions=regions)
        if not isinstance(done, Done):
            raise RuntimeError("a stylizer's last event is Done")
        buffer = io.BytesIO()
        Painting(pixels=done.image, photo=photo, done=done).save(buffer, format=call["format"], quality=call["quality"])
        self._pipe.send("result", buffer.getvalue(), memory_bytes=_memory_bytes())

    def paint_frame(self, call: Mapping[str, Any]) -> None:
        """Paint a camera frame in one pass, and send the bytes of a JPEG file."""
        from stylenet.requests.live import LiveRequest
        from stylenet.server.live_frames import LiveFrames

        request = LiveRequest.of(call["request"])
        stylizer = self._opened_stylizer(call["threads"])
        frames = self._sessions.get(call["session"], LiveFrames)
        data = frames.painted(call["data"], request, stylizer, self._opened_style(request.style, stylizer))
        self._pipe.send("result", data, memory_bytes=_memory_bytes())

    def find_mask(self, call: Mapping[str, Any]) -> None:
        """Find the faces or the subject of a photo, and send the mask as the bytes of a PNG file."""
        from stylenet.image.files import save_image
        from stylenet.image.resize import fit_within
        from stylenet.painting.regions import FINDERS

        mask = FINDERS[call["what"]](self._resized_photo(call["path"], _PROTECTED_PX, fit_within).pixels)
        buffer = io.BytesIO()
        save_image(mask.repeat(3, axis=1), buffer, format="png")
        self._pipe.send("result", buffer.getvalue(), memory_bytes=_memory_bytes())

    def convert(self, call: Mapping[str, Any]) -> None:
        """Convert a result with its receipt to another format, and send the bytes of the file."""
        from stylenet.image.files import load_image, save_image
        from stylenet.image.metadata import read_receipt

        result = load_image(call["path"])
        receipt = read_receipt(call["path"])
        buffer = io.BytesIO()
        save_image(result.pixels, buffer, alpha=result.alpha, metadata=result.metadata, receipt=receipt, format=call["format"])
        self._pipe.send("result", buffer.getvalue(), memory_bytes=_memory_bytes())

    def thumbnail(self, call: Mapping[str, Any]) -> None:
        """Reduce a result with its transparency, and send the bytes of a WebP file."""
        from stylenet.image.files import load_image, save_image
        from stylenet.image.resize import fit_within, resize

        result = load_image(call["path"])
        size = fit_within(result.width, result.height, call["long_side_px"])
        alpha = None if result.alpha is None else resize(result.alpha, size)
        buffer = io.BytesIO()
        save_image(resize(result.pixels, size), buffer, alpha=alpha, format="webp", quality=_THUMBNAIL_QUALITY)
        self._pipe.send("result", buffer.getvalue(), memory_bytes=_memory_bytes())

    def paint(self, call: Mapping[str, Any]) -> None:
        """Paint a job and write its files; events are sent as they happen."""
        from stylenet.events import Step
        from stylenet.requests.painting import PaintFileRequest
        from stylenet.workflows.event_json import event_values
        from stylenet.workflows.painting import paint_file

        for event in paint_file(PaintFileRequest.of(call["request"]), should_stop=self.should_stop.is_set):
            self._pipe.send("event", event=event_values(event))
            if call["stop_after_step"] and isinstance(event, Step):  # after one step, there is a picture to keep
                self.should_stop.set()
        self._pipe.send("result", memory_bytes=_memory_bytes())

    def _opened_stylizer(self, threads: int) -> Stylizer:
        from stylenet.painting.stylizer import open_stylizer

        self._stylizer = self._stylizer or open_stylizer("instant", device="cpu", precision="float32", threads=threads or None)
        return self._stylizer

    def _opened_style(self, style: str, stylizer: Stylizer) -> OpenStyle:
        return self._styles.get(style, partial(stylizer.open_style, style))

    def _preview_photo(self, path: str, options: Options) -> Picture:
        """The photo at the size of the preview, or larger if faces or a subject must be found in it."""
        from stylenet.image.resize import fit_within, target_size

        if options.protected:
            return self._resized_photo(path, _PROTECTED_PX, fit_within)
        return self._resized_photo(path, options.size or _PROTECTED_PX, target_size)

    def _resized_photo(self, path: str, size: Any, size_of: Callable[[int, int, Any], tuple[int, int]]) -> Picture:
        from stylenet.image.files import load_image
        from stylenet.image.resize import resize

        def load() -> Picture:
            photo = load_image(path)
            resized = size_of(photo.width, photo.height, size)
            alpha = None if photo.alpha is None else resize(photo.alpha, resized)
            return replace(photo, pixels=resize(photo.pixels, resized), alpha=alpha)

        return self._photos.get((path, size, size_of), load)

    def _region(self, text: str, opened: Callable[[Any], Any]) -> Region:
        from stylenet.image.masks import load_mask
        from stylenet.painting.regions import Region

        region = Region.parse(text)
        mask = self._masks.get((region.mask, region.inverted), partial(load_mask, region.mask, inverted=region.inverted))
        return Region(mask=mask, style=None if region.style is None else opened(region.style))


def _memory_bytes() -> int:
    return int(psutil.Process().memory_info().rss)


def _handle(calls: Calls, call: Mapping[str, Any], pipe: Pipe) -> None:
    from stylenet.errors import StylenetError

    methods = {
        "inspect": calls.inspect,
        "pass": calls.paint_pass,
        "frame": calls.paint_frame,
        "find_mask": calls.find_mask,
        "convert": calls.convert,
        "thumbnail": calls.thumbnail,
        "paint": calls.paint,
    }
    try:
        methods[call["call"]](call)
    except BrokenPipeError:
        raise  # the server has ended
    except StylenetError as error:
        pipe.send("error", message=str(error), error=type(error).__name__, code=error.code, values=error.values)
    except MemoryError:
        message = "there is not enough memory for this picture; give a smaller size"
        pipe.send("error", message=message, error="MemoryError", code="out-of-memory", values={})
    except Exception as error:
        import traceback

        traceback.print_exc()
        reason = " ".join(str(error).split())[:300]
        message = f"unexpected {type(error).__name__}: {reason}"
        pipe.send("error", message=message, error="unexpected", code="unexpected-error", values={})


def _read_calls(stream: BinaryIO, waiting: queue.SimpleQueue[Mapping[str, Any]], should_stop: threading.Event) -> None:
    for line in stream:
        call = json.loads(line)
        call["data"] = stream.read(call["size"])
        if call["call"] == "stop":
            should_stop.set()
        else:
            should_stop.clear()
            waiting.put(call)
    os._exit(0)  # the server has ended; the next one resumes the current job


def _send_heartbeats(pipe: Pipe) -> None:
    while True:
        pipe.is_busy.wait()
        with contextlib.suppress(psutil.Error, BrokenPipeError):
            pipe.send("heartbeat", memory_bytes=_memory_bytes())
        time.sleep(HEARTBEAT_SECONDS)


def main() -> None:
    """Handle calls until standard input ends."""
    set_up_threads()
    # Libraries may print to standard output, but the pipe is for messages only.
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    waiting: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    pipe = Pipe(messages)
    calls = Calls(pipe)
    threading.Thread(target=_read_calls, args=(sys.stdin.buffer, waiting, calls.should_stop), daemon=True).start()
    threading.Thread(target=_send_heartbeats, args=(pipe,), daemon=True).start()
    try:
        while True:
            call = waiting.get()
            pipe.is_busy.set()
            _handle(calls, call, pipe)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)


if __name__ == "__main__":
    main()
