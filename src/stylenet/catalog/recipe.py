"""Recipes: all parameters with their ranges and meanings. TOML files are read into these frozen records.

Name, type, range, default and help of each parameter are defined only here. `recipes check`, `--set` and the documentation read
them from these records. Unknown parameters and values out of range are rejected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from stylenet.catalog.encoders import Padding, Pooling, Rounding

Weights = dict[str, Annotated[float, Meta(ge=0)]]

STYLE_DISTANCES = {
    "gram": ("relative", "mean", "mean-per-element", "gatys", "keras", "scaled"),
    "mean-std": ("relative",),
    "wasserstein": ("relative", "mean"),
}
"""Distances of each style statistic; see losses/style.py for the formulas."""


def parameter(help: str, **limits: Any) -> Meta:
    """The meaning and range of a parameter, for msgspec."""
    return Meta(description=help, **limits)


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of a recipe; immutable, rejects unknown names."""


class EncoderSection(Section, frozen=True):
    """The network whose features are compared, and its variants."""

    name: Annotated[str, parameter("encoder of the recipe: compact, vgg16 or vgg19")] = "compact"
    pooling: Annotated[Pooling | None, parameter("pooling type; none: the encoder's own")] = None
    pooling_scale: Annotated[
        float, parameter("factor of pooled values; about 2 compensates for average pooling, 0.78 for L2", gt=0, le=10)
    ] = 1.0
    rounding: Annotated[Rounding | None, parameter("rounding of odd sizes in pooling; none: the encoder's own")] = None
    padding: Annotated[Padding | None, parameter("padding of convolutions; none: the encoder's own")] = None
    published: Annotated[
        tuple[str, ...], parameter("published weights (`weights ls`) that the recipe was tuned for, best first; none: any")
    ] = ()
    weights: Annotated[str, parameter("description of the weights file for which the recipe was tuned")] = "built in"
    caffe_ratio: Annotated[
        float,
        parameter(
            "features of the Caffe-trained VGG-19 divided by those of the published weights: adjusts the losses if it stands in", gt=0
        ),
    ] = 1.0


class PictureSection(Section, frozen=True):
    """Size, initial image and value range of the picture."""

    largest_px: Annotated[int, parameter("default long side; 0: the photo's own size", ge=0)] = 0
    shape: Annotated[Literal["photo", "square"], parameter("keep the photo's aspect ratio, or resize to a square")] = "photo"
    start: Annotated[
        Literal["content", "noise", "style", "network"],
        parameter("initial image; network: the result of the instant network"),
    ] = "content"
    noise: Annotated[
        Literal["normal", "uniform"], parameter("kind of noise to start from: normal around the mean, uniform over the range")
    ] = "normal"
    noise_scale: Annotated[float, parameter("standard deviation of normal noise in picture units", ge=0)] = 0.2
    unit: Annotated[
        Literal["unit", "bytes"],
        parameter("range of values, 0..1 or 0..255: the unit of learning rates, noise and smoothness"),
    ] = "unit"
    clip: Annotated[bool, parameter("keep the values in their range after every step")] = True
    rim_px: Annotated[int, parameter("reflection padding around the picture, in pixels; its features are ignored", ge=0)] = 0


class StylePictureSection(Section, frozen=True):
    """Size at which the painting's features are computed."""

    size: Annotated[
        Literal["area", "width", "photo", "own", "long-side"],
        parameter(
            "the painting is resized to the photo's area, its width, its exact size or its long side, or kept at its own size;"
            " its aspect ratio is kept, except for 'photo'"
        ),
    ] = "area"


class ContentSection(Section, frozen=True):
    """The content term."""

    layers: Annotated[Weights, parameter("weight of each layer")]
    distance: Annotated[
        Literal["spread", "relative", "mean", "half-mean", "sum", "half-sum", "self-similarity"],
        parameter(
            "squared differences of the features: divided by how much the photo's vary, by the photo's mean square, their mean, its half, "
            "their sum, its half; or self-similarity (Kolkin et al. 2019)"
        ),
    ] = "relative"
    weight: Annotated[float, parameter("of the whole term", ge=0)] = 1.0


class StyleSection(Section, frozen=True):
    """The style term."""

    layers: Annotated[Weights, parameter("weight of each layer")]
    statistic: Annotated[
        Literal["gram", "mean-std", "wasserstein"],
        parameter("what is compared: Gram matrices, means and deviations of channels, or both moments by Wasserstein-2 distance"),
    ] = "gram"
    distance: Annotated[
        Literal["relative", "mean", "mean-per-element", "gatys", "keras", "scaled"],
        parameter("how the statistics are compared; see losses/style.py for the formulas. Only Gram matrices support all of them"),
    ] = "relative"
    ridge: Annotated[float, parameter("added to the diagonals of both covariances, for the Wasserstein-2 distance `mean`", gt=0)] = 1e-4
    shift: Annotated[float, parameter("subtracted from the features before their products (Novak and Nikulin 2016: 1)")] = 0.0
    chain: Annotated[bool, parameter("each layer's loss minus the next one's, halved towards the shallow end (Novak and Nikulin 2016)")] = (
        False
    )
    balance: Annotated[
        Literal["raw", "start"],
        parameter(
            "use the weights as they are, or divide each by the layer's loss for the photo, so that they mean the same for every pair"
        ),
    ] = "raw"
    weight: Annotated[float, parameter("of the whole term", ge=0)] = 1.0


class DetailSection(Section, frozen=True):
    """An additional style term that compares features by position; it needs the image of the painting."""

    statistic: Annotated[
        Literal["nearest", "sliced", "histogram"],
        parameter(
            "nearest-neighbor matching (Kolkin et al. 2022), sliced Wasserstein distance "
            "(Heitz et al. 2021), or histograms of the channels (Risser et al. 2017)"
        ),
    ] = "nearest"
    layers: Annotated[Weights, parameter("weight of each layer")] = msgspec.field(default_factory=lambda: {"relu3_1": 0.5, "relu4_1": 0.5})
    weight: Annotated[float, parameter("of the whole term, which is 1 for the photo; 0: none", ge=0)] = 0.0


class EdgesSection(Section, frozen=True):
    """Preservation of the photo's edges (Li et al. 2017)."""

    pools: Annotated[
        tuple[Annotated[int, Meta(ge=1)], ...], parameter("window sizes of average pooling before the Laplacian, in pixels")
    ] = (4,)
    weight: Annotated[float, parameter("of the whole term, which is 1 for a picture without edges; 0: none", ge=0)] = 0.0


class SmoothnessSection(Section, frozen=True):
    """The smoothness term (total variation)."""

    distance: Annotated[
        Literal["absolute", "square", "keras", "stylenet", "neural-style", "nine-point", "mean-absolute", "mean-square"],
        parameter("which differences of neighbors are summed; see losses/smoothness.py for the formulas"),
    ] = "mean-square"
    weight: Annotated[float, parameter("of the whole term; 0: none", ge=0)] = 0.0


class SolverSection(Section, frozen=True):
    """The solver."""

    name: Annotated[Literal["adam", "lbfgs", "scipy-lbfgs"], parameter("solver; scipy-lbfgs counts evaluations as SciPy does")] = "adam"
    learning_rate: Annotated[float, parameter("step size, in picture units per step", gt=0)] = 0.03
    final_rate: Annotated[float, parameter("share of the learning rate that remains at the end of a level", gt=0, le=1)] = 1.0
    beta1: Annotated[float, parameter("Adam: decay rate of the gradient average", ge=0, lt=1)] = 0.9
    beta2: Annotated[float, parameter("Adam: decay rate of the squared-gradient average", ge=0, lt=1)] = 0.999
    epsilon: Annotated[float, parameter("Adam: added to the denominator", gt=0)] = 1e-8
    epsilon_form: Annotated[
        Literal["paper", "hat"],
        parameter("Adam: epsilon is added after bias correction (paper, PyTorch) or before it (TensorFlow, Keras)"),
    ] = "paper"
    scales: Annotated[int, parameter("Adam: number of coarser scales at which each step is made as well", ge=0, le=9)] = 0
    history: Annotated[int, parameter("L-BFGS: number of stored steps", ge=1, le=1000)] = 100
    evaluations_per_round: Annotated[int, parameter("scipy-lbfgs: maximum number of loss evaluations per round", ge=1)] = 20
    patience: Annotated[int, parameter("end a level if the loss has not improved by a thousandth in this many steps; 0: never", ge=0)] = 0
    average: Annotated[float, parameter("decay rate of the iterate average returned as the result; 0: the last iterate", ge=0, lt=1)] = 0.0


class PyramidSection(Section, frozen=True):
    """Coarse-to-fine levels, each starting from the result of the previous one."""

    coarsest_px: Annotated[int, parameter("long side of the first level; 0: one level", ge=0)] = 0
    factor: Annotated[float, parameter("scale factor between levels", gt=1, le=4)] = 2.0
    steps: Annotated[
        tuple[Annotated[int, Meta(ge=0)], ...], parameter("steps of each level from the coarsest; the last number repeats")
    ] = (500,)
    content_weights: Annotated[
        tuple[Annotated[float, Meta(ge=0)], ...],
        parameter("factors of the content weight by level, from the coarsest; the last number repeats"),
    ] = (1.0,)
    detail: Annotated[float, parameter("share of the photo's detail added at each finer level; 1 at strength 0", ge=0, le=1)] = 0.0
    deepest: Annotated[
        tuple[str, ...],
        parameter(
            "deepest style layer compared at each level, from the finest; the last one repeats; none: all, as in pictures of one level"
        ),
    ] = ()
    exact_steps: Annotated[int, parameter("number of final steps computed in float32", ge=0)] = 0
    save_every: Annotated[int, parameter("interval of saved pictures in steps, as in the recipe's source; 0: none", ge=0)] = 0


class NetworkSection(Section, frozen=True):
    """The network that paints in one pass, or paints the initial image."""

    name: Annotated[str, parameter("included network: 'instant' for all styles; empty: the network of the style itself")] = "instant"


class About(Section, frozen=True):
    """Description of a recipe for users."""

    source: str
    minimizes: str
    differs: str = ""
    expect: str = ""
    seen: str = ""
    """What two pictures of 256 px look like, painted with all steps and the compact encoder."""


class Recipe(Section, frozen=True, kw_only=True):
    """A recipe."""

    name: str = ""
    summary: str
    about: About
    method: Literal["optimization", "network"] = "optimization"
    encoder: EncoderSection = EncoderSection()
    picture: PictureSection = PictureSection()
    painting: StylePictureSection = StylePictureSection()
    content: ContentSection
    style: StyleSection
    detail: DetailSection = DetailSection()
    edges: EdgesSection = EdgesSection()
    smoothness: SmoothnessSection = SmoothnessSection()
    solver: SolverSection = SolverSection()
    pyramid: PyramidSection = PyramidSection()
    network: NetworkSection = NetworkSection()
