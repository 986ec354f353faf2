"""Counts and sizes for Prometheus, in its text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import psutil

from stylenet.server.store import FAILED, FINISHED, QUEUED, RUNNING, STOPPED


class Metrics:
    """What `/metrics` shows."""

    def __init__(self) -> None:
        self._answers: Counter[int] = Counter()
        self._parts: dict[str, Any] = {}

    def count(self, status: int) -> None:
        """Count an answer."""
        self._answers[status] += 1

    def watch(self, store: Any, **parts: Any) -> None:
        """Show the sizes of these parts of the server, too."""
        self._parts = {"store": store, **parts}

    def text(self) -> str:
        """All of them."""
        lines: list[str] = []
        for name, kind, help, values in self._all():
            lines += [f"# HELP stylenet_{name} {help}", f"# TYPE stylenet_{name} {kind}"]
            lines += [f"stylenet_{name}{labels} {value}" for labels, value in values.items()]
        return "\n".join(lines) + "\n"

    def _all(self) -> Iterator[tuple[str, str, str, dict[str, float]]]:
        yield "answers_total", "counter", "Answers by status.", {f'{{status="{key}"}}': n for key, n in sorted(self._answers.items())}
        if not self._parts:
            return
        store, jobs, pictures, cache = (self._parts[name] for name in ("store", "jobs", "pictures", "cache"))
        lines = {name: self._parts[name] for name in ("previews", "passes")}
        states = (QUEUED, RUNNING, FINISHED, STOPPED, FAILED)
        yield "jobs", "gauge", "Jobs by state.", {f'{{state="{state}"}}': store.count_jobs(state) for state in states}
        yield "waiting_passes", "gauge", "Single passes that wait.", {f'{{line="{name}"}}': line.waiting for name, line in lines.items()}
        yield (
            "passes_total",
            "counter",
            "Single passes that were answered.",
            {f'{{line="{name}"}}': line.done for name, line in lines.items()},
        )
        yield "superseded_total", "counter", "Previews dropped for later ones.", {"": lines["previews"].superseded}
        yield "cache_hits_total", "counter", "Previews that were answered from memory.", {"": cache.hits}
        lost = {'{process="painting"}': jobs.lost} | {f'{{process="{name}"}}': line.lost for name, line in lines.items()}
        yield "lost_processes_total", "counter", "Processes that ended under their work.", lost
        workers = {f"painting-{index}": worker for index, worker in enumerate(jobs.workers)}
        workers |= {name: line.worker for name, line in lines.items()}
        started = {f'{{process="{name}"}}': worker.started for name, worker in workers.items()}
        yield "started_processes_total", "counter", "Processes that were started.", started
        memory = {f'{{process="{name}"}}': worker.memory_bytes_now for name, worker in workers.items()}
        memory |= {'{process="server"}': psutil.Process().memory_info().rss}
        yield "memory_bytes", "gauge", "Resident memory.", memory
        yield "pictures_bytes", "gauge", "Disk space of uploaded pictures.", {"": pictures.used_bytes()}
