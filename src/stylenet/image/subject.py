"""Masks of the faces or the subject of a photo. Both need OpenCV, which the extra `masks` installs."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import ImageError, UsageError
from stylenet.extras import require
from stylenet.image.masks import fitted, soften
from stylenet.image.resize import fit_within, resize
from stylenet.shapes import check_image

if TYPE_CHECKING:
    from stylenet.shapes import Image, Mask

Rectangle: TypeAlias = tuple[int, int, int, int]
"""Left, top, width, height in pixels of the upright photo."""

_Bytes: TypeAlias = NDArray[np.uint8]

_CASCADE = "haarcascade_frontalface_alt.xml"
_FACES_PX = 1024  # long side for face detection; larger sizes take longer and find few more
_ROUGH_PX, _FINE_PX = 320, 960  # long sides for segmenting the subject and refining its edge; a fine segmentation may take a minute
_SMALLEST_FACE = 1 / 32  # of the long side
_TILTS = {0: 5, -25: 12, 25: 12}
"""Degrees by which the photo is rotated to find tilted heads, and how many overlapping windows must agree.

Measured: true faces have at least 6 windows upright and 12 tilted up to 35 degrees; false positives in rotated photos have up to 10.
"""
_HEAD = (0.63, 0.86)  # half the width and half the height of a head with hair and chin, relative to the side of the detector's square
_HEAD_RISE = 0.08  # distance of the head's center above that of the square, relative to its side
_SOFT_HEAD = 1.22  # outer end of the soft edge, relative to the head
_PERSON = 1 / 16  # smallest face, relative to the long side, for which a person is the subject

_BACKGROUND, _PROBABLY_BACKGROUND, _SUBJECT, _PROBABLY_SUBJECT = 0, 2, 1, 3  # GrabCut's own numbers
_ITERATIONS = 5
_BORDER_COLORS = 6


@dataclass(frozen=True)
class _Face:
    """The detector's square around eyes, nose and mouth: center and side in pixels, tilt of the head, and confidence."""

    x: float
    y: float
    side: float
    tilt_degrees: float
    votes: int


def find_faces(image: Image) -> Mask:
    """A mask of people's heads: a soft ellipse around each frontal face, including hair and chin.

    Heads may be tilted by up to about 35 degrees to either side. Faces in profile, from below or partly hidden are mostly missed.

    Args:
        image: Shape (1, 3, H, W), 0..1.

    Returns:
        Shape (1, 1, H, W), 0..1.

    Raises:
        ImageError: No face is found.
        UsageError: OpenCV is not installed, or lacks its detector.

    References:
        Viola and Jones 2001 (CVPR); the cascade by Lienhart, Kuranov and Pisarevsky 2003 (DAGM) that OpenCV 4 ships.
    """
    check_image(image)
    height, width = image.shape[2:]
    size = fit_within(width, height, _FACES_PX)
    faces = _faces(_bytes(resize(image, size)))
    if not faces:
        raise ImageError(
            "no face is found in the photo; only large, frontal faces are detected reliably. "
            "Mark them by a rectangle, or paint the mask in any picture editor: white is inside",
            code="no-face",
        )
    heads = np.max([_fading(_head_distance(face, size)) for face in faces], axis=0)
    return fitted(heads[None, None], (width, height))


def find_subject(image: Image, rectangle: Rectangle | None = None) -> Mask:
    """A mask of the main subject of a photo, separated from its surroundings by color, with a soft edge.

    Args:
        image: Shape (1, 3, H, W), 0..1.
        rectangle: The subject is inside and nearly reaches its sides. None: people if a face is found, otherwise what is near the
            center in colors that do not occur at the border.

    Returns:
        Shape (1, 1, H, W), 0..1.

    Raises:
        ImageError: No subject is found.
        UsageError: The rectangle is outside the photo or covers all of it, or OpenCV is not installed.

    References:
        Rother, Kolmogorov, Blake 2004 (SIGGRAPH), "GrabCut", as implemented in OpenCV. The initialization without a rectangle is ours.
    """
    check_image(image)
    height, width = image.shape[2:]
    rough, fine = (_bytes(resize(image, fit_within(width, height, long_side))) for long_side in (_ROUGH_PX, _FINE_PX))
    if min(rough.shape[:2]) < 8:
        raise ImageError(
            f"a photo of {width} x {height} pixels is too small or too narrow to find a subject; paint the mask by hand",
            code="no-subject",
        )
    if rectangle is not None:
        seeds = _from_rectangle(rectangle, (width, height), rough)
    else:
        faces = [face for face in _faces(fine) if face.side >= _PERSON * max(fine.shape)]
        seeds = _from_faces(faces, fine, rough) if faces else _from_colors(rough)
    cut = _without_specks(_grab_cut(rough, seeds))
    share = float(cut.mean())
    if not 0.002 <= share <= 0.98:
        raise ImageError(
            f"no subject was found {'in the photo' if rectangle is None else 'in the rectangle'} by its colors; "
            f"give {'a' if rectangle is None else 'another'} rectangle around it, or paint the mask in any picture editor: white is inside",
            code="no-subject",
        )
    step_px = fine.shape[1] / rough.shape[1]
    smooth = soften(fitted(cut.astype(np.float32)[None, None], (fine.shape[1], fine.shape[0])), step_px)
    edged = _along_edges(smooth[0, 0], fine, 3 * step_px)
    return fitted(edged[None, None], (width, height))


def _check_rectangle(rectangle: Rectangle, size: tuple[int, int]) -> None:
    sides: list[object] = list(rectangle) if hasattr(rectangle, "__len__") else []
    if len(sides) != 4 or not all(_is_finite_number(side) for side in sides):
        raise UsageError(f"a rectangle is left, top, width and height in pixels; got {rectangle!r:.60}")
    x, y, across, down = rectangle
    if across < 1 or down < 1 or x < 0 or y < 0 or x + across > size[0] or y + down > size[1]:
        raise UsageError(f"the rectangle {x},{y},{across},{down} is not inside the photo, which has {size[0]} x {size[1]} pixels")


def _is_finite_number(side: object) -> bool:
    return isinstance(side, (int, np.integer)) or (isinstance(side, (float, np.floating)) and bool(np.isfinite(side)))


def _opencv() -> Any:
    return require("cv2", "making a mask from a photo")


def _bytes(image: Image) -> _Bytes:
    """Shape (H, W, 3), RGB."""
    return np.ascontiguousarray((image[0].clip(0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0))


def _faces(pixels: _Bytes) -> list[_Face]:
    """Faces in a picture (H, W, 3), the most confident first."""
    cv2 = _opencv()
    cascade = _cascade(cv2)
    gray = cv2.equalizeHist(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))  # also finds backlit faces
    height, width = gray.shape
    smallest = max(20, round(max(height, width) * _SMALLEST_FACE))  # 20 px is the size that the cascade was trained for
    found = []
    for tilt, votes in _TILTS.items():
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1)
        back = cv2.invertAffineTransform(turn)
        turned = cv2.warpAffine(gray, turn, (width, height), borderMode=cv2.BORDER_REPLICATE) if tilt else gray
        squares, counts = cascade.detectMultiScale2(turned, 1.1, votes, minSize=(smallest, smallest))
        for (x, y, side, _), count in zip(squares, np.ravel(counts), strict=True):
            middle = back[:, :2] @ (x + side / 2, y + side / 2) + back[:, 2]
            found.append(_Face(x=float(middle[0]), y=float(middle[1]), side=float(side), tilt_degrees=tilt, votes=int(count)))
    faces: list[_Face] = []
    for face in sorted(found, key=lambda face: -face.votes):  # one head may be found upright and tilted
        if all(math.hypot(face.x - other.x, face.y - other.y) > max(face.side, other.side) / 2 for other in faces):
            faces.append(face)
    return faces


def _cascade(cv2: Any) -> Any:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    path = os.path.join(folder, _CASCADE)
    if not hasattr(cv2, "CascadeClassifier") or not os.path.isfile(path):
        raise UsageError(
            f'OpenCV {cv2.__version__} does not include its face detector; install a version below 5: pip install "stylenet[masks]"'
        )
    return cv2.CascadeClassifier(path)


def _head_distance(face: _Face, size: tuple[int, int]) -> NDArray[np.float32]:
    """The distance of each pixel from the center of a head, shape (height, width); 1 on the ellipse around it."""
    right, down = (np.arange(length, dtype=np.float32) + np.float32(0.5) for length in size)
    # The photo was rotated counterclockwise by the tilt to make the head upright; y points down.
    angle = math.radians(face.tilt_degrees)
    across, along = right[None, :] - face.x, down[:, None] - face.y
    sideways = across * math.cos(angle) + along * math.sin(angle)
    upright = along * math.cos(angle) - across * math.sin(angle)
    half_width, half_height = (half * face.side for half in _HEAD)
    return np.hypot(sideways / half_width, (upright + _HEAD_RISE * face.side) / half_height)


def _fading(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 inside the head, 0 beyond `_SOFT_HEAD` heads, and a cubic step in between."""
    t = ((_SOFT_HEAD - distance) / (_SOFT_HEAD - 1)).clip(0, 1)
    return t * t * (3 - 2 * t)


def _from_rectangle(rectangle: Rectangle, size: tuple[int, int], pixels: _Bytes) -> _Bytes:
    """Seeds for the small `pixels` of a photo of `size`: the area outside of the rectangle is background."""
    _check_rectangle(rectangle, size)
    x, y, across, down = rectangle
    seeds = np.full(pixels.shape[:2], _BACKGROUND, np.uint8)
    height, width = pixels.shape[:2]
    left, right = (round(edge * width / size[0]) for edge in (x, x + across))
    top, bottom = (round(edge * height / size[1]) for edge in (y, y + down))
    seeds[top : max(bottom, top + 1), left : max(right, left + 1)] = _PROBABLY_SUBJECT
    if not (seeds == _BACKGROUND).any():
        raise UsageError("the rectangle is the whole photo; leave some of the surroundings outside for comparison")
    return seeds


def _from_faces(faces: Sequence[_Face], larger: _Bytes, pixels: _Bytes) -> _Bytes:
    """Seeds for people: heads and chests are the subject, the bodies below probably, and everything far from both is background.

    Args:
        faces: In pixels of the picture `larger`.
        pixels: The smaller picture to return seeds for.
    """
    height, width = pixels.shape[:2]
    scale = width / larger.shape[1]
    x, y = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    sure, body, near = (np.zeros((height, width), bool) for _ in range(3))
    for face in faces:
        face = replace(face, x=face.x * scale, y=face.y * scale, side=face.side * scale)
        distance = _head_distance(face, (width, height))
        beside, below = abs(x - face.x) / face.side, (y - face.y) / face.side
        # Shoulders are about three faces wide and begin at the chin; a person is about ten faces tall.
        sure |= (distance < 0.65) | ((below > 1) & (below < 2.2) & (beside < 0.4))
        body |= (distance < 1) | ((below > 0.6) & (below < 9) & (beside < np.minimum(1.3, 0.3 + below)))
        near |= (beside < 3.5) & (below > -2) & (below < 11)
    seeds = np.where(near, _PROBABLY_BACKGROUND, _BACKGROUND)
    seeds = np.where(sure, _SUBJECT, np.where(body, _PROBABLY_SUBJECT, seeds))
    return seeds.astype(np.uint8)


def _from_colors(pixels: _Bytes) -> _Bytes:
    """Seeds for what is near the center in colors that do not occur at the border."""
    cv2 = _opencv()
    height, width = pixels.shape[:2]
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    unlike = cv2.GaussianBlur(_distance_to_border_colors(lab), (0, 0), max(height, width) / 50)
    if unlike.max() < 1:
        raise ImageError(
            "no subject was found in the photo: its middle has the colors of its border; give a rectangle around the subject",
            code="no-subject",
        )
    x, y = (np.arange(width) + 0.5) / width - 0.5, (np.arange(height)[:, None] + 0.5) / height - 0.5
    middle = np.exp(-(x**2 + y**2) / (2 * 0.33**2))
    striking = _stretched(middle * (0.1 + _stretched(unlike)))
    level, _ = cv2.threshold((striking * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    probable = striking > level / 255
    rim = max(2, round(0.03 * min(height, width)))
    inner = np.zeros((height, width), bool)
    inner[rim:-rim, rim:-rim] = True
    seeds = np.where(probable, _PROBABLY_SUBJECT, np.where(inner, _PROBABLY_BACKGROUND, _BACKGROUND))
    # A tenth is certain; otherwise subjects with the texture of their surroundings would be lost.
    seeds = np.where(striking >= np.quantile(striking[probable], 0.9), _SUBJECT, seeds)
    return seeds.astype(np.uint8)


def _distance_to_border_colors(lab: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mahalanobis distance of each pixel (H, W, 3) to the nearest of the colors along the border."""
    cv2 = _opencv()
    rim = max(2, round(0.04 * min(lab.shape[:2])))
    border = np.concatenate([part.reshape(-1, 3) for part in (lab[:rim], lab[-rim:], lab[:, :rim], lab[:, -rim:])])
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    labels = cv2.kmeans(border, min(_BORDER_COLORS, len(border)), None, stop, 1, cv2.KMEANS_PP_CENTERS)[1].ravel()
    distances = []
    for label in np.unique(labels):
        group = border[labels == label]
        if len(group) >= 0.03 * len(border):  # a rarer color may belong to a subject at the border
            spread = np.cov(group.T) + 40 * np.eye(3)  # 40: six units of L*a*b*, the smallest difference that counts as another color
            away = lab - group.mean(axis=0)
            distances.append(np.sqrt(np.einsum("hwi,ij,hwj->hw", away, np.linalg.inv(spread), away)))
    return np.min(distances, axis=0)


def _stretched(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.percentile(values, (1, 99))
    return ((values - low) / max(float(high - low), 1e-9)).clip(0, 1)


def _grab_cut(pixels: _Bytes, seeds: _Bytes) -> _Bytes:
    """The segmentation: 1 in the subject, 0 in the background."""
    first = np.bitwise_and(seeds, np.uint8(1))  # subject and probably subject are odd
    if first.all():  # a face fills the photo: there is no background
        return first
    cv2 = _opencv()
    cv2.setRNGSeed(0)  # for reproducible masks
    result = seeds.copy()
    cv2.grabCut(pixels, result, None, np.zeros((1, 65)), np.zeros((1, 65)), _ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.bitwise_and(result, np.uint8(1))


def _along_edges(cut: NDArray[np.float32], pixels: _Bytes, rough_px: float) -> NDArray[np.float32]:
    """The rough `cut`, upsampled to the size of `pixels`, with a soft edge aligned with that of the picture; 0..1.

    He, Sun, Tang 2010 (ECCV), "Guided image filtering", eqs. 5, 6 and 8: in every small window the mask is a linear function of the
    picture. We apply it only within `rough_px` of the edge, and steepen it.
    """
    cv2 = _opencv()

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(values, (2 * round(rough_px) + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    gray_mean, cut_mean = mean(gray), mean(cut)
    slope = (mean(gray * cut) - gray_mean * cut_mean) / (mean(gray * gray) - gray_mean**2 + 0.03**2)
    offset = cut_mean - slope * gray_mean
    guided = ((mean(slope) * gray + mean(offset) - 0.5) * 1.6 + 0.5).clip(0, 1)
    return np.where((cut_mean > 0) & (cut_mean < 1), guided, cut).astype(np.float32)


def _without_specks(cut: _Bytes) -> _Bytes:
    """`cut` without small separate parts and pinholes."""
    cv2 = _opencv()
    _, labels, facts, _ = cv2.connectedComponentsWithStats(cut, connectivity=4)
    areas = facts[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    cut = (areas >= 0.15 * max(1, areas.max()))[labels].astype(np.uint8)
    _, labels, facts, _ = cv2.connectedComponentsWithStats(1 - cut, connectivity=4)
    pinhole = facts[:, cv2.CC_STAT_AREA] < 0.005 * cut.size
    pinhole[0] = False
    cut[pinhole[labels]] = 1
    return cut
