"""Every recipe against the framework it came from: features, terms, gradient, solver.

Writes docs/parity.md where all recipes were compared; exit code 1 where a bar is missed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import material
import numpy as np
from ours import Ours
from reference import Reference

PAGE = Path(__file__).parents[1] / "docs" / "parity.md"
STEPS, ROUNDS = 20, 3

# The bars.
FEATURES = TERMS = 1e-5
GRADIENT, COSINE = 1e-4, 0.99999
ITERATES = 1e-3
EXACT = 1e-9
ROUND_LOSS = 0.01

RELUS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@dataclass(frozen=True)
class Case:
    """A recipe, the file its weights come in, and its twin.

    Attributes:
        recipe: Name.
        file: Of the random weights.
        kind: What our reader is told about the file.
        twin: Makes the reference from the file and the pictures.
    """

    recipe: str
    file: str
    kind: str | None
    twin: Callable[[Path, material.Pictures], Reference]


def _stylenet(content: dict[str, float], style: float, *, exchanged: bool, rate: float) -> Callable[[Path, material.Pictures], Reference]:
    def make(weights: Path, pictures: material.Pictures) -> Reference:
        import in_tensorflow

        return in_tensorflow.stylenet(weights, pictures, content=content, style=style, exchanged=exchanged, rate=rate)

    return make


def _tutorial(weights: Path, pictures: material.Pictures) -> Reference:
    import in_tensorflow

    return in_tensorflow.tutorial(weights, pictures)


def _keras(
    pooling: str, content: tuple[str, float], style: float, smoothness: float, *, chain: bool = False
) -> Callable[[Path, material.Pictures], Reference]:
    def make(weights: Path, pictures: material.Pictures) -> Reference:
        import in_keras

        return in_keras.example(weights, pictures, pooling=pooling, content=content, style=style, smoothness=smoothness, chain=chain)

    return make


def _gatys(pooling: str) -> Callable[[Path, material.Pictures], Reference]:
    def make(weights: Path, pictures: material.Pictures) -> Reference:
        import in_torch

        return in_torch.gatys_2016(weights, pictures, pooling=pooling)

    return make


def _gatys_code(weights: Path, pictures: material.Pictures) -> Reference:
    import in_torch

    # 1e3 / n^2 * mse of G / (h w): the same as 1e3 * mse of G / (n h w).
    style = dict.fromkeys(RELUS, 1e3)
    return in_torch.means(in_torch.vgg19(weights, pictures, caffe=True), pictures, scale=255, content=("relu4_2", 1.0), style=style)


def _neural_style(weights: Path, pictures: material.Pictures) -> Reference:
    import in_torch

    features = in_torch.vgg19(weights, pictures, up=True, caffe=True)
    style = dict.fromkeys(RELUS, 100.0)
    return in_torch.means(features, pictures, scale=255, content=("relu4_2", 5.0), style=style, smoothness=in_torch.half_squares)


def _pytorch_tutorial(weights: Path, pictures: material.Pictures) -> Reference:
    import in_torch

    style = dict.fromkeys(("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"), 1e6)
    return in_torch.means(
        in_torch.vgg19(weights, pictures, caffe=False), pictures, scale=1, content=("conv2_2", 1.0), style=style, clip=1.0
    )


def _style_transfer_pytorch(weights: Path, pictures: material.Pictures) -> Reference:
    import in_torch

    return in_torch.style_transfer_pytorch(weights, pictures)


MAT, KERAS19, KERAS16, PTH = "vgg19.mat", "vgg19.weights.h5", "vgg16.weights.h5", "vgg19.pth"
SWAPPED = "matconvnet-swapped"
CASES = (
    Case("gatys-2016", PTH, "caffe", _gatys("max")),
    Case("gatys-2016-average", PTH, "caffe", _gatys("average")),
    Case("gatys-2016-content-start", PTH, "caffe", _gatys("max")),
    Case("gatys-2016-style-start", PTH, "caffe", _gatys("max")),
    Case("gatys-2016-code", PTH, "caffe", _gatys_code),
    Case("stylenet-2018", MAT, SWAPPED, _stylenet({"relu4_2": 5.0}, 500.0, exchanged=True, rate=0.001)),
    Case("stylenet-2018-recommended", MAT, SWAPPED, _stylenet({"relu4_2": 5.0}, 500.0, exchanged=True, rate=10.0)),
    Case("stylenet-cookbook", MAT, SWAPPED, _stylenet({"relu4_2": 2.5}, 100.0, exchanged=True, rate=10.0)),
    Case("stylenet-cookbook-meant", MAT, SWAPPED, _stylenet({"relu4_2": 2.5, "relu5_2": 2.5}, 100.0, exchanged=False, rate=10.0)),
    Case("cnn-stylenet", MAT, SWAPPED, _stylenet({"relu4_2": 5.0}, 500.0, exchanged=True, rate=0.5)),
    Case("neural-style-anishathalye", MAT, SWAPPED, _stylenet({"relu4_2": 5.0}, 100.0, exchanged=False, rate=10.0)),
    Case("tensorflow-tutorial", KERAS19, None, _tutorial),
    Case("keras-2016", KERAS16, None, _keras("max", ("relu4_2", 0.025), 1.0, 1.0)),
    Case("keras-2016-improved", KERAS16, None, _keras("average", ("relu5_2", 1.0), 0.01, 1e-3)),
    Case("novak-nikulin-2016", KERAS16, None, _keras("average", ("relu5_2", 0.025), 1.0, 1e-5, chain=True)),
    Case("neural-style", PTH, "caffe", _neural_style),
    Case("style-transfer-pytorch", PTH, "torchvision", _style_transfer_pytorch),
    Case("pytorch-tutorial", PTH, "torchvision", _pytorch_tutorial),
)


@cache
def weights_file(name: str) -> Path:
    """The random weights in the format that `name` says, written once."""
    path = Path(tempfile.mkdtemp(prefix="parity-")) / name
    architecture = name.split(".")[0]
    weights = material.random_weights(architecture)
    if name.endswith(".mat"):
        material.write_matconvnet(weights, path)
    elif name.endswith(".pth"):
        material.write_torch(weights, path)
    else:
        material.write_keras(weights, architecture, path)
    return path


@dataclass(frozen=True)
class Comparison:
    """Differences at the probe in one precision, relative."""

    features: float
    terms: dict[str, float]
    gradient: float
    cosine: float


@dataclass(frozen=True)
class Result:
    """What was measured of one recipe."""

    recipe: str
    framework: str
    file: str
    single: Comparison
    double: Comparison
    solver: str
    solver_difference: float
    solver_passed: bool

    @property
    def passed(self) -> bool:
        """Whether every bar holds."""
        single, double = self.single, self.double
        return (
            max(single.features, *single.terms.values()) <= TERMS
            and single.gradient <= GRADIENT
            and single.cosine >= COSINE
            and max(double.features, *double.terms.values(), double.gradient) <= EXACT
            and self.solver_passed
        )


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Length of the difference by the length of the reference."""
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def start_of(case: Case, ours: Ours, pictures: material.Pictures) -> np.ndarray:
    """The recipe's own start, the same numbers for both sides."""
    picture = ours.recipe.picture
    random = np.random.default_rng(7)
    if picture.start == "noise" and picture.noise == "uniform":
        return (random.random(pictures.photo.shape) * ours.scale).astype(np.float32)
    if picture.start == "noise":
        preprocessing = ours.encoder.record.preprocessing
        mean = np.array(preprocessing.mean)[:: -1 if preprocessing.channel_order == "bgr" else 1] / preprocessing.scale * ours.scale
        return (mean + random.standard_normal(pictures.photo.shape) * picture.noise_scale).astype(np.float32)
    return (pictures.painting if picture.start == "style" else pictures.photo) * np.float32(ours.scale)


def compare(case: Case, ours: Ours, theirs: Reference, pictures: material.Pictures) -> Comparison:
    """Features, terms and gradient at the probe."""
    probe = (pictures.probe * ours.scale).astype(pictures.probe.dtype)
    their_features, our_features = theirs.features(probe), ours.features(probe)
    (their_terms, their_gradient), (our_terms, our_gradient) = theirs.evaluate(probe), ours.evaluate(probe)
    if set(their_terms) != set(our_terms):
        raise SystemExit(f"{case.recipe}: terms are {sorted(our_terms)} here and {sorted(their_terms)} there")
    one, other = our_gradient.astype(np.float64).ravel(), their_gradient.astype(np.float64).ravel()
    return Comparison(
        features=max(relative(our_features[layer], their_features[layer]) for layer in ours.layers),
        terms={name: abs(our_terms[name] / value - 1) for name, value in their_terms.items()},
        gradient=relative(our_gradient, their_gradient),
        cosine=float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)),
    )


def race(ours: Ours, theirs: Reference, start: np.ndarray) -> tuple[str, float, bool]:
    """What both solvers did from one start in words, how far they are apart, and whether that is near enough."""
    if theirs.rounds is not None:
        their_rounds, our_rounds = theirs.rounds(start, ROUNDS), ours.rounds(start, ROUNDS)
        same = [count for count, _ in their_rounds] == [count for count, _ in our_rounds]
        difference = abs(our_rounds[-1][1] / their_rounds[-1][1] - 1)
        counts = " + ".join(str(count) for count, _ in our_rounds)
        words = f"SciPy L-BFGS, {counts} evaluations" if same else f"SciPy L-BFGS, {counts} evaluations, there {their_rounds}"
        return words, difference, same and difference <= ROUND_LOSS
    if theirs.iterates is None:
        raise SystemExit("a twin has either iterates or rounds")
    pairs = zip(ours.iterates(start, STEPS), theirs.iterates(start, STEPS), strict=True)
    difference = max(float(np.abs(mine - twin).max()) for mine, twin in pairs) / ours.scale
    return f"{STEPS} steps of {'Adam' if ours.recipe.solver.name == 'adam' else 'L-BFGS'}", difference, difference <= ITERATES


def measure(case: Case) -> Result:
    """Compare one recipe with its twin: its numbers in float32 and float64, its solver in float64."""
    from stylenet.catalog.recipes import load_recipe

    file = weights_file(case.file)
    comparisons = []
    for precision in ("float32", "float64"):
        pictures = material.pictures(load_recipe(case.recipe).painting.size, precision)
        theirs, ours = case.twin(file, pictures), Ours(case.recipe, file, pictures, kind=case.kind)
        comparisons.append(compare(case, ours, theirs, pictures))
    single, double = comparisons
    words, difference, near = race(ours, theirs, start_of(case, ours, pictures).astype("float64"))
    return Result(case.recipe, theirs.framework, case.file, single, double, words, difference, near)


COLUMNS = (
    *("recipe", "reimplemented in", "weights", "features", "content", "style", "smoothness", "gradient", "1 - cosine"),
    *("all in float64", "solver", "difference", "passed"),
)


def _row(result: Result) -> str:
    single, double = result.single, result.double
    cells = [
        f"`{result.recipe}`",
        result.framework,
        f"`{result.file}`",
        f"{single.features:.1e}",
        *(f"{single.terms[name]:.1e}" if name in single.terms else "none" for name in ("content", "style", "smoothness")),
        f"{single.gradient:.1e}",
        f"{max(0.0, 1 - single.cosine):.1e}",
        f"{max(double.features, *double.terms.values(), double.gradient):.1e}",
        result.solver,
        f"{result.solver_difference:.1e}",
        "yes" if result.passed else "**no**",
    ]
    return f"| {' | '.join(cells)} |"


def page(results: list[Result]) -> str:
    """docs/parity.md."""
    rows = "\n".join(_row(result) for result in results)
    return f"""# Parity

Does `--recipe tensorflow-tutorial` compute what the TensorFlow tutorial computes? `make parity` reimplements the loss of each recipe in
its original framework, from its formulas, and compares the values with StyleNet's. This page is generated by `parity/compare.py`.

Both sides use the same random VGG weights, stored in a file that the framework itself writes or reads (Keras' `.weights.h5`, MatConvNet's
`.mat`, PyTorch's `.pth`) and loaded by StyleNet's reader. The photo has {material.WIDTH} x {material.HEIGHT} pixels, odd and not
square, so that pooling has to round. Terms and gradients are evaluated on a probe image that is neither the photo nor the painting.
Everything runs on a CPU. Then both solvers start from the recipe's own initial image, with the same values on both sides.

| what | how it is measured | tolerance |
|---|---|--:|
| features | float32: relative norm of the difference, for the worst layer that the recipe uses | {FEATURES:.0e} |
| content, style, smoothness | float32: relative difference of each weighted term | {TERMS:.0e} |
| gradient | float32: relative norm of the difference, for the sum of all terms with respect to the image | {GRADIENT:.0e} |
| 1 - cosine | float32: cosine of the angle between the two gradients | {1 - COSINE:.0e} |
| all in float64 | the largest of the differences above, computed without float32 rounding | {EXACT:.0e} |
| solver | float64; Adam, L-BFGS: largest difference of a pixel in the first {STEPS} iterates, relative to the range | {ITERATES:.0e} |
| | float64; SciPy's L-BFGS: equal number of evaluations in {ROUNDS} rounds, relative difference of the final loss | {ROUND_LOSS:.0e} |

| {" | ".join(COLUMNS)} |
|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|--:|---|
{rows}

The solvers are compared in float64 for two reasons. Adam divides every gradient by its own magnitude, so a pixel whose gradient is only
rounding error still moves by a full step, in either direction. And a rounding error that moves a feature across the kink of the ReLU
changes the gradient. In float32, two correct programs therefore differ by some percent after twenty steps (up to 0.2 of the range with the
TensorFlow tutorial), and so does one program on two machines.

The matrix square root of `style-transfer-pytorch` is computed in float64 on both sides, because the program's own, in float32, is
approximate.

Not compared: image resizing (every program has its own), random numbers, and the differences that `stylenet recipes show NAME` lists under
"differs".
"""


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(names: list[str]) -> int:
    """Measure the recipes called `names`, or all; write the page when it was all."""
    known = {case.recipe for case in CASES}
    if unknown := sorted(set(names) - known):
        raise SystemExit(f"no recipe to compare is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    results = []
    for case in CASES:
        if names and case.recipe not in names:
            continue
        began = time.perf_counter()
        result = measure(case)
        results.append(result)
        _tell(f"{'passed' if result.passed else 'MISSED'} {_row(result)} {time.perf_counter() - began:.0f} s")
    if not names:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(results), encoding="utf-8")
        _tell(f"written: {PAGE.relative_to(PAGE.parents[1])}")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
