"""Cut pictures into tiles that overlap by a halo, so that results are the same as without tiles."""

from __future__ import annotations

from dataclasses import dataclass

from stylenet.errors import UsageError


@dataclass(frozen=True)
class Span:
    """Extent of a tile along one axis, in pixels.

    Attributes:
        start: Begin, halo included.
        stop: End (exclusive), halo included.
        first: Begin without the halo.
        last: End (exclusive) without the halo.
    """

    start: int
    stop: int
    first: int
    last: int

    @property
    def length(self) -> int:
        """Length, halo included."""
        return self.stop - self.start


@dataclass(frozen=True)
class Tile:
    """A tile of a picture.

    Attributes:
        columns: Extent along the width.
        rows: Extent along the height.
    """

    columns: Span
    rows: Span

    @property
    def pixels(self) -> int:
        """Number of pixels, halo included."""
        return self.columns.length * self.rows.length


def tile_grid(width: int, height: int, *, max_px: int | None, halo_px: int, stride_px: int) -> tuple[Tile, ...]:
    """Tiles that cover a picture without overlap except for their halos, row by row.

    Args:
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        max_px: Largest number of pixels of a tile, halo included; None: no limit, one tile.
        halo_px: Width of the halo inside the picture; a multiple of `stride_px`.
        stride_px: Tiles begin on multiples of it.

    Raises:
        UsageError: even the smallest tile has more than `max_px` pixels.
    """
    if max_px is None or width * height <= max_px:
        return (Tile(Span(0, width, 0, width), Span(0, height, 0, height)),)
    best: tuple[int, tuple[Span, ...], tuple[Span, ...]] | None = None
    for count in range(1, -(-width // stride_px) + 1):
        columns = _spans(width, count, halo_px, stride_px)
        across = sum(span.length for span in columns)
        if best is not None and across * height >= best[0]:
            continue  # the rows together are at least as long as the picture
        widest = max(span.length for span in columns)
        rows = _fitting(height, max_px // widest, halo_px=halo_px, stride_px=stride_px)
        if rows is None:
            continue
        work = across * sum(span.length for span in rows)
        if best is None or work < best[0]:
            best = work, columns, rows
    if best is None:
        smallest = min(width, stride_px + 2 * halo_px) * min(height, stride_px + 2 * halo_px)
        raise UsageError(f"tiles may have {max_px} pixels, but the smallest one has {smallest}; allow more memory")
    return tuple(Tile(columns, rows) for rows in best[2] for columns in best[1])


def _fitting(length: int, max_length: int, *, halo_px: int, stride_px: int) -> tuple[Span, ...] | None:
    """The smallest number of spans with at most `max_length` pixels each."""
    low, high = 1, -(-length // stride_px)
    if max(span.length for span in _spans(length, high, halo_px, stride_px)) > max_length:
        return None
    while low < high:
        middle = (low + high) // 2
        if max(span.length for span in _spans(length, middle, halo_px, stride_px)) <= max_length:
            high = middle
        else:
            low = middle + 1
    return _spans(length, low, halo_px, stride_px)


def _spans(length: int, count: int, halo_px: int, stride_px: int) -> tuple[Span, ...]:
    """At most `count` spans of nearly equal length. The last one has at least one stride, and so a position in the deepest layer."""
    core = -(-length // (count * stride_px)) * stride_px
    firsts = range(0, max(1, length - stride_px + 1), core)
    lasts = [*firsts[1:], length]
    return tuple(Span(max(0, first - halo_px), min(length, last + halo_px), first, last) for first, last in zip(firsts, lasts, strict=True))
