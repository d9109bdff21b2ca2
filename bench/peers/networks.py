"""The six networks of the comparison: what they are called, how large they are, and on what they run.

`small` is for the figures that every test run compares, `full` for those that are timed. No framework is imported
here: keras_networks.py and torch_networks.py build the same networks, layer by layer with the same names.
"""
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

DIGITS = Path(__file__).parents[2] / "fixtures" / "digits.bin"

Loss = Literal["sum", "mse", "crossentropy"]
Array = np.ndarray


@dataclass(frozen=True)
class Dimensions:
    """What differs between the two sizes of a network; a network reads what it has."""

    batch: int
    width: int
    depth: int = 1
    steps: int = 1
    words: int = 1
    heads: int = 1


@dataclass(frozen=True)
class Network:
    loss: Loss
    small: Dimensions
    full: Dimensions
    training: bool = False  # whether batch normalisation takes the statistics of the batch


NETWORKS: dict[str, Network] = {
    "exercise": Network("sum", Dimensions(32, 20, 10), Dimensions(32, 20, 10)),
    "dense": Network("mse", Dimensions(16, 32, 10), Dimensions(64, 512, 10)),
    "convnet": Network("crossentropy", Dimensions(10, 4), Dimensions(64, 32)),
    "lstm": Network("crossentropy", Dimensions(6, 12, steps=8, words=30), Dimensions(16, 128, steps=64, words=1000)),
    "resnet": Network("crossentropy", Dimensions(4, 4, steps=16), Dimensions(32, 16, steps=32), training=True),
    "transformer": Network(
        "crossentropy",
        Dimensions(4, 12, depth=2, steps=7, words=30, heads=3),
        Dimensions(16, 128, depth=4, steps=64, words=1000, heads=4),
    ),
}

CLASSES = 10


def size_of(size: str, name: str) -> Dimensions:
    """`small`, `full`, or of the dense network its width and batch, `1024x256`; folders are called so."""
    if size == "small":
        return NETWORKS[name].small
    if size == "full":
        return NETWORKS[name].full
    width, batch = (int(number) for number in size.split("x"))
    return Dimensions(batch, width, 10)


def draw_batch(name: str, d: Dimensions) -> dict[str, Array]:
    """Inputs and targets, the same for the same name and size."""
    random = np.random.default_rng(1)
    labels = random.integers(0, CLASSES, d.batch).astype("int32")
    if name == "exercise":
        return {"x": random.normal(0, 1, (d.batch, d.width)).astype("float32")}
    if name == "dense":
        x, y = random.normal(0, 1, (2, d.batch, d.width)).astype("float32")
        return {"x": x, "y": y}
    if name == "convnet":
        data = np.frombuffer(DIGITS.read_bytes(), "uint8")
        pictures = data[: 64 * 784].reshape(64, 28, 28, 1).astype("float32") / np.float32(255)
        return {"x": pictures[: d.batch], "y": data[64 * 784 :][: d.batch].astype("int32")}
    if name == "resnet":
        return {"x": random.normal(0, 1, (d.batch, d.steps, d.steps, 3)).astype("float32"), "y": labels}
    return {"x": random.integers(0, d.words, (d.batch, d.steps)).astype("int32"), "y": labels}
