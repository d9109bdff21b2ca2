"""PyTorch's side of speed.ts: exports four programs, and runs a pass of each with hooks.

    python bench/torch/speed.py make FOLDER    writes NAME.pt2 and NAME.npz of each program
    python bench/torch/speed.py turns FOLDER NAME    a pass with hooks for each line on stdin
    python bench/torch/speed.py cold FOLDER NAME    builds the model, and runs one pass with hooks

Each pass prints a line of JSON: seconds of the wall clock and of the processor, and the loss.
Needs torch, torchvision, timm and transformers.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def resnet18():
    import torchvision

    return torchvision.models.resnet18(num_classes=1000)


def vit_s():
    import timm

    return timm.create_model("vit_small_patch16_224", pretrained=False, num_classes=1000)


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTM(64, 256, num_layers=2, batch_first=True), nn.Linear(256, 10)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


class Language(nn.Module):
    def __init__(self):
        super().__init__()
        import transformers

        config = transformers.GPT2Config(use_cache=False, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
        self.model = transformers.GPT2LMHeadModel(config)

    def forward(self, tokens):
        return self.model(tokens).logits


PROGRAMS = {
    "resnet18": (resnet18, lambda: torch.randn(32, 3, 224, 224), lambda: torch.randint(0, 1000, (32,))),
    "vit_s": (vit_s, lambda: torch.randn(8, 3, 224, 224), lambda: torch.randint(0, 1000, (8,))),
    "lstm": (Lstm, lambda: torch.randn(32, 64, 64), lambda: torch.randint(0, 10, (32,))),
    "gpt2": (Language, lambda: torch.randint(0, 50257, (2, 256)), lambda: torch.randint(0, 50257, (2, 256))),
}


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (build, draw_x, draw_y) in PROGRAMS.items():
        torch.manual_seed(0)
        model, x, y = build().train(), draw_x(), draw_y()
        torch.export.save(torch.export.export(model, (x,)), str(folder / f"{name}.pt2"))
        np.savez(folder / f"{name}.npz", x=x.numpy(), y=y.numpy())


def mean(tensor):
    return tensor.abs().mean(dtype=torch.float64).item()


def hooked(model, x, y):
    """One pass with the figures of each module: mean |a|, mean |da| and mean |dJ/dw|."""
    outputs = {}

    def keep(path, output):
        first = output[0] if isinstance(output, tuple) else output
        if first.requires_grad:
            first.retain_grad()
            outputs[path] = first

    leaves = [(path, one) for path, one in model.named_modules() if not list(one.children())]
    handles = [one.register_forward_hook(lambda _, __, out, path=path: keep(path, out)) for path, one in leaves]
    model.zero_grad()
    logits = model(x)
    loss = F.cross_entropy(logits.flatten(0, -2), y.flatten())
    loss.backward()
    for handle in handles:
        handle.remove()
    figures = {path: (mean(one), mean(one.grad)) for path, one in outputs.items() if one.grad is not None}
    figures |= {name: mean(one.grad) for name, one in model.named_parameters() if one.grad is not None}
    return loss.item(), figures


def timed(model, x, y, since=None):
    wall, processor = since or (time.perf_counter(), time.process_time())
    loss, _ = hooked(model, x, y)
    row = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor, "loss": loss}
    print(json.dumps(row), flush=True)


def main():
    way, folder = sys.argv[1], Path(sys.argv[2])
    if way == "make":
        return make(folder)
    # As many threads as the tool has.
    torch.set_num_threads(int(os.environ.get("THREADS", "2")))
    build, _, _ = PROGRAMS[sys.argv[3]]
    torch.manual_seed(0)
    model = build().train()
    arrays = np.load(folder / f"{sys.argv[3]}.npz")
    x, y = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["y"])
    if way == "cold":
        # The interpreter and the imports count.
        return timed(model, x, y, since=(time.perf_counter(), 0.0))
    for _ in sys.stdin:
        timed(model, x, y)


main()
