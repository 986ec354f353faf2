"""The process that decodes and paints: `python -m stylenet.server.worker`, driven by the server through pipes.

Calls come as one line of JSON each. Answers are one line of JSON with the size of what follows, and then so many bytes. The process ends
as soon as its standard input does, so that none outlives a killed server.
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
from typing import Any, BinaryIO

import psutil

from stylenet.waiting import let_threads_sleep

BEAT_SECONDS = 0.5
"""Between two signs of life."""

_PHOTO_PX = 1024
"""Long side of the photos that are kept for previews; a preview is not larger."""

_KEPT = 16
"""Photos and styles that are kept for previews, each."""


class _Pipe:
    """The way back to the server; whole answers only, whichever thread gives them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._lock = stream, threading.Lock()
        self.busy = threading.Event()

    def send(self, kind: str, data: bytes = b"", **values: Any) -> None:
        """Send an answer; after a result or an error there are no signs of life until the next call."""
        line = json.dumps({"kind": kind, "size": len(data), **values}).encode() + b"\n"
        with self._lock:
            if kind in ("result", "error"):
                self.busy.clear()
            elif kind == "beat" and not self.busy.is_set():
                return
            self._stream.write(line + data)
            self._stream.flush()


class _Kept:
    """The values that were used last."""

    def __init__(self) -> None:
        self._values: OrderedDict[Any, Any] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._values:
            self._values[key] = make()
            while len(self._values) > _KEPT:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


class _Work:
    """What a process can be asked for; a method for each call."""

    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self.stop = threading.Event()
        self._stylizers, self._photos, self._styles, self._masks = _Kept(), _Kept(), _Kept(), _Kept()

    def inspect(self, call: Mapping[str, Any]) -> None:
        """Whether a file is a picture, and how large; only its header is read."""
        from stylenet.image.opening import opened

        with opened(call["path"]) as file:
            width, height = file.image.size
            self._pipe.send("result", width=width, height=height, format=file.image.format or "TIFF")

    def paint_pass(self, call: Mapping[str, Any]) -> None:
        """A photo painted in one pass, as the bytes of a file."""
        from stylenet.events import Done
        from stylenet.image.files import load_image
        from stylenet.image.masks import load_mask
        from stylenet.painting.painting import Painting
        from stylenet.painting.regions import Region
        from stylenet.painting.stylizer import open_stylizer
        from stylenet.requests.painting import Options

        threads = call["threads"] or None
        stylizer = self._stylizers.get("instant", lambda: open_stylizer("instant", device="cpu", precision="float32", threads=threads))

        options = Options.of(call["options"])

        def style(word: str) -> Any:
            return word if options.recolors_style else self._styles.get(word, lambda: stylizer.open_style(word))

        def region(mask: str, style_word: str | None, inverted: bool) -> Region:
            pixels = self._masks.get((mask, inverted), lambda: load_mask(mask, inverted=inverted))
            return Region(mask=pixels, style=style_word and style(style_word))

        photo = self._small(call["photo"]) if call["is_preview"] else load_image(call["photo"])
        regions = [region(one["mask"], one["style"], one["inverted"]) for one in call["regions"]]
        done = None
        for event in stylizer.stylize(photo, [style(word) for word in call["styles"]], options, regions=regions):
            done = event if isinstance(event, Done) else done
        if done is None:
            raise RuntimeError("a stylizer's last event is Done")
        buffer = io.BytesIO()
        Painting(pixels=done.image, photo=photo, done=done).save(buffer, format=call["format"], quality=call["quality"])
        height, width = done.image.shape[2:]
        memory_bytes = psutil.Process().memory_info().rss
        self._pipe.send("result", buffer.getvalue(), width=width, height=height, seconds=done.seconds, memory_bytes=memory_bytes)

    def find(self, call: Mapping[str, Any]) -> None:
        """A mask of a photo's faces or its subject, as the bytes of a PNG file."""
        from stylenet.image.files import save_image
        from stylenet.painting.regions import FINDERS

        mask = FINDERS[call["what"]](self._small(call["photo"]).pixels)
        buffer = io.BytesIO()
        save_image(mask.repeat(3, axis=1), buffer, format="png")
        self._pipe.send("result", buffer.getvalue())

    def convert(self, call: Mapping[str, Any]) -> None:
        """A picture in another format, with its receipt; or small, without it."""
        from stylenet.image.files import load_image, save_image
        from stylenet.image.metadata import read_receipt

        buffer = io.BytesIO()
        if call["long_side"] is None:
            picture = load_image(call["photo"])
            save_image(
                picture.pixels,
                buffer,
                alpha=picture.alpha,
                metadata=picture.metadata,
                receipt=read_receipt(call["photo"]),
                quality=call["quality"],
                format=call["format"],
            )
        else:
            save_image(_shrunk(load_image(call["photo"]), call["long_side"]).pixels, buffer, quality=call["quality"], format=call["format"])
        self._pipe.send("result", buffer.getvalue())

    def _small(self, path: str) -> Any:
        """A photo as previews need it."""
        from stylenet.image.files import load_image

        return self._photos.get(path, lambda: _shrunk(load_image(path), _PHOTO_PX))

    def paint(self, call: Mapping[str, Any]) -> None:
        """A job painted into its files; its events are sent one by one."""
        from stylenet.events import Step
        from stylenet.requests.painting import PaintFileRequest
        from stylenet.workflows.painting import paint_file
        from stylenet.workflows.telling import event_values

        request = PaintFileRequest.of({name: _frozen(value) for name, value in call["request"].items()})
        for event in paint_file(request, should_stop=self.stop.is_set):
            self._pipe.send("event", event=event_values(event))
            if call["stop_soon"] and isinstance(event, Step):  # one step, so that there is a picture
                self.stop.set()
        self._pipe.send("result", memory_bytes=psutil.Process().memory_info().rss)


def _shrunk(picture: Any, long_side_px: int) -> Any:
    """A picture that is no larger, without its alpha channel."""
    from stylenet.image.resize import fit_within, resize

    size = fit_within(picture.width, picture.height, min(long_side_px, max(picture.width, picture.height)))
    return replace(picture, pixels=resize(picture.pixels, size), alpha=None)


def _frozen(value: Any) -> Any:
    """JSON's lists as the tuples of the records."""
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value


def _run(work: _Work, call: Mapping[str, Any], pipe: _Pipe) -> None:
    from stylenet.errors import StylenetError

    calls = {"inspect": work.inspect, "pass": work.paint_pass, "paint": work.paint, "find": work.find, "convert": work.convert}
    try:
        calls[call["call"]](call)
    except StylenetError as error:
        pipe.send("error", message=str(error), error=type(error).__name__)
    except MemoryError:
        pipe.send("error", message="the memory is not enough for this; allowed is less; give a smaller size", error="MemoryError")
    except Exception as error:
        import traceback

        traceback.print_exc()
        told = " ".join(str(error).split())[:300]
        pipe.send("error", message=f"unexpected {type(error).__name__}: {told}", error="unexpected")


def _listen(stream: BinaryIO, calls: queue.SimpleQueue[Mapping[str, Any]], stop: threading.Event) -> None:
    for line in stream:
        call = json.loads(line)
        if call["call"] == "stop":
            stop.set()
        else:
            stop.clear()
            calls.put(call)
    os._exit(0)  # the server has gone: whatever is being painted, another process will resume it


def _beat(pipe: _Pipe) -> None:
    process = psutil.Process()
    while True:
        pipe.busy.wait()
        with contextlib.suppress(psutil.Error):
            pipe.send("beat", memory_bytes=process.memory_info().rss)
        time.sleep(BEAT_SECONDS)


def main() -> None:
    """Take calls until standard input ends."""
    let_threads_sleep()
    # Libraries may print; the pipe is for answers alone.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    calls: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    pipe = _Pipe(answers)
    work = _Work(pipe)
    threading.Thread(target=_listen, args=(sys.stdin.buffer, calls, work.stop), daemon=True).start()
    threading.Thread(target=_beat, args=(pipe,), daemon=True).start()
    try:
        while True:
            call = calls.get()
            pipe.busy.set()
            _run(work, call, pipe)
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)


if __name__ == "__main__":
    main()
