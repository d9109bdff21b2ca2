"""Writes to fixtures/files/keras models whose layers add penalties on their outputs to the loss.

    python bench/peers/write_keras_penalties.py FOLDER      # Keras 3 on TensorFlow

The files are those of write_keras_files.py, which says what is in them. NAME.json also has J without and
with all penalties, and all entries of the gradients of that J.
"""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf

from archives import deflate
from write_keras_files import FOLDER, batch_of, fill, layer_outputs, plain, rms, walk

L, R = keras.layers, keras.regularizers
Input, Model, Sequential = keras.Input, keras.Model, keras.Sequential


def penalties():
    return Sequential([
        Input((4,)), L.Dense(5, "relu", activity_regularizer=R.L2(0.1)), L.ActivityRegularization(l1=0.03, l2=0.05),
        L.Dense(3, "tanh", activity_regularizer=R.L1(0.2), kernel_regularizer=R.L2(0.01)), L.Dense(1),
    ])


def penalties_shared():
    """One layer in two places, a nested model in two, and a layer with more than one output."""
    x = Input((6, 3))
    shared = L.Dense(3, "tanh", activity_regularizer=R.L1L2(0.02, 0.03), name="again")
    inner = Sequential([Input((4,)), L.Dense(4, "elu", activity_regularizer=R.L2(0.1))], name="inner")
    y = L.Conv1D(3, 2, activity_regularizer=R.L2(0.05))(shared(shared(x)))
    sequence, last, _ = L.LSTM(4, return_sequences=True, return_state=True, activity_regularizer=R.L2(0.3))(y)
    pooled = L.GlobalAveragePooling1D()(sequence)
    joined = L.Concatenate()([inner(inner(pooled)), last])
    return Model(x, [L.Dense(1)(joined), L.Dense(2, activity_regularizer="l2")(joined)])


def write(make, seed):
    random = np.random.default_rng(seed)
    keras.utils.clear_session()
    model = make()
    fill(model, random)
    inputs = batch_of(model, random)
    call = inputs if len(inputs) > 1 else inputs[0]
    listed = lambda outputs: outputs if isinstance(outputs, (list, tuple)) else [outputs]
    targets = [random.normal(0, 1, y.shape).astype("float32") for y in listed(model(call, training=False))]
    with tf.GradientTape(persistent=True) as tape:
        outputs = listed(model(call, training=False))
        loss = sum(keras.losses.MeanSquaredError()(t, y) for y, t in zip(outputs, targets))
        total = loss + sum(model.losses)
    variables = [variable.value for variable in model.trainable_variables]
    paths = {id(variable): path for path, variable in walk(model, "")}
    names = [paths[id(variable)] for variable in model.trainable_variables]
    gradients = lambda value: zip(names, tape.gradient(value, variables))
    figures = {
        "versions": {"numpy": np.__version__, "keras": keras.__version__, "tensorflow": tf.__version__},
        "inputs": [plain(x) for x in inputs],
        "targets": [plain(t) for t in targets],
        "outputs": [plain(y) for y in outputs],
        "layers": layer_outputs(model, inputs),
        "gradients": {name: rms(g) for name, g in gradients(loss)},
        "loss": None,
        "penalized": {
            "value": float(total),
            "loss": float(loss),
            "entries": {name: plain(g) for name, g in gradients(total)},
        },
    }
    stem = os.path.join(FOLDER, make.__name__)
    model.save(stem + ".keras")
    deflate(stem + ".keras")
    with open(stem + ".json", "w") as file:
        json.dump(figures, file, separators=(",", ":"))
        file.write("\n")


for seed, make in enumerate([penalties, penalties_shared], 700):
    write(make, seed)
