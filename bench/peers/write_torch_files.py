"""Writes fixtures/files/torch: small models as PyTorch and safetensors save them, and NAME.json with the versions, a batch,
and what PyTorch puts out in float64; and checkpoints as people keep them.

    python bench/peers/write_torch_files.py FOLDER

Needs `torch safetensors numpy`, and `lightning` for the checkpoint that it writes. The same versions write the same
bytes, but for the checkpoint of Lightning, which holds the name of a temporary folder.
"""
import argparse
import collections
import json
import random
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from torch_models import MODELS, TOKENS

FOLDER = Path(sys.argv[1])
VERSIONS = {"torch": torch.__version__, "safetensors": safetensors.__version__, "numpy": np.__version__}


def settle(model: nn.Module) -> nn.Module:
    """Weights that are all different, and statistics that are not those of a fresh layer."""
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            scale = 0.5 if tensor.ndim < 2 else tensor[0].numel() ** -0.5
            tensor.copy_(torch.rand_like(tensor) + 0.5 if "var" in name else torch.randn_like(tensor) * scale)
    return model.eval()


def channels_last(tensor: Tensor, is_picture: bool) -> Tensor:
    return tensor.movedim(1, -1) if is_picture else tensor


def plain(tensor: Tensor) -> dict[str, list]:
    return {"shape": list(tensor.shape), "values": [float(f"{x:.9g}") for x in tensor.flatten().tolist()]}


def write(make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    name = make.__name__
    model = settle(make())
    x = torch.randint(0, 9, (3, *shape)) if name in TOKENS else torch.randn(3, *shape)
    is_picture = any(word in name for word in ("conv", "norm2d", "group"))
    torch.save(model.state_dict(), FOLDER / f"{name}.pt")
    if name != "tied":  # safetensors refuses tensors that share their entries
        safetensors.torch.save_file(model.state_dict(), FOLDER / f"{name}.safetensors", metadata={"format": "pt"})
    with torch.no_grad():
        y = model.double()(x if name in TOKENS else x.double())
    classes = [type(module).__name__ for module in model.modules() if list(module.parameters(recurse=False))]
    figures = {
        "versions": VERSIONS, "classes": classes, "input": plain(channels_last(x, is_picture)),
        "output": plain(channels_last(y, is_picture)),
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(figures) + "\n")


def trained(model: nn.Module) -> torch.optim.Optimizer:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model(torch.randn(4, 5)).sum().backward()
    optimizer.step()
    return optimizer


def checkpoints() -> None:
    """The same small network, kept in the ways that people keep theirs."""
    linear, shape = MODELS[0]
    torch.manual_seed(0)
    model = settle(linear())
    torch.save(model.state_dict(), FOLDER / "checkpoint_plain.pt")
    state = model.state_dict()
    args = argparse.Namespace(lr=1e-3, data=Path("data/train"), tags=["a"], nested=argparse.Namespace(depth=3))
    torch.save({
        "model_state_dict": state, "optimizer_state_dict": trained(settle(linear())).state_dict(), "epoch": 7,
        "args": args, "best": np.float64(0.25), "step": np.int64(3), "losses": np.arange(3, dtype="float32"),
        "counts": collections.Counter(a=1), "recent": collections.deque([1, 2], 5), "range": range(3),
        "when": datetime(2026, 1, 1), "rng": torch.get_rng_state(), "python_rng": random.Random(0).getstate()[0],
    }, FOLDER / "checkpoint_arguments.pt")
    torch.save({f"module.{key}": value for key, value in state.items()}, FOLDER / "checkpoint_data_parallel.pt")
    torch.save({f"_orig_mod.{key}": value for key, value in state.items()}, FOLDER / "checkpoint_compiled.pt")
    both = {f"module._orig_mod.{key}": value for key, value in state.items()}
    torch.save({"net": both, "scaler": {"scale": 65536.0}}, FOLDER / "checkpoint_both.pth")
    torch.save(model, FOLDER / "whole_model.pt")


def lightning_checkpoint() -> None:
    import lightning

    class Lit(lightning.LightningModule):
        def __init__(self, rate: float, data: Path):
            super().__init__()
            self.save_hyperparameters()
            self.model = MODELS[0][0]()

        def training_step(self, batch: list[Tensor], _: int) -> Tensor:
            return self.model(batch[0]).square().mean()

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.0)

    torch.manual_seed(0)
    lit = Lit(1e-3, Path("data"))
    settle(lit.model)
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.zeros(4, 5)), batch_size=2)
    with tempfile.TemporaryDirectory() as root:
        trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=root, logger=False,
                                    enable_progress_bar=False, enable_model_summary=False)
        trainer.fit(lit, batches)
        trainer.save_checkpoint(FOLDER / "lightning.ckpt")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for seed, (make, shape) in enumerate(MODELS):
        torch.manual_seed(seed)
        write(make, shape)
    checkpoints()
    lightning_checkpoint()
