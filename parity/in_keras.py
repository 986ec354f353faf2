"""Keras' example of 2016 and its two descendants, rebuilt in Keras from their formulas, with SciPy's L-BFGS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from material import BLOCKS, Pictures
from reference import Reference
from scipy.optimize import fmin_l_bfgs_b

STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def vgg16(weights: Path, pooling: str) -> tuple[keras.Model, list[str]]:
    """All activations of VGG-16 with either pooling, its weights from Keras' own file."""
    trained = keras.applications.VGG16(weights=None, include_top=False)
    trained.load_weights(weights)
    pool = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}[pooling]
    x = inputs = keras.Input((None, None, 3))
    outputs, names = [], []
    for block, count in enumerate(BLOCKS["vgg16"], start=1):
        for index in range(1, count + 1):
            x = trained.get_layer(f"block{block}_conv{index}")(x)
            outputs.append(x)
            names.append(f"relu{block}_{index}")
        x = pool((2, 2), strides=(2, 2))(x)
    return keras.Model(inputs, outputs), names


def example(
    weights: Path,
    pictures: Pictures,
    *,
    pooling: str,
    content: tuple[str, float],
    style: float,
    smoothness: float,
    chain: bool,
) -> Reference:
    """The example and its descendants; pictures are RGB in 0..255 here, and BGR minus the mean inside."""
    dtype = str(pictures.photo.dtype)
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    network, names = vgg16(weights, pooling)

    def features(image: Any) -> dict[str, Any]:
        return dict(zip(names, network(image), strict=True))

    def prepared(picture: np.ndarray) -> Any:
        return ops.convert_to_tensor(keras.applications.vgg16.preprocess_input(picture[None].astype(dtype)))

    size = pictures.photo.shape[0] * pictures.photo.shape[1]
    shift = 1.0 if chain else 0.0

    def gram(values: Any) -> Any:
        flat = ops.reshape(values[0], (-1, values.shape[-1])) - shift
        return ops.matmul(ops.transpose(flat), flat)

    def style_loss(one: Any, other: Any) -> Any:
        return ops.sum(ops.square(gram(one) - gram(other))) / (4.0 * 3**2 * size**2)

    photo = features(prepared(pictures.photo * 255))[content[0]]
    painting = features(prepared(pictures.painting * 255))

    @tf.function
    def losses(image: Any) -> dict[str, Any]:
        found = features(image)
        if chain:
            styles, count = [], len(names) - 1
            for i in range(count):
                difference = style_loss(painting[names[i]], found[names[i]]) - style_loss(painting[names[i + 1]], found[names[i + 1]])
                styles.append(style / 2 ** (count - (i + 1)) * difference)
        else:
            styles = [style / len(STYLE) * style_loss(painting[layer], found[layer]) for layer in STYLE]
        a = ops.square(image[:, :-1, :-1] - image[:, 1:, :-1])
        b = ops.square(image[:, :-1, :-1] - image[:, :-1, 1:])
        return {
            "content": content[1] * ops.sum(ops.square(found[content[0]] - photo)),
            "style": sum(styles),
            "smoothness": smoothness * ops.sum(ops.power(a + b, 1.25)),
        }

    def at(image: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        variable = tf.Variable(image, dtype=dtype)
        with tf.GradientTape() as tape:
            values = losses(variable)
            total = tf.add_n(list(values.values()))
        return {name: float(value) for name, value in values.items()}, tape.gradient(total, variable).numpy()

    def evaluate(picture: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        terms, gradient = at(np.asarray(prepared(picture)))
        return terms, gradient[0, :, :, ::-1]

    def rounds(start: np.ndarray, count: int) -> list[tuple[int, float]]:
        x, found = np.asarray(prepared(start)).astype(np.float64).ravel(), []
        shape = (1, *start.shape)
        for _ in range(count):
            calls = 0

            def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
                nonlocal calls
                calls += 1
                terms, gradient = at(values.reshape(shape).astype(dtype))
                return sum(terms.values()), gradient.astype(np.float64).ravel()

            x, value, _ = fmin_l_bfgs_b(loss, x, maxfun=20)
            found.append((calls, float(value)))
        return found

    return Reference(
        framework=f"Keras {keras.__version__} on TensorFlow {tf.__version__}",
        features=lambda picture: {name: np.asarray(value)[0] for name, value in features(prepared(picture)).items()},
        evaluate=evaluate,
        rounds=rounds,
    )
