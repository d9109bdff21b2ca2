"""Shows what passes through the layers of a loaded Keras model: z, where a layer has an activation, and a."""
from collections.abc import Callable
from typing import Any

import keras

from job import Job

Tensor = Any  # of JAX or of TensorFlow
See = Callable[[str, str, Tensor], Tensor]


def load(job: Job) -> keras.Model:
    return keras.saving.load_model(job.folder / f"{job.name}.keras")


def tap(model: keras.Model, see: See) -> None:
    """`see(layer, "z" or "a", tensor)` gives what goes on in the tensor's place."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)):
            layer.activation = lambda z, own=layer.activation, name=layer.name: own(see(name, "z", z))
        layer.call = lambda *args, own=layer.call, name=layer.name, **named: see(name, "a", own(*args, **named))


def loss_of(job: Job, outputs: Tensor, y: Tensor) -> Tensor:
    if job.network.loss == "sum":
        return keras.ops.sum(outputs)
    if job.network.loss == "mse":
        return keras.ops.mean(keras.losses.mean_squared_error(y, outputs))
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, outputs))


def weight_names(model: keras.Model) -> list[str]:
    """Of the trainable weights: `dense_1/kernel`; what lies between layer and weight is kept for an attention alone."""
    names = []
    for layer in model.layers:
        for variable in layer.trainable_variables:
            own = variable.path.split(f"{layer.name}/", 1)[1]
            names.append(f"{layer.name}/{own.removeprefix('lstm_cell/')}")
    return names
