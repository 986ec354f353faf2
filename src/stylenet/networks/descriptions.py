"""What the network of every style knows of a painting, as numbers for every engine that describes one. No torch."""

from __future__ import annotations

from stylenet.catalog.encoders import VGG19

LAYERS = {f"relu{block}_1": VGG19.widths[f"conv{block}_1"] for block in range(1, 6)}
"""Layers of VGG-19 that describe a painting, and their channels."""

DIRECTIONS = 20
"""Directions of each layer along which correlations are described."""

FARTHEST = 4.0
"""Deviations from the usual that are told apart."""

BOUNDED = ("hidden", "code")
"""Layers of the coder whose units are kept within the range that they have for paintings: see `coder.StyleCoder.bound`."""

OUTLIERS = 0.005
"""Share of the paintings, at either end, that a unit's range leaves out: one odd painting among hundreds would widen it for all."""

UNBOUNDED = 1e4
"""The limit of a unit before `bound` is called: networks' files hold finite numbers of 16 bits."""

LEAST_DEVIATION = 1e-5
"""Of a channel: a smaller one counts as this."""

LEAST_VARIANCE = 1e-10
"""Of a channel, before the root is taken."""

USUAL_STRENGTH, STRENGTH_UNIT = 50.0, 25.0
"""What a strength of 0 is to the coder, and one of 1."""
