"""Shows which entries of a program's relus are on another side of a kink here than in float64.

    python bench/torch/kinks.py NAME FOLDER OUT

FOLDER is that of make_programs.py, OUT what kinks.ts wrote. Where the two differ, the gradients of
float64 are computed once more with these entries on the side that they have here: if nothing else
differs, the gradients then agree.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

HERE = Path(__file__).parent
name, folder, out = sys.argv[1:4]
sys.argv = [sys.argv[0], folder]
exec((HERE / "make_programs.py").read_text().replace("\nmain()\n", "\n"))
OBJECTIVE = PROGRAMS[name][1]
RELUS = {"ReLU": (F.relu, [0.0]), "ReLU6": (F.relu6, [0.0, 6.0])}


def region(z, kinks):
    """On which side of each kink an entry is; an output has the sides of its input, but for 6 itself."""
    return sum((z > kink if kink == 0 else z >= kink).long() for kink in kinks)


def run(model, x, y, moved={}):
    """Inputs of all relus, mean |dJ/dw|; `moved` has entries whose slope is that of another side."""
    seen = {}
    for path, module in model.named_modules():
        if type(module).__name__ not in RELUS:
            continue

        def forward(z, path=path, function=RELUS[type(module).__name__][0]):
            key = path if path not in seen else f"{path}_{sum(one.startswith(path) for one in seen)}"
            seen[key] = z.detach().clone()
            a = function(z)
            if key not in moved:
                return a
            entries, is_open = moved[key]
            slope = torch.where(is_open, z - z.detach(), torch.zeros_like(z))
            return torch.where(entries, a.detach() + slope, a)

        module.forward = forward
    objective_of(OBJECTIVE, model(x), y).backward()
    return seen, {key: float(p.grad.double().abs().mean()) for key, p in model.named_parameters()}


def worst(found, exact):
    """Largest relative error of those gradients that are not rounding errors."""
    least = max(exact.values()) * 1e-6
    return max(abs(found[key] - value) / value for key, value in exact.items() if value >= least)


arrays = np.load(f"{folder}/{name}.npz")
x, y = torch.tensor(arrays["x"]), torch.tensor(arrays["y"])
ours = json.loads(Path(f"{out}.json").read_text())
entries = np.fromfile(f"{out}.bin", dtype=np.float32)
single, gradients32 = run(build(name), x, y)
double, gradients64 = run(build(name).double(), x.double(), y)
kinks = {path: RELUS[type(module).__name__][1] for path, module in build(name).named_modules() if type(module).__name__ in RELUS}
moved = {}
for place in ours["places"]:
    layer = place["layer"]
    z = double[layer]
    a = torch.tensor(entries[place["offset"] : place["offset"] + place["size"]]).reshape(place["shape"])
    own = kinks[layer if layer in kinks else layer.rsplit("_", 1)[0]]
    here = region(a, own)
    differs = here != region(z, own)
    of_single = int((region(single[layer], own) != region(z, own)).sum())
    if differs.any():
        moved[layer] = differs, here == 1
        print(f"{layer}: {int(differs.sum())} entries (PyTorch in float32: {of_single}) at {z[differs].tolist()}")
_, gradients = run(build(name).double(), x.double(), y, moved)
print(f"{len(ours['places'])} relus; largest error {worst(ours['gradients'], gradients64):.1e}, of PyTorch in float32 "
      f"{worst(gradients32, gradients64):.1e}; with these entries moved {worst(ours['gradients'], gradients):.1e}")
