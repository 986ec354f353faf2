"""A picture cut into tiles that overlap by a halo, so that what is computed tile by tile is what the whole picture gives."""

from __future__ import annotations

from dataclasses import dataclass

from stylenet.errors import UsageError


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in pixels.

    Attributes:
        start: First pixel that is looked at.
        stop: Behind the last pixel that is looked at.
        first: First pixel that the tile answers for.
        last: Behind the last pixel that the tile answers for.
    """

    start: int
    stop: int
    first: int
    last: int

    @property
    def length(self) -> int:
        """Pixels that are looked at."""
        return self.stop - self.start


@dataclass(frozen=True)
class Tile:
    """A part of a picture.

    Attributes:
        columns: Along the width.
        rows: Along the height.
    """

    columns: Span
    rows: Span

    @property
    def pixels(self) -> int:
        """Pixels that are looked at."""
        return self.columns.length * self.rows.length


def tile_grid(width: int, height: int, *, most_px: int | None, halo_px: int, stride_px: int) -> tuple[Tile, ...]:
    """Tiles that cover a picture once with what they answer for; row by row.

    Args:
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        most_px: Pixels (width times height) that one tile may look at; None: no limit, one tile.
        halo_px: Overlap of a tile with its neighbors, inside the picture; a multiple of `stride_px`.
        stride_px: Tiles begin on multiples of it.

    Raises:
        UsageError: even the smallest tile has more pixels.
    """
    if most_px is None or width * height <= most_px:
        return (Tile(Span(0, width, 0, width), Span(0, height, 0, height)),)
    best: tuple[int, tuple[Span, ...], tuple[Span, ...]] | None = None
    for count in range(1, -(-width // stride_px) + 1):
        columns = _spans(width, count, halo_px, stride_px)
        across = sum(span.length for span in columns)
        if best is not None and across * height >= best[0]:
            continue  # rows are never shorter than the picture together
        widest = max(span.length for span in columns)
        rows = _fitting(height, most_px // widest, halo_px=halo_px, stride_px=stride_px)
        if rows is None:
            continue
        work = across * sum(span.length for span in rows)
        if best is None or work < best[0]:
            best = work, columns, rows
    if best is None:
        smallest = min(width, stride_px + 2 * halo_px) * min(height, stride_px + 2 * halo_px)
        raise UsageError(f"a tile may have {most_px} pixels, and the smallest one has {smallest}; allow more memory")
    return tuple(Tile(columns, rows) for rows in best[2] for columns in best[1])


def _fitting(length: int, most: int, *, halo_px: int, stride_px: int) -> tuple[Span, ...] | None:
    """The fewest spans of which none is longer than `most`."""
    low, high = 1, -(-length // stride_px)
    if max(span.length for span in _spans(length, high, halo_px, stride_px)) > most:
        return None
    while low < high:
        middle = (low + high) // 2
        if max(span.length for span in _spans(length, middle, halo_px, stride_px)) <= most:
            high = middle
        else:
            low = middle + 1
    return _spans(length, low, halo_px, stride_px)


def _spans(length: int, count: int, halo_px: int, stride_px: int) -> tuple[Span, ...]:
    """At most `count` spans of nearly one length. The last one answers for a stride at least: no tile is without a deep position."""
    core = -(-length // (count * stride_px)) * stride_px
    firsts = range(0, max(1, length - stride_px + 1), core)
    lasts = [*firsts[1:], length]
    return tuple(Span(max(0, first - halo_px), min(length, last + halo_px), first, last) for first, last in zip(firsts, lasts, strict=True))
