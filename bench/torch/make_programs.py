"""Exports PyTorch programs and writes what PyTorch itself makes of them.

    python bench/torch/make_programs.py FOLDER [NAME...]

For each program of this file: NAME.pt2 (torch.export, training mode), NAME.npz (x, y) and
NAME.json (objective, its value, mean |dJ/dw| of every parameter). The figures are computed in
float64, and again in float32, since a batch normalisation over few values is ill conditioned.
Dropout and stochastic depth are set to 0, since two generators draw differently.
bench/torch/compare_programs.ts reads the folder.

Needs torch, torchvision, timm and transformers.
"""

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import by_hand  # noqa: F401
import customary  # noqa: F401
import families  # noqa: F401
import fresh  # noqa: F401
import published  # noqa: F401
import untried  # noqa: F401
import unusual  # noqa: F401
from registry import PROGRAMS

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

def no_dropout(model):
    for module in model.modules():
        if "Drop" in type(module).__name__ or type(module).__name__ == "StochasticDepth":
            for key in ("p", "drop_prob"):
                if isinstance(getattr(module, key, None), float):
                    setattr(module, key, 0.0)
        for key, value in vars(module).items():
            if isinstance(value, float) and "drop" in key:
                setattr(module, key, 0.0)


def objective_of(name, output, y):
    if isinstance(output, dict):
        output = next(iter(output.values()))
    if isinstance(output, (tuple, list)):
        output = output[0]
    if name is None:
        return output
    if name == "bce_with_logits":
        return F.binary_cross_entropy_with_logits(output, y)
    if name == "bce_loss":
        return F.binary_cross_entropy(output, y)
    if name == "cross_entropy" and y.dim() > 1 and output.shape[1:-1] == y.shape[1:]:
        output = output.movedim(-1, 1)
    return getattr(F, name)(output, y)


def figures(model, objective, x, y):
    """The objective, and mean |dJ/dw| of every parameter."""
    output = model(**x) if isinstance(x, dict) else model(x)
    loss = objective_of(objective, output, y)
    loss.backward()
    gradients = {
        key: float(p.grad.double().abs().mean()) if p.grad is not None else None for key, p in model.named_parameters()
    }
    return dict(value=float(loss), gradients=gradients)


def exact(value):
    """The same in float64, if it is floats."""
    if isinstance(value, dict):
        return {key: exact(one) for key, one in value.items()}
    return value.double() if value is not None and value.is_floating_point() else value


def build(name):
    """The model, the same at each call."""
    torch.manual_seed(sum(map(ord, name)))
    model = PROGRAMS[name][0]().train()
    no_dropout(model)
    return model


def write(folder, name):
    _, objective, draw_x, draw_y, options = PROGRAMS[name]
    model = build(name)
    x = draw_x()
    y = draw_y() if draw_y is not None else None
    given = (), x
    if not options.get("keywords"):
        given = (tuple(x.values()) if isinstance(x, dict) else (x,)), {}
    shapes = options.get("dynamic_shapes")
    exported = torch.export.export(build(name), *given, dynamic_shapes=shapes)
    torch.export.save(exported, str(folder / f"{name}.pt2"))
    arrays = {key: value.numpy() for key, value in (x if isinstance(x, dict) else {"x": x}).items()}
    if y is not None:
        arrays["y"] = y.numpy()
    np.savez(folder / f"{name}.npz", **arrays)
    float32 = figures(model, objective, x, y)
    double = build(name).double()
    for module in double.modules():
        # The grouped products of experts are not computed in float64.
        if hasattr(getattr(module, "config", None), "_experts_implementation"):
            module.config._experts_implementation = "eager"
    torch.set_default_dtype(torch.float64)
    result = dict(name=name, objective=objective, **figures(double, objective, exact(x), exact(y)))
    torch.set_default_dtype(torch.float32)
    result["float32"] = float32
    (folder / f"{name}.json").write_text(json.dumps(result, allow_nan=False))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in sys.argv[2:] or PROGRAMS:
        start = time.time()
        try:
            write(folder, name)
            print(f"{name}: {time.time() - start:.1f} s", flush=True)
        except Exception as error:
            failed += 1
            torch.set_default_dtype(torch.float32)
            reason = [*str(error).strip().splitlines(), ""][0]
            print(f"{name}: {type(error).__name__}: {reason[:160]}", flush=True)
    sys.exit(1 if failed else 0)


main()
