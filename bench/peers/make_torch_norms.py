"""Writes fixtures/files/norms.pt, a network of PyTorch with normalisations and convolutions that TensorFlow.js lacks, and
norms.json: versions, a batch and PyTorch's outputs for it.

    venv/bin/python bench/peers/make_torch_norms.py
"""
import json
import os

import torch
from torch import nn

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "files")


class Norms(nn.Module):
    def __init__(self):
        super().__init__()
        self.depth = nn.Conv1d(4, 8, 3, groups=4)
        self.group_norm = nn.GroupNorm(2, 8)
        self.up = nn.ConvTranspose1d(8, 6, 2, stride=2)
        self.norm = nn.LayerNorm(6, bias=False)
        # No name tells that these are normalisations.
        self.layers = nn.Sequential(nn.Linear(6, 5), nn.RMSNorm(5, eps=1e-6), nn.Tanh(), nn.Linear(5, 3))

    def forward(self, x):
        # PyTorch has the channels first.
        y = self.up(torch.relu(self.group_norm(self.depth(x.transpose(1, 2)))))
        return self.layers(self.norm(y.transpose(1, 2)))


torch.manual_seed(11)
net = Norms().eval()
with torch.no_grad():
    # Scales begin at 1 and biases at 0, and would hide one in the wrong place.
    for parameter in net.parameters():
        if parameter.dim() == 1:
            parameter.copy_(torch.randn_like(parameter) / 3 + (parameter == 1))
    x = torch.randn(2, 7, 4)
    outputs = net(x)
torch.save(net.state_dict(), os.path.join(OUT, "norms.pt"))
plain = lambda tensor: [float(f"{v:.8g}") for v in tensor.flatten()]
with open(os.path.join(OUT, "norms.json"), "w") as file:
    json.dump({
        "versions": {"torch": torch.__version__}, "x": plain(x), "shape": list(outputs.shape), "outputs": plain(outputs),
    }, file, separators=(",", ":"))
    file.write("\n")
