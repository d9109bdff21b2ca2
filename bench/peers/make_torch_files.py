"""Writes fixtures/files/: small files as PyTorch, safetensors and NumPy write them, and beside them, in JSON, the
figures that NumPy computes of them.

    python -m venv venv && venv/bin/pip install torch safetensors numpy
    venv/bin/python bench/peers/make_torch_files.py

The same versions and seeds give the same figures; expected.json holds the versions.
"""
import json
import os
import struct
import zlib
from collections import OrderedDict

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import nn

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "files")
os.makedirs(OUT, exist_ok=True)
expected = {"versions": {"torch": torch.__version__, "safetensors": safetensors.__version__,
                         "numpy": np.__version__}, "files": {}, "passes": {}}
print(expected["versions"])


def path(name):
    return os.path.join(OUT, name)


def figures(state):
    found = {}
    for name, tensor in state.items():
        if not torch.is_tensor(tensor) or not tensor.is_floating_point():
            continue
        x = tensor.detach().to(torch.float32).numpy().astype(np.float64).ravel()
        found[name] = {"shape": list(tensor.shape), "rms": float(np.sqrt(np.mean(x**2))),
                       "std": float(x.std()), "maxAbs": float(np.abs(x).max()),
                       "first": [float(v) for v in x[:3]]}
    return found


def keep(name, state):
    expected["files"][name] = figures(state)


class Digits(nn.Module):
    """A convnet with batch norm, the layers of which a TensorFlow.js model can have too."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.bn1 = nn.BatchNorm2d(6)
        self.depth = nn.Conv2d(6, 6, 3, groups=6)
        self.up = nn.ConvTranspose2d(6, 4, 2, stride=2)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.depth(x))
        x = torch.relu(self.up(x))
        return self.fc(x.mean(dim=(2, 3)))


class Words(nn.Module):
    """An embedding, an LSTM, a GRU and a head."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.lstm = nn.LSTM(8, 7, batch_first=True)
        self.gru = nn.GRU(7, 5, batch_first=True)
        self.norm = nn.LayerNorm(5)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        x, _ = self.lstm(self.embedding(x))
        x, _ = self.gru(x)
        return self.head(self.norm(x[:, -1]))


class Reader(nn.Module):
    """An embedding, an LSTM in both directions and a head."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.lstm = nn.LSTM(8, 7, batch_first=True, bidirectional=True)
        self.last = nn.LSTM(14, 6, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        x, _ = self.lstm(self.embedding(x))
        x, _ = self.last(x)
        return self.head(self.norm(x[:, -1]))


class Flat(nn.Module):
    """A convolution whose map is flattened: PyTorch counts it channel by channel."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.norm = nn.BatchNorm1d(3 * 4 * 2)
        self.fc1 = nn.Linear(3 * 4 * 2, 5)
        self.fc2 = nn.Linear(5, 5, bias=False)
        self.fc3 = nn.Linear(5, 5, bias=False)

    def forward(self, x):
        x = self.norm(torch.relu(self.conv(x)).flatten(1))
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))


torch.manual_seed(0)
mlp = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 10))
safetensors.torch.save_file(mlp.state_dict(), path("mlp.safetensors"), metadata={"format": "pt"})
keep("mlp.safetensors", mlp.state_dict())
torch.save(mlp.state_dict(), path("mlp.pt"))
keep("mlp.pt", mlp.state_dict())
torch.save(mlp.state_dict(), path("mlp_legacy.pth"), _use_new_zipfile_serialization=False)
keep("mlp_legacy.pth", mlp.state_dict())

# Batch statistics that are not those of a fresh layer.
digits = Digits()
for _ in range(5):
    digits(torch.randn(16, 1, 8, 8) * 2 + 1)
digits.eval()
optimizer = torch.optim.Adam(digits.parameters())
digits(torch.randn(4, 1, 8, 8)).sum().backward()
optimizer.step()
torch.save({"epoch": 3, "state_dict": OrderedDict(("module." + k, v) for k, v in digits.state_dict().items()),
            "optimizer": optimizer.state_dict(), "args": {"lr": 1e-3, "tags": ["a", None, True]}},
           path("digits_checkpoint.pt"))
keep("digits_checkpoint.pt", {"module." + k: v for k, v in digits.state_dict().items()})
safetensors.torch.save_file({k: v.contiguous() for k, v in digits.state_dict().items()}, path("digits.safetensors"))
keep("digits.safetensors", digits.state_dict())

words = Words()
words.eval()
torch.save(words.state_dict(), path("words.pt"))
keep("words.pt", words.state_dict())

reader = Reader().eval()
torch.save(reader.state_dict(), path("reader.pt"))
flat = Flat()
for _ in range(5):
    flat(torch.randn(16, 2, 6, 4) * 2 + 1)
flat.eval()
torch.save(flat.state_dict(), path("flat.pt"))
safetensors.torch.save_file(flat.state_dict(), path("flat.safetensors"))

# Types, views and storages that several tensors share.
base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 10
kinds = OrderedDict([
    ("half.weight", torch.randn(4, 4).half()), ("brain.weight", torch.randn(4, 4).bfloat16()),
    ("double.weight", torch.randn(4, 4).double()), ("whole.steps", torch.tensor(7)),
    ("view.weight", base[1:3, ::2]), ("turned.weight", base.t()), ("tied.weight", base),
    ("flags.mask", torch.tensor([True, False])), ("empty.weight", torch.zeros(0, 3)),
    ("parameter.weight", nn.Parameter(torch.ones(2, 2))),
])
torch.save(kinds, path("kinds.pt"))
keep("kinds.pt", {k: v for k, v in kinds.items() if v.numel() > 0})
safetensors.torch.save_file({k: v.detach().clone().contiguous() for k, v in kinds.items()}, path("kinds.safetensors"))
keep("kinds.safetensors", {k: v for k, v in kinds.items() if v.numel() > 0})

# How PyTorch and others initialise, by name.
drawn = OrderedDict()
for name, init in [("he", nn.init.kaiming_normal_), ("glorot", nn.init.xavier_uniform_),
                   ("orthogonal", nn.init.orthogonal_), ("small", lambda w: nn.init.normal_(w, 0, 0.02)),
                   ("huge", lambda w: nn.init.normal_(w, 0, 200)), ("flat", lambda w: nn.init.constant_(w, 0.1))]:
    drawn[name + ".weight"] = init(torch.empty(64, 48))
    drawn[name + ".bias"] = torch.zeros(64)
drawn["default.weight"] = nn.Linear(48, 64).weight.detach()
drawn["broken.weight"] = torch.randn(8, 8) / 8
drawn["broken.weight"][2, 3] = float("nan")
drawn["idle.weight"] = nn.init.kaiming_normal_(torch.empty(64, 48))
drawn["idle.weight"][5:8] = 0
safetensors.torch.save_file(drawn, path("drawn.safetensors"))

# One pass each, in float64 of the float32 weights, to compare a loaded model with.
x = torch.randn(4, 1, 8, 8)
expected["passes"]["digits"] = {"inputs": x.permute(0, 2, 3, 1).reshape(-1).tolist(),
                                "outputs": digits.double()(x.double()).reshape(-1).tolist()}
t = torch.randint(0, 11, (3, 6))
expected["passes"]["words"] = {"inputs": t.reshape(-1).tolist(),
                               "outputs": words.double()(t).reshape(-1).tolist()}
expected["passes"]["reader"] = {"inputs": t.reshape(-1).tolist(),
                                "outputs": reader.double()(t).reshape(-1).tolist()}
x = torch.randn(4, 2, 6, 4)
expected["passes"]["flat"] = {"inputs": x.permute(0, 2, 3, 1).reshape(-1).tolist(),
                              "outputs": flat.double()(x.double()).reshape(-1).tolist()}
x = torch.randn(2, 64)
expected["passes"]["mlp"] = {"inputs": x.reshape(-1).tolist(),
                             "outputs": mlp.double()(x.double()).reshape(-1).tolist()}

# Batches.
rng = np.random.default_rng(0)
bx = rng.standard_normal((12, 4)).astype(np.float32)
by = rng.integers(0, 3, 12)
np.save(path("batch.npy"), bx)
np.save(path("batch_fortran.npy"), np.asfortranarray(bx.astype(np.float64)))
np.savez(path("batch.npz"), x=bx, y=by)
np.savez_compressed(path("batch_packed.npz"), inputs=bx.astype(np.float16), targets=np.eye(3, dtype=np.uint8)[by])
np.savez(path("batch_plain.npz"), bx, by)
with open(path("batch.csv"), "w") as f:
    f.write("a,b,c,d,label\n")
    for row, label in zip(bx, by):
        f.write(",".join(repr(float(v)) for v in row) + f",{label}\n")
expected["batch"] = {"x": bx.reshape(-1).tolist(), "y": by.tolist()}


def png(file, pixels):
    """Greyscale or RGB, 8 bits, every row with another filter."""
    rows, columns = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    flat = pixels.reshape(rows, columns * channels).astype(np.uint8)
    data = b""
    zero = np.zeros(columns * channels, np.int32)
    for i in range(rows):
        up = flat[i - 1].astype(np.int32) if i else zero
        now = flat[i].astype(np.int32)
        left = np.concatenate([np.zeros(channels, np.int32), now[:-channels]])
        corner = np.concatenate([np.zeros(channels, np.int32), up[:-channels]])
        p = left + up - corner
        pa, pb, pc = abs(p - left), abs(p - up), abs(p - corner)
        paeth = np.where((pa <= pb) & (pa <= pc), left, np.where(pb <= pc, up, corner))
        kind = i % 5
        out = now - [zero, left, up, (left + up) // 2, paeth][kind]
        data += bytes([kind]) + (out % 256).astype(np.uint8).tobytes()
    chunk = lambda name, body: struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    head = struct.pack(">IIBBBBB", columns, rows, 8, {1: 0, 3: 2}[channels], 0, 0, 0)
    with open(file, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


expected["images"] = {}
for label in ["cat", "dog"]:
    os.makedirs(path("images/" + label), exist_ok=True)
    for i in range(2):
        pixels = rng.integers(0, 256, (6, 5, 3))
        png(path(f"images/{label}/{i}.png"), pixels)
        expected["images"][f"{label}/{i}"] = pixels.reshape(-1).tolist()

with open(path("expected.json"), "w") as f:
    json.dump(expected, f)
for name in sorted(os.listdir(OUT)):
    print(name, os.path.getsize(path(name)))
