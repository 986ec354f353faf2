"""Areas uncovered by a moving object: how much their paintings differ from those of the frames in which they were last visible.

    python benchmarks/uncovered.py [--sheets FOLDER] [--recipe instant|draft] [--frames N]

The clips are synthetic: an object passes over a photo that pans by an exact shift. For each pixel that is visible in a frame, hidden in the
previous frame, and visible up to 12 frames earlier, the painting is compared with that of the nearest such frame, moved by the exact shift.
The difference is relative to the contrast, as in `video.py`. Three methods are compared: frame by frame, with only the last frame, and with
the earlier frames stored by `stylenet.video.past`.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray
from report import write_result
from video import Frames, Warp, detail, flicker, followed, frame_by_frame, optimized, rounded

from stylenet.requests.video import USUAL_STEADY
from stylenet.video.past import Past

WIDTH, HEIGHT = 320, 192
SHIFT = (0.6, 0.2)
MAX_BACK = 12

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Uncovered:
    """Pixels of a frame that were last visible `back` frames earlier, and their positions there."""

    frame: int
    back: int
    columns: NDArray[np.float32]
    rows: NDArray[np.float32]
    mask: Mask


def passing(background: NDArray[np.uint8], step_px: int, count: int) -> tuple[Frames, list[Mask]]:
    """Frames of a pan over a photo, with an oval portrait that moves by `step_px` columns per frame, and the portrait's masks."""
    portrait = cv2.resize(skimage.data.astronaut()[20:240, 130:330], (64, 80), interpolation=cv2.INTER_AREA)
    height, width = portrait.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    oval = rows**2 + columns**2 < 1
    frames, masks = [], []
    for index in range(count):
        matrix = np.array([[1, 0, -20 - SHIFT[0] * index], [0, 1, -20 - SHIFT[1] * index]], np.float32)
        frame = cv2.warpAffine(background.astype(np.float32), matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LANCZOS4)
        mask = np.zeros((HEIGHT, WIDTH), bool)
        top, left = 50 + round(10 * np.sin(index / 3)), step_px * index - width // 2
        first, last = max(0, left), min(WIDTH, left + width)
        if first < last:
            part = oval[:, first - left : last - left]
            mask[top : top + height, first:last] = part
            frame[mask] = portrait[:, first - left : last - left][part]
        noise = np.random.default_rng(index).normal(0, 1, frame.shape)
        frames.append((frame + noise).clip(0, 255).astype(np.uint8))
        masks.append(mask)
    return frames, masks


def uncovered(masks: list[Mask]) -> list[Uncovered]:
    """All reappearing pixels of the background, by frame and by the number of frames for which they were hidden."""
    hidden = [cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) > 0 for mask in masks]
    found = []
    for frame in range(2, len(masks)):
        left = ~hidden[frame]
        for back in range(1, min(MAX_BACK, frame) + 1):
            columns, rows, inside = positions_before(back)
            seen = inside & (cv2.remap(hidden[frame - back].astype(np.float32), columns, rows, cv2.INTER_LINEAR) == 0)
            if back > 1 and (left & seen).sum() > 20:
                found.append(Uncovered(frame, back, columns, rows, left & seen))
            left &= inside & ~seen
    return found


def positions_before(back: int) -> tuple[NDArray[np.float32], NDArray[np.float32], Mask]:
    """Positions of the background `back` frames earlier, and whether they are inside the frame."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    columns, rows = columns + SHIFT[0] * back, rows + SHIFT[1] * back
    return columns, rows, (columns <= WIDTH - 1) & (rows <= HEIGHT - 1)


def background_warps(masks: list[Mask]) -> list[Warp]:
    """The exact warps of the background from each frame to the next."""
    columns, rows, inside = positions_before(1)
    found = []
    for first, second in itertools.pairwise(masks):
        mask = (inside & (cv2.dilate((first | second).astype(np.uint8), np.ones((7, 7))) == 0)).astype(np.float32)
        found.append(Warp(columns, rows, mask, mask))
    return found


def difference(frames: Frames, found: list[Uncovered], contrast: float) -> float:
    """Difference of the reappearing pixels relative to the contrast, as in `video.flicker`."""
    squares, count = 0.0, 0.0
    for part in found:
        before = frames[part.frame - part.back].astype(np.float32) / 255
        before = cv2.remap(before, part.columns, part.rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        squares += float((((frames[part.frame] / 255 - before) ** 2).sum(2) * part.mask).sum())
        count += 3 * float(part.mask.sum())
    return float(100 * np.sqrt(squares / count) / contrast)


def steady_ways(source: Frames, painted: list[NDArray[np.float32]], recipe: str) -> dict[str, Frames]:
    """The clip steadied with only the last frame, and with earlier frames."""

    def steady() -> Frames:
        return followed(painted, source, set(), USUAL_STEADY)[0] if recipe == "instant" else optimized(source, recipe)[0]

    with mock.patch.object(Past, "_uncovered_in", return_value=None):
        last_only = steady()
    return {"the last frame": last_only, "earlier frames": steady()}


def compared(name: str, source: Frames, masks: list[Mask], *, recipe: str, sheets: Path | None) -> dict[str, Any]:
    painted, _ = frame_by_frame(source, recipe)
    plain = [rounded(frame) for frame in painted]
    ways = {"frame by frame": plain, **steady_ways(source, painted, recipe)}
    found, known = uncovered(masks), background_warps(masks)
    contrast = float(np.mean([frame.std() / 255 for frame in plain]))
    base, base_detail = flicker(plain, known, set()), detail(plain)
    rows = {
        way: {
            "difference of what comes back, over contrast": round(difference(frames, found, contrast), 1),
            "flicker of the background, relative to frame by frame": round(flicker(frames, known, set()) / base, 3),
            "detail kept": round(detail(frames) / base_detail, 3),
        }
        for way, frames in ways.items()
    }
    print(name, rows, flush=True)
    if sheets is not None:
        middle = slice(len(source) // 2 - 2, len(source) // 2 + 3)
        sheet = [np.concatenate(frames[middle], axis=1) for frames in (source, *ways.values())]
        cv2.imwrite(str(sheets / f"{name}-{recipe}.png"), np.concatenate(sheet)[..., ::-1])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--recipe", default="instant", choices=["instant", "draft"])
    parser.add_argument("--frames", type=int, default=26)
    arguments = parser.parse_args()
    brick = np.dstack([skimage.data.brick()] * 3)
    clips = {
        "coffee, 14 px a frame": (skimage.data.coffee(), 14),
        "coffee, 24 px": (skimage.data.coffee(), 24),
        "brick, 10 px": (brick, 10),
    }
    figures = {
        name: compared(name, *passing(background, step, arguments.frames), recipe=arguments.recipe, sheets=arguments.sheets)
        for name, (background, step) in clips.items()
    }
    write_result("uncovered" if arguments.recipe == "instant" else f"uncovered-{arguments.recipe}", figures)


if __name__ == "__main__":
    main()
