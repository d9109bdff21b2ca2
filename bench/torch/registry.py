"""The programs that make_programs.py exports, and helpers that draw their batches."""

import torch

PROGRAMS = {}


def program(objective, x, y, **options):
    """Registers a function that makes a model, with its objective and its batch.

    x draws a tensor, or a dictionary of tensors by the names of the inputs, which options
    `keywords=True` passes by these names; `dynamic_shapes` is that of torch.export.
    """

    def register(make):
        PROGRAMS[make.__name__] = (make, objective, x, y, options)
        return make

    return register


def images(n, c, size):
    return lambda: torch.randn(n, c, size, size)


def floats(*shape):
    return lambda: torch.randn(*shape)


def ids(n, length, size):
    return lambda: torch.randint(0, size, (n, length))


def classes(n, count):
    return lambda: torch.randint(0, count, (n,))


def bits(*shape):
    return lambda: torch.randint(0, 2, shape).float()
