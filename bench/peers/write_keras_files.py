"""Writes fixtures/files/keras: models as Keras saves them, each with a batch and Keras's own figures.

    python bench/peers/write_keras_files.py FOLDER            # Keras 3 on JAX: NAME.keras, NAME.h5
    python bench/peers/write_keras_files.py FOLDER --keras2   # Keras 2 (tf_keras): NAME_keras2.h5
    python bench/peers/write_keras_files.py FOLDER gru lstm   # these alone

HDF5 files are compressed (`.h5.gz`), because most of their bytes are empty.
Needs `keras jax numpy h5py`, or `tf_keras tensorflow-cpu`. Each file stands beside NAME.json: the versions,
the batch, the outputs, the root mean square of each layer's output and of each weight's gradient
(mean squared error, summed over the outputs, without masked rows, in inference). Of attentions also each gradient along a direction,
sum(g[i] * cos(i)), which tells one order of entries from another.
"""
import json
import os
import sys

import numpy as np

from archives import compress, deflate
from keras_attention_models import ATTENTION_MODELS
from keras_models import KERAS2, L, MODELS, keras

if KERAS2:
    import tensorflow as tf
else:
    import jax

FOLDER = sys.argv[1]
ONLY = [name for name in sys.argv[2:] if not name.startswith("-")]
ALSO_H5 = [
    "conv2d", "nested", "bidirectional", "renumbered", "masked_lstm", "mha_masked", "attention", "spectral_norms",
    "adapted", "sequences", "ops_reductions", "masks_pooling",
]
ALSO_WEIGHTS = ["dense", "nested", "lstm", "grouped_query"]
TRAINED = {"dense": "mse", "conv2d": "mse", "nested": "mse", "regularized": "mae"}


def fill(model, random):
    """Weights that are all different, so that none can take the place of another unnoticed."""
    values = []
    for variable in model.weights:
        shape, name = tuple(variable.shape), variable.name.split("/")[-1].split(":")[0]
        if "variance" in name:
            value = random.uniform(0.5, 2, shape)
        elif "gamma" in name:
            value = random.uniform(0.5, 1.5, shape)
        elif len(shape) < 2:
            value = random.normal(0, 0.3, shape)
        else:
            value = random.normal(0, 1, shape) / np.sqrt(np.prod(shape[:-1]))
        values.append(value.astype("float32"))
    model.set_weights(values)


def walk(layer, path):
    """Every variable with its path as gradient-health has it."""
    if isinstance(layer, keras.Model):
        for inner in layer.layers:
            yield from walk(inner, path + inner.name + "/")
    elif isinstance(layer, L.Bidirectional):
        for inner in (layer.forward_layer, layer.backward_layer):
            yield from walk(inner, path + inner.name + "/")
    elif isinstance(layer, L.Wrapper):
        yield from walk(layer.layer, path + layer.layer.name + "/")
    elif hasattr(layer, "_query_dense"):
        for inner in ("_query_dense", "_key_dense", "_gate_dense", "_value_dense", "_output_dense"):
            if hasattr(layer, inner):
                yield from walk(getattr(layer, inner), path + getattr(layer, inner).name + "/")
    elif hasattr(layer, "score_mode"):
        for variable in layer.weights:
            yield path + "scores/" + variable.name, variable
    else:
        seen = {}
        for variable in layer.weights:
            name = variable.name.split("/")[-1].split(":")[0]
            # Keras gives the factors of a LayerScale no name.
            name = "gamma" if name == "variable" else name
            seen[name] = seen.get(name, 0) + 1
            yield path + name + (f"_{seen[name]}" if seen[name] > 1 else ""), variable


def plain(array):
    array = np.asarray(array)
    return {"shape": list(array.shape), "values": [float(f"{x:.7g}") for x in array.flatten()]}


def rms(array):
    return float(f"{np.sqrt(np.mean(np.square(np.asarray(array, dtype='float64')))):.7g}")


def along(array):
    flat = np.asarray(array, dtype="float64").flatten()
    return float(f"{np.sum(flat * np.cos(np.arange(flat.size))):.7g}")


def batch_of(model, random):
    inputs = []
    for tensor in model.inputs:
        shape = (3,) + tuple(tensor.shape[1:])
        if str(tensor.dtype) == "bool":
            inputs.append(random.integers(0, 4, shape) > 0)
        elif "int" in str(tensor.dtype):
            inputs.append(random.integers(0, 9, shape))
        else:
            inputs.append(random.normal(0, 1, shape).astype("float32"))
    return inputs


def gradients(model, inputs, targets):
    def loss_of(outputs):
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        # A loss of Keras leaves out what the mask of an output does; a mean does not.
        own = (lambda t, y: tf.reduce_mean((y - t) ** 2)) if KERAS2 else keras.losses.MeanSquaredError()
        return sum(own(t, y) for y, t in zip(outputs, targets))

    x = inputs if len(inputs) > 1 else inputs[0]
    if KERAS2:
        with tf.GradientTape() as tape:
            loss = loss_of(model(x, training=False))
        return [tf.convert_to_tensor(g) for g in tape.gradient(loss, model.trainable_variables)]
    fixed = [v.value for v in model.non_trainable_variables]
    own = [v.value for v in model.trainable_variables]
    return jax.grad(lambda values: loss_of(model.stateless_call(values, fixed, x, training=False)[0]))(own)


def layer_outputs(model, inputs):
    found = {}
    for layer in model.layers:
        skipped = (keras.Model, L.Wrapper, L.InputLayer, L.RNN)
        is_single = isinstance(layer, L.Layer) and len(layer._inbound_nodes) == 1
        if isinstance(layer, skipped) or not is_single or isinstance(layer.output, (list, tuple)):
            continue
        part = keras.Model(model.inputs, layer.output)
        found[layer.name] = rms(part(inputs if len(inputs) > 1 else inputs[0], training=False))
    return found


def write(make, seed, stem="", ends=None, whole=False):
    """The files of a model; `whole` keeps all entries of its gradients."""
    name = make.__name__
    random = np.random.default_rng(seed)
    keras.backend.clear_session() if KERAS2 else keras.utils.clear_session()
    # Dropout draws in the step of training.
    keras.utils.set_random_seed(seed)
    model = make()
    fill(model, random)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    inputs = batch_of(model, random)
    call = inputs if len(inputs) > 1 else inputs[0]
    outputs = model(call, training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    targets = [random.normal(0, 1, y.shape).astype("float32") for y in outputs]
    if name in TRAINED:
        model.compile("adam", TRAINED[name])
        model.train_on_batch(call, targets[0])
        outputs = [model(call, training=False)]
    trainable = {id(v): g for v, g in zip(model.trainable_variables, gradients(model, inputs, targets))}
    paths = dict((id(v), path) for path, v in walk(model, ""))
    figures = {
        "versions": VERSIONS,
        "inputs": [plain(x) for x in inputs],
        "targets": [plain(t) for t in targets],
        "outputs": [plain(y) for y in outputs],
        "layers": layer_outputs(model, inputs),
        "gradients": {paths[key]: rms(g) for key, g in trainable.items()},
        "loss": TRAINED.get(name),
    }
    if make in ATTENTION_MODELS:
        figures["gradientsAlong"] = {paths[key]: along(g) for key, g in trainable.items()}
    if whole:
        figures["entries"] = {paths[key]: plain(g) for key, g in trainable.items()}
    stem = os.path.join(FOLDER, stem + name + ("_keras2" if KERAS2 else ""))
    if ends is None:
        ends = [".h5"] if KERAS2 else [".keras"]
        if not KERAS2:
            ends += [".h5"] * (name in ALSO_H5) + [".weights.h5"] * (name in ALSO_WEIGHTS)
    for end in ends:
        (model.save_weights if end == ".weights.h5" else model.save)(stem + end)
        (deflate if end == ".keras" else compress)(stem + end)
        if end == ".weights.h5":
            with open(stem + ".topology.json", "w") as file:
                file.write(model.to_json())
    with open(stem + ".json", "w") as file:
        json.dump(figures, file, separators=(",", ":"))
        file.write("\n")


VERSIONS = {"numpy": np.__version__, "keras": keras.__version__}
VERSIONS.update({"tensorflow": tf.__version__} if KERAS2 else {"jax": jax.__version__})


def write_all(models, first=0, stem="", ends=None, whole=False):
    """`ends`: the formats; what the models are called begins with `stem`."""
    print(VERSIONS)
    for seed, make in enumerate(models, first):
        if ONLY and make.__name__ not in ONLY:
            continue
        try:
            write(make, seed, stem, ends, whole)
        except Exception as error:
            print(make.__name__, repr(error)[:400])


if __name__ == "__main__":
    write_all(MODELS)
    write_all(ATTENTION_MODELS, first=100)
