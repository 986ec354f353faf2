"""Fake painter with the protocol of `stylenet.server.worker`: the seed of a job determines what happens to it."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

SEEDS = {"dies once": 1, "dies always": 2, "hangs": 3, "long": 4, "fails": 5, "grows": 6, "unexpected": 7}

PICTURE = b"a picture"
"""What masks, converted results and thumbnails are here."""

stopped = threading.Event()
calls: list[dict[str, Any]] = []
came = threading.Semaphore(0)


def send(kind: str, data: bytes = b"", **values: Any) -> None:
    os.write(1, json.dumps({"kind": kind, "size": len(data), **values}).encode() + b"\n" + data)


def listen() -> None:
    for line in sys.stdin.buffer:
        call = json.loads(line)
        call["data"] = sys.stdin.buffer.read(call["size"])
        if call["call"] == "stop":
            stopped.set()
        else:
            stopped.clear()
            calls.append(call)
            came.release()
    os._exit(0)


def paint_frame(call: dict[str, Any]) -> None:
    """The content of a frame determines what happens to it."""
    frame = call.pop("data")
    if b"slow" in frame:
        time.sleep(0.2)
    if b"damaged" in frame:
        send(
            "error",
            message="cannot read the given data: it is damaged; get it again",
            error="ImageError",
            code="damaged-picture",
            values={},
        )
        return
    if b"dies always" in frame or (b"dies once" in frame and not Path("died").exists()):
        Path("died").touch()
        os.kill(os.getpid(), 9)
    send("result", frame + json.dumps(call).encode(), memory_bytes=10**6)


def paint(call: dict[str, Any]) -> None:
    request = call["request"]
    seed, output = request.get("seed", 0), Path(request["output"])
    if seed == SEEDS["fails"]:
        send(
            "error",
            message="the size is wrong; allowed are others; give a smaller one",
            error="UsageError",
            code="invalid-value",
            values={"size": 7},
        )
        return
    if seed == SEEDS["unexpected"]:
        send("error", message=f"unexpected ValueError: {output}", error="unexpected", code="unexpected-error", values={})
        return
    tries = output.with_name("tries")
    number = int(tries.read_text()) if tries.exists() else 0
    tries.write_text(str(number + 1))
    send(
        "event",
        event={"event": "started", "plan": {"output": str(output), "size": [64, 48]}, "steps": 4, "notices": [], "notice_codes": []},
    )
    steps = 2000 if seed == SEEDS["long"] else 4
    done, reason = 0, "finished"
    for step in range(1, steps + 1):
        if seed == SEEDS["hangs"] and number == 0:
            time.sleep(1000)
        if seed == SEEDS["grows"]:
            send("heartbeat", memory_bytes=10**12)
            time.sleep(1000)
        if step == 3 and (seed == SEEDS["dies always"] or (seed == SEEDS["dies once"] and number == 0)):
            os.kill(os.getpid(), 9)
        done = step
        send("event", event={"event": "step", "step": step, "steps": steps, "seconds_left": 1.0, "loss": None, "terms": {}})
        if call["stop_after_step"] or stopped.is_set():
            reason = "interrupted"
            break
        time.sleep(0.01)
    output.write_bytes(b"result of " + output.parent.name.encode())
    output.with_name("preview.jpg").write_bytes(b"preview")
    send("event", event={"event": "saved", "path": str(output), "is_result": True})
    receipt = {"seed": seed}
    send("event", event={"event": "done", "steps": done, "seconds": 0.1, "loss": 1.0, "reason": reason, "receipt": receipt})
    send("result", memory_bytes=10**6)


def main() -> None:
    threading.Thread(target=listen, daemon=True).start()
    while True:
        came.acquire()
        now = calls.pop(0)
        if now["call"] == "inspect":
            data = Path(now["path"]).read_bytes()
            send(
                "result", width=10_000 if data.startswith(b"huge") else 64, height=10_000 if data.startswith(b"huge") else 48, format="PNG"
            )
        elif now["call"] in ("find_mask", "convert", "thumbnail"):
            send("result", PICTURE)
        elif now["call"] == "frame":
            paint_frame(now)
        elif now["call"] == "pass":
            now.pop("data")
            if now["options"].get("seed") == SEEDS["long"]:
                time.sleep(0.3)
            if now["options"].get("seed") == SEEDS["dies always"]:
                os.kill(os.getpid(), 9)
            send("result", json.dumps(now).encode(), memory_bytes=10**6)
        else:
            paint(now)


if __name__ == "__main__":
    main()
