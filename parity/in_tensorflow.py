"""The StyleNet texts, anishathalye's program and the TensorFlow tutorial, rebuilt in TensorFlow from their formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import scipy.io
import tensorflow as tf
from material import BLOCKS, Pictures
from reference import Reference

STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

tf.get_logger().setLevel("ERROR")  # each recipe makes functions of its own, which TensorFlow warns of


Kernels = dict[str, tuple[np.ndarray, np.ndarray]]


def read_matconvnet(path: Path, dtype: Any) -> tuple[Kernels, np.ndarray]:
    """Kernels and mean as the TensorFlow ports read the .mat file: the first two axes swapped."""
    content = scipy.io.loadmat(path)
    kernels = {}
    for layer in content["layers"][0]:
        name = str(layer[0, 0]["name"][0])
        if name.startswith("conv"):
            kernel, bias = layer[0, 0]["weights"][0]
            kernels[name] = (np.transpose(kernel, (1, 0, 2, 3)).astype(dtype), bias.reshape(-1).astype(dtype))
    return kernels, content["normalization"]["averageImage"][0, 0].mean((0, 1)).astype(dtype)


def relus(kernels: Kernels, image: Any) -> dict[str, Any]:
    """Every ReLU of VGG-19, with SAME convolutions and poolings."""
    found = {}
    for block, count in enumerate(BLOCKS["vgg19"], start=1):
        for index in range(1, count + 1):
            kernel, bias = kernels[f"conv{block}_{index}"]
            image = tf.nn.relu(tf.nn.conv2d(image, kernel, strides=1, padding="SAME") + bias)
            found[f"relu{block}_{index}"] = image
        image = tf.nn.max_pool2d(image, 2, 2, padding="SAME")
    return found


def batch(picture: np.ndarray) -> Any:
    return tf.constant(picture[None])


def size(values: Any) -> Any:
    return tf.cast(tf.size(values), values.dtype)


def side(losses: Callable[[Any], dict[str, Any]], features: Callable[[Any], dict[str, Any]], optimizer: Any, clip: bool) -> Reference:
    """A `Reference` from the losses and features of a batch of one picture, and an optimizer."""
    compiled_losses, compiled_features = tf.function(losses), tf.function(features)

    def evaluate(picture: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        image = tf.Variable(batch(picture))
        with tf.GradientTape() as tape:
            values = compiled_losses(image)
            total = tf.add_n(list(values.values()))
        return {name: float(value) for name, value in values.items()}, tape.gradient(total, image)[0].numpy()

    def iterates(start: np.ndarray, steps: int) -> list[np.ndarray]:
        image, found, solver = tf.Variable(batch(start)), [], optimizer()
        for _ in range(steps):
            with tf.GradientTape() as tape:
                total = tf.add_n(list(compiled_losses(image).values()))
            solver.apply_gradients([(tape.gradient(total, image), image)])
            if clip:
                image.assign(tf.clip_by_value(image, 0.0, 1.0))
            found.append(image[0].numpy())
        return found

    return Reference(
        framework=f"TensorFlow {tf.__version__}",
        features=lambda picture: {name: value[0].numpy() for name, value in compiled_features(batch(picture)).items()},
        evaluate=evaluate,
        iterates=iterates,
    )


def stylenet(
    weights: Path,
    pictures: Pictures,
    *,
    content: dict[str, float],
    style: float,
    exchanged: bool,
    rate: float,
) -> Reference:
    """StyleNet and anishathalye's neural-style.

    Args:
        weights: The .mat file.
        pictures: RGB, 0..1.
        content: Weight of each content layer, all factors in it.
        style: Weight of each style layer, all factors in it.
        exchanged: The sizes in the smoothness are exchanged, as in the StyleNet texts.
        rate: Of Adam.
    """
    kernels, mean = read_matconvnet(weights, pictures.photo.dtype)

    def features(image: Any) -> dict[str, Any]:
        return relus(kernels, image - mean)

    def gram(values: Any) -> Any:
        flat = tf.reshape(values, (-1, values.shape[3]))
        return tf.matmul(flat, flat, transpose_a=True) / size(values)

    photo, painting = features(batch(pictures.photo * 255)), features(batch(pictures.painting * 255))
    photo = {layer: photo[layer] for layer in content}
    grams = {layer: gram(painting[layer]) for layer in STYLE}

    def losses(image: Any) -> dict[str, Any]:
        found = features(image)
        contents = [weight * 2 * tf.nn.l2_loss(found[layer] - photo[layer]) / size(photo[layer]) for layer, weight in content.items()]
        styles = [style * 2 * tf.nn.l2_loss(gram(found[layer]) - grams[layer]) / size(grams[layer]) for layer in STYLE]
        down, right = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
        x_size, y_size = size(down), size(right)
        if not exchanged:
            x_size, y_size = y_size, x_size
        smoothness = 100 * 2 * (tf.nn.l2_loss(down) / y_size + tf.nn.l2_loss(right) / x_size)
        return {"content": tf.add_n(contents), "style": tf.add_n(styles), "smoothness": smoothness}

    # TensorFlow 1's optimizer, which the texts use, its defaults in the precision of the picture.
    options = [pictures.photo.dtype.type(value) for value in (rate, 0.9, 0.999, 1e-8)]
    return side(losses, features, lambda: tf.compat.v1.train.AdamOptimizer(*options), clip=False)


def tutorial(weights: Path, pictures: Pictures) -> Reference:
    """The TensorFlow tutorial with total variation."""
    keras.config.set_floatx(str(pictures.photo.dtype))
    keras.config.set_dtype_policy(str(pictures.photo.dtype))
    model = keras.applications.VGG19(weights=None, include_top=False)
    model.load_weights(weights)
    names = [layer.name for layer in model.layers if "conv" in layer.name]
    network = keras.Model(model.inputs, [model.get_layer(name).output for name in names])

    def features(image: Any) -> dict[str, Any]:
        outputs = network(keras.applications.vgg19.preprocess_input(image * 255.0))
        return {f"relu{name[5]}_{name[-1]}": value for name, value in zip(names, outputs, strict=True)}

    def gram(values: Any) -> Any:
        shape = tf.shape(values)
        return tf.linalg.einsum("bijc,bijd->bcd", values, values) / tf.cast(shape[1] * shape[2], values.dtype)

    photo = features(batch(pictures.photo))["relu5_2"]
    grams = {layer: gram(values) for layer, values in features(batch(pictures.painting)).items() if layer in STYLE}

    def losses(image: Any) -> dict[str, Any]:
        found = features(image)
        return {
            "content": 1e4 * tf.reduce_mean((found["relu5_2"] - photo) ** 2),
            "style": 1e-2 / 5 * tf.add_n([tf.reduce_mean((gram(found[layer]) - grams[layer]) ** 2) for layer in STYLE]),
            "smoothness": 30 * tf.reduce_sum(tf.image.total_variation(image)),
        }

    # As typed values: of a plain 0.999 Keras takes powers in float32, whatever the picture is.
    rate, beta_1, beta_2, epsilon = (pictures.photo.dtype.type(value) for value in (0.02, 0.99, 0.999, 1e-1))
    return side(losses, features, lambda: keras.optimizers.Adam(rate, beta_1, beta_2, epsilon), clip=True)
