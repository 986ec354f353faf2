"""Constants of style descriptions, shared by all engines. Does not import torch."""

from __future__ import annotations

from stylenet.catalog.encoders import VGG19

LAYERS = {f"relu{block}_1": VGG19.widths[f"conv{block}_1"] for block in range(1, 6)}
"""Layers of VGG-19 used in descriptions, with their number of channels."""

DIRECTIONS = 20
"""Number of directions that the correlations of each layer are projected onto."""

FARTHEST = 4.0
"""Descriptions are clipped to this many standard deviations from the mean."""

BOUNDED = ("hidden", "code")
"""Layers of the coder whose units are clipped to their range for paintings: see `coder.StyleCoder.bound`."""

OUTLIERS = 0.005
"""Share of the paintings excluded from a unit's range at either end: a single outlier among hundreds would widen it."""

UNBOUNDED = 1e4
"""Limit of a unit before `bound` is called. Finite in float16, the type of network files."""

MIN_DEVIATION = 1e-5
"""Lower bound for the standard deviation of a channel."""

MIN_VARIANCE = 1e-10
"""Lower bound for the variance of a channel, before the square root."""

DEFAULT_STRENGTH, STRENGTH_UNIT = 50.0, 25.0
"""The coder's input for a strength: (strength - `DEFAULT_STRENGTH`) / `STRENGTH_UNIT`."""
