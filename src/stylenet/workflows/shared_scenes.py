"""Painting the scenes of a clip side by side, with workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from stylenet.errors import ImageError, StylenetError
from stylenet.requests.video import VideoRequest
from stylenet.video.groups import Group, Groups
from stylenet.workflows.clip_painter import Progress
from stylenet.workflows.group_painter import GroupJob, GroupPainter, GroupResult
from stylenet.workflows.jobs import FAILED, Job, Result
from stylenet.workflows.opening_workers import open_workers
from stylenet.workflows.scene_list import Scene, SceneList
from stylenet.workflows.workers import Dispatcher


class SharedScenes:
    """Paints the scenes that are not finished, the longest first. A worker paints one group of a scene at a time.

    Args:
        request: The request, with its recipe resolved.
        source: The clip.
        found: All of its scenes.
        groups: Stored groups of earlier runs, and of this one.
        keys: `Painter.keys` that all workers must have.
        should_stop: Called often.

    Attributes:
        notice: Notice for the user, one line; empty: none.
    """

    def __init__(
        self,
        request: VideoRequest,
        source: Job,
        found: SceneList,
        groups: Groups,
        *,
        keys: Mapping[str, str],
        should_stop: Callable[[], bool],
    ) -> None:
        self._request, self._source, self._groups, self._keys, self._should_stop = request, source, groups, keys, should_stop
        self._seeks = not (found.lost_packets or found.ended_early)  # a damaged clip is decoded from its start, to lose the same frames
        scenes = found.scenes()
        self._painted = {scene.number: len(groups.times(scene.number)) for scene in scenes}
        self._scenes = sorted((scene for scene in scenes if self._left(scene)), key=self._left, reverse=True)
        self.notice = ""
        if (request.workers or 1) > len(scenes):
            self.notice = f"the clip has {len(scenes)} scene{'s' if len(scenes) > 1 else ''}, and each is painted by one worker at a time"

    def paint(self) -> Iterator[Progress]:
        """Paint; yields progress after each group. Ends early if `should_stop` returns true.

        Raises:
            StylenetError: a frame cannot be painted, a group cannot be written, or workers cannot be started.
        """
        if not self._scenes:
            return
        count, told = len(self._scenes), set[str]()
        workers = open_workers(self._request, GroupPainter, most=count, should_stop=self._should_stop)
        dispatcher = Dispatcher(workers, count, prepare=self._job, should_stop=self._should_stop, keys=self._keys)
        with closing(dispatcher.outcomes()) as outcomes:
            for outcome in outcomes:
                scene = self._scenes[outcome.index]
                begins = not self._painted[scene.number]
                result = self._stored(scene, outcome.result)
                if self._left(scene):
                    dispatcher.add_first(outcome.index)
                notices = tuple(notice for notice in result.notices if notice not in told)
                told.update(notices)
                yield Progress(frames=len(result.times), pixels=result.after.frames[-1][1], scenes=int(begins), notices=notices)

    def _left(self, scene: Scene) -> int:
        """Number of frames of a scene that are not painted."""
        return len(scene.times) - self._painted[scene.number]

    def _job(self, index: int, _: Mapping[str, str]) -> GroupJob:
        """The next group of a scene."""
        scene, source = self._scenes[index], self._source
        painted = self._painted[scene.number]
        return GroupJob(
            source=source.source,
            path=source.path,
            sha256=source.sha256,
            after=scene.times[painted - 1] if painted else scene.before,
            frames=self._left(scene),
            state=self._groups.state(scene.number),
            seeks=self._seeks,
        )

    def _stored(self, scene: Scene, result: Result) -> GroupResult:
        """Store a painted group."""
        if result.state == FAILED:
            raise StylenetError(f"cannot paint '{self._source.source}': {result.reason}")
        painted = self._painted[scene.number]
        times = [time for time, _ in result.times] if isinstance(result, GroupResult) else []
        if not isinstance(result, GroupResult) or times != scene.times[painted : painted + len(times)]:
            raise ImageError(
                f"'{self._source.source}' has other frames if it is decoded from the middle, so its scenes cannot be painted side by side; "
                "omit --workers and --ray, or convert it to H.264 in .mp4 first"
            )
        self._painted[scene.number] += len(times)
        state = result.after if self._left(scene) else None
        self._groups.add(scene.number, Group(data=result.data, times=result.times), state)
        return result
