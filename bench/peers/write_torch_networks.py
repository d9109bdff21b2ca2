"""Writes the networks of the comparison as PyTorch saves them, NAME.pt and NAME.safetensors, from what
write_networks.py left in the folder: the same numbers, laid out as PyTorch has them.

    python write_torch_networks.py FOLDER SIZE [NAME ...]
"""
import sys
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from networks import NETWORKS, Array, Dimensions, size_of
from torch_networks import BUILD


def of_attention(weights: dict[str, Array], width: int) -> dict[str, Array]:
    """One matrix for queries, keys and values."""
    inward = [weights[f"{part}.kernel"].reshape(width, width).T for part in ("query", "key", "value")]
    biases = [weights[f"{part}.bias"].reshape(width) for part in ("query", "key", "value")]
    return {
        "in_proj_weight": np.concatenate(inward), "in_proj_bias": np.concatenate(biases),
        "out_proj.weight": weights["attention_output.kernel"].reshape(width, width).T,
        "out_proj.bias": weights["attention_output.bias"],
    }


def own_weights(module: nn.Module, weights: dict[str, Array], before_flatten: int | None) -> dict[str, Array]:
    """The weights of a module by PyTorch's names, of those of the Keras layer."""
    if isinstance(module, nn.MultiheadAttention):
        return of_attention(weights, module.embed_dim)
    if isinstance(module, nn.LSTM):
        return {
            "weight_ih_l0": weights["lstm_cell.kernel"].T, "weight_hh_l0": weights["lstm_cell.recurrent_kernel"].T,
            "bias_ih_l0": weights["lstm_cell.bias"], "bias_hh_l0": np.zeros_like(weights["lstm_cell.bias"]),
        }
    if isinstance(module, nn.Embedding):
        return {"weight": weights["embeddings"]}
    if isinstance(module, nn.BatchNorm2d):
        return {
            "weight": weights["gamma"], "bias": weights["beta"], "running_mean": weights["moving_mean"],
            "running_var": weights["moving_variance"],
        }
    if isinstance(module, nn.LayerNorm):
        return {"weight": weights["gamma"], "bias": weights["beta"]}
    kernel = weights["kernel"]
    if isinstance(module, nn.Conv2d):
        kernel = kernel.transpose(3, 2, 0, 1)
    elif before_flatten is not None:  # PyTorch flattens channel by channel
        rows, units = kernel.shape
        kernel = kernel.reshape(-1, before_flatten, units).transpose(2, 1, 0).reshape(units, rows)
    else:
        kernel = kernel.T
    return {"weight": kernel} | ({"bias": weights["bias"]} if "bias" in weights else {})


def write(folder: Path, name: str, d: Dimensions) -> None:
    by_layer: dict[str, dict[str, Array]] = {}
    for path, array in np.load(folder / f"{name}.arrays.npz").items():
        layer, weight = path.split("|", 1)
        by_layer.setdefault(layer, {})[weight.replace("|", ".")] = array
    model = BUILD[name](d)
    state: dict[str, Tensor] = {}
    for path, module in model.named_modules():
        weights = by_layer.get(path.replace(".", "_"))
        if weights is None:
            continue
        before_flatten = 2 * d.width if name == "convnet" and path == "head" else None
        for own, array in own_weights(module, weights, before_flatten).items():
            state[f"{path}.{own}"] = torch.from_numpy(np.ascontiguousarray(array))
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any("num_batches_tracked" not in key for key in missing):
        raise ValueError(f"{name}: PyTorch misses {missing} and does not know {unexpected}")
    torch.save(model.state_dict(), folder / f"{name}.pt")
    safetensors.torch.save_file(model.state_dict(), folder / f"{name}.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    folder, size, *names = Path(sys.argv[1]), *sys.argv[2:]
    for name in names or NETWORKS:
        write(folder, name, size_of(size, name))
