"""Writes the networks of the comparison as Keras saves them: NAME.keras, NAME.npz (the batch), and NAME.arrays.npz,
from which write_torch_networks.py makes the same network's state dict; and networks.json, for the jobs in TypeScript.

    python write_networks.py FOLDER SIZE [NAME ...]     # SIZE: small, full, or of the dense network 1024x256

Weights are drawn by NumPy, so all frameworks have the same: of variance 1 / fan-in, in the exercise's hidden layers of
standard deviation 200.
"""
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras
import numpy as np

from archives import deflate
from keras_networks import BUILD
from networks import NETWORKS, Array, Dimensions, draw_batch, size_of


def draw(layer: str, path: str, shape: tuple[int, ...], random: np.random.Generator, wide: bool) -> Array:
    weight = path.rsplit("/", 1)[-1]
    if weight in ("gamma", "moving_variance"):
        return np.ones(shape, "float32")
    if len(shape) == 1 or weight == "bias":
        return np.zeros(shape, "float32")
    fan_in = {"embeddings": 1, "recurrent_kernel": shape[0]}.get(weight, int(np.prod(shape[:-1])))
    if weight == "kernel" and len(shape) == 3:  # of an attention: [width, heads, width of a head], or the other way
        fan_in = int(np.prod(shape[:2])) if "output" in path else shape[0]
    std = 200 if wide and layer not in ("dense_1", "dense_11") else fan_in**-0.5
    return random.normal(0, std, shape).astype("float32")


def write(folder: Path, name: str, d: Dimensions) -> None:
    keras.utils.clear_session()
    model = BUILD[name](d)
    random = np.random.default_rng(0)
    arrays: dict[str, Array] = {}
    for layer in model.layers:
        for variable in layer.weights:
            own = variable.path.split(f"{layer.name}/", 1)[1]
            array = draw(layer.name, own, tuple(variable.shape), random, name == "exercise")
            variable.assign(array)
            arrays[f"{layer.name}|{own.replace('/', '|')}"] = array
    losses = {"mse": "mse", "crossentropy": "sparse_categorical_crossentropy"}
    if NETWORKS[name].loss in losses:
        model.compile("sgd", losses[NETWORKS[name].loss])
    model.save(folder / f"{name}.keras")
    if sum(array.size for array in arrays.values()) < 1e5:  # goes into the repository
        deflate(str(folder / f"{name}.keras"))
    np.savez(folder / f"{name}.npz", **draw_batch(name, d))
    np.savez(folder / f"{name}.arrays.npz", **arrays)


if __name__ == "__main__":
    folder, size, *names = Path(sys.argv[1]), *sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    facts = {name: {"loss": network.loss, "training": network.training} for name, network in NETWORKS.items()}
    (folder / "networks.json").write_text(json.dumps(facts))
    for name in names or NETWORKS:
        write(folder, name, size_of(size, name))
