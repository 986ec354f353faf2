"""Metrics of a server in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import psutil

from stylenet.server.store import ENDED, QUEUED, RUNNING

if TYPE_CHECKING:
    from stylenet.server.services import Services


class _Metric(NamedTuple):
    name: str
    kind: str
    help: str
    values: Mapping[str, float]


def metrics_text(services: Services, responses: Counter[int]) -> str:
    """All metrics as text.

    Args:
        services: The services of the server.
        responses: Number of responses by status.
    """
    lines: list[str] = []
    for metric in _metrics(services, responses):
        lines += [f"# HELP stylenet_{metric.name} {metric.help}", f"# TYPE stylenet_{metric.name} {metric.kind}"]
        lines += [f"stylenet_{metric.name}{labels} {value}" for labels, value in metric.values.items()]
    return "\n".join(lines) + "\n"


def _metrics(services: Services, responses: Counter[int]) -> Iterator[_Metric]:
    store, jobs = services.store, services.jobs
    queues = {"previews": services.previews, "passes": services.passes}
    workers = {f"painting-{index}": worker for index, worker in enumerate(jobs.workers)}
    workers |= {name: queue.worker for name, queue in queues.items()}
    lost = {"painting": jobs.lost} | {name: queue.lost for name, queue in queues.items()}
    memory = {name: worker.memory_bytes_now for name, worker in workers.items()} | {"server": psutil.Process().memory_info().rss}
    states = {state: store.count_jobs(state) for state in (QUEUED, RUNNING, *ENDED)}
    waiting = {name: queue.waiting for name, queue in queues.items()}
    done = {name: queue.done for name, queue in queues.items()}
    started = {name: worker.started for name, worker in workers.items()}
    yield _Metric("responses_total", "counter", "Responses by status.", _labeled("status", dict(sorted(responses.items()))))
    yield _Metric("jobs", "gauge", "Jobs by state.", _labeled("state", states))
    yield _Metric("waiting_passes", "gauge", "Waiting single passes.", _labeled("queue", waiting))
    yield _Metric("passes_total", "counter", "Finished single passes.", _labeled("queue", done))
    yield _Metric("superseded_total", "counter", "Previews dropped for newer ones.", {"": services.previews.superseded})
    yield _Metric("cache_hits_total", "counter", "Previews served from memory.", {"": services.cache.hits})
    yield _Metric("live_sessions", "gauge", "Cameras that are being painted.", {"": services.live_sessions})
    yield _Metric("live_frames_total", "counter", "Painted camera frames.", {"": services.live_frames})
    yield _Metric("lost_processes_total", "counter", "Processes that died or were killed while working.", _labeled("process", lost))
    yield _Metric("started_processes_total", "counter", "Processes started.", _labeled("process", started))
    yield _Metric("memory_bytes", "gauge", "Resident memory.", _labeled("process", memory))
    yield _Metric("pictures_bytes", "gauge", "Disk space of uploaded pictures.", {"": services.pictures.used_bytes()})


def _labeled(label: str, values: Mapping[object, float] | Mapping[str, float] | Mapping[int, float]) -> dict[str, float]:
    return {f'{{{label}="{key}"}}': value for key, value in values.items()}
