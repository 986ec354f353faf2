"""One form for what every framework's side computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reference:
    """A recipe rebuilt in the framework it came from. Pictures are RGB in the recipe's units, (height, width, 3), as the person sees them.

    Attributes:
        framework: With its version.
        features: Of each layer, (height, width, channels), for a picture.
        evaluate: The weighted terms and the gradient of their sum with respect to the picture.
        iterates: The picture after each of a number of the solver's steps from a start; none where SciPy's rounds are compared.
        rounds: Evaluations and loss of each of some rounds of SciPy's L-BFGS from a start.
    """

    framework: str
    features: Callable[[np.ndarray], dict[str, np.ndarray]]
    evaluate: Callable[[np.ndarray], tuple[dict[str, float], np.ndarray]]
    iterates: Callable[[np.ndarray, int], list[np.ndarray]] | None = None
    rounds: Callable[[np.ndarray, int], list[tuple[int, float]]] | None = None
