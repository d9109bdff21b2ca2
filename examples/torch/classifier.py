"""A classifier whose layers are drawn far too small, exported for gradient-health.

    python examples/torch/classifier.py

writes classifier.pt2 (graph, weights, 32 examples) and classifier.npz (their labels). Then:

    deno run -A mod.ts report examples/torch/classifier.pt2 \\
        --batch examples/torch/classifier.npz --objective cross_entropy
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, depth=8, width=32):
        super().__init__()
        self.stem = nn.Linear(20, width)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.head = nn.Linear(width, 4)
        for layer in self.hidden:
            nn.init.normal_(layer.weight, std=0.01)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.head(x)


torch.manual_seed(0)
model = Classifier().train()
x = torch.randn(32, 20)
y = torch.randint(0, 4, (32,))

folder = Path(__file__).parent
torch.export.save(torch.export.export(model, (x,)), folder / "classifier.pt2")
np.savez(folder / "classifier.npz", x=x.numpy(), y=y.numpy())
