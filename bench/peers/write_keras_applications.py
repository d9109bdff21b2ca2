"""Writes the layers of every network of keras.applications, at its full size and without weights:

    python bench/peers/write_keras_applications.py FOLDER

bench/trial_plans.ts reads the folder. Needs keras and jax.
"""
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np
from keras.src.initializers import constant_initializers, random_initializers


def draw_nothing(self, shape, dtype=None):
    return np.broadcast_to(np.float32(0), tuple(shape))


# Weights are not written, and those of the largest networks take gigabytes.
for module in (constant_initializers, random_initializers):
    for initializer in vars(module).values():
        if isinstance(initializer, type) and "__call__" in vars(initializer):
            initializer.__call__ = draw_nothing

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, create in vars(keras.applications).items():
    if callable(create) and name[0].isupper():
        (folder / f"{name}.json").write_text(create(weights=None).to_json())
