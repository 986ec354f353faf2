"""Painting the scenes of a clip in parallel, with workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from stylenet.errors import ImageError, StylenetError
from stylenet.requests.video import VideoRequest
from stylenet.video.groups import Group, Groups
from stylenet.workflows.clip_painter import Progress
from stylenet.workflows.group_painter import GroupJob, GroupPainter, GroupResult
from stylenet.workflows.jobs import Job, Result
from stylenet.workflows.opening_workers import open_workers
from stylenet.workflows.scene_list import Scene, SceneList
from stylenet.workflows.workers import Dispatcher


class SharedScenes:
    """Paints the unfinished scenes, the longest first. Each worker paints one group of a scene at a time.

    Args:
        request: The request, with its recipe resolved.
        source: The clip.
        found: All scenes of the clip.
        groups: Stored groups, including those of earlier runs.
        keys: `Painter.keys` that all workers must have.
        should_stop: Called several times per second.

    Attributes:
        notice: Notice for the user, one line; empty if there is none.
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
        self._seeks = True
        scenes = found.scenes()
        self._painted = {scene.number: len(groups.times(scene.number)) for scene in scenes}
        self._scenes = sorted((scene for scene in scenes if self._left(scene)), key=self._left, reverse=True)
        self.notice = ""
        if (request.workers or 1) > len(scenes):
            self.notice = f"the clip has {len(scenes)} scene{'s' if len(scenes) > 1 else ''}, and each is painted by one worker at a time"

    def paint(self) -> Iterator[Progress]:
        """Paint all scenes; yields progress after each group. Ends early if `should_stop` returns true.

        Raises:
            StylenetError: a frame cannot be painted, a group cannot be written, or workers cannot be started.
        """
        if not self._scenes:
            return
        count, reported = len(self._scenes), set[str]()
        workers = open_workers(self._request, GroupPainter, most=count, should_stop=self._should_stop)
        dispatcher = Dispatcher(workers, count, prepare=self._job, should_stop=self._should_stop, keys=self._keys)
        with closing(dispatcher.outcomes()) as outcomes:
            for outcome in outcomes:
                scene = self._scenes[outcome.index]
                is_first_group = not self._painted[scene.number]
                result = self._checked(scene, outcome.result)
                if result is None:
                    dispatcher.add_first(outcome.index)
                    continue
                self._store(scene, result)
                if self._left(scene):
                    dispatcher.add_first(outcome.index)
                notices = tuple(notice for notice in result.notices if notice not in reported)
                reported.update(notices)
                yield Progress(frames=len(result.times), pixels=result.after.frames[-1][1], scenes=int(is_first_group), notices=notices)

    def _left(self, scene: Scene) -> int:
        """Number of frames of a scene that are not yet painted."""
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

    def _checked(self, scene: Scene, result: Result) -> GroupResult | None:
        """A painted group; None if it must be painted again with frames decoded from the start of the clip.

        Some clips, such as damaged ones, yield different frames when decoding starts at a key frame in the middle.
        """
        if not isinstance(result, GroupResult):
            raise StylenetError(f"cannot paint '{self._source.source}': {result.reason}")
        painted = self._painted[scene.number]
        expected = slice(painted, painted + max(1, len(result.times)))
        has_times = [time for time, _ in result.times] == scene.times[expected]
        if has_times and (result.checksums == scene.checksums[expected] or not result.sought):
            return result
        if not result.sought:
            raise ImageError(f"'{self._source.source}' changed while it was painted; paint it again without --resume")
        self._seeks = False
        return None

    def _store(self, scene: Scene, result: GroupResult) -> None:
        self._painted[scene.number] += len(result.times)
        state = result.after if self._left(scene) else None
        self._groups.add(scene.number, Group(data=result.data, times=result.times), state)
