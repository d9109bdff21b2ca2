"""Writes fixtures/files/attention.pt and attention.safetensors, a network of PyTorch with two nn.MultiheadAttention, and
attention.json: versions, a batch and PyTorch's outputs for it.

    venv/bin/python bench/peers/make_torch_attention.py
"""
import json
import os

import safetensors
import safetensors.torch
import torch
from torch import nn

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "files")


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(8)
        self.own = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm2 = nn.LayerNorm(8)
        self.cross = nn.MultiheadAttention(8, 4, kdim=6, vdim=6, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x, memory):
        y = self.norm1(x)
        later = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
        x = x + self.own(y, y, y, attn_mask=later, need_weights=False)[0]
        x = x + self.cross(self.norm2(x), memory, memory, need_weights=False)[0]
        return self.head(x)


torch.manual_seed(7)
net = Attention().eval()
with torch.no_grad():
    # Biases begin at 0, and would hide a bias in the wrong place.
    for parameter in net.parameters():
        if parameter.dim() == 1:
            parameter.copy_(torch.randn_like(parameter) / 3 + (parameter == 1))
    x, memory = torch.randn(2, 5, 8), torch.randn(2, 4, 6)
    outputs = net(x, memory)
torch.save(net.state_dict(), os.path.join(OUT, "attention.pt"))
safetensors.torch.save_file(net.state_dict(), os.path.join(OUT, "attention.safetensors"))
plain = lambda tensor: [float(f"{v:.8g}") for v in tensor.flatten()]
with open(os.path.join(OUT, "attention.json"), "w") as file:
    json.dump({
        "versions": {"torch": torch.__version__, "safetensors": safetensors.__version__},
        "x": plain(x), "memory": plain(memory), "outputs": plain(outputs),
    }, file, separators=(",", ":"))
    file.write("\n")
