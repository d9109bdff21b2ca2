"""The job as a user of PyTorch does it: hooks on the modules, retained gradients."""
import torch
from torch import Tensor, nn

from job import Figures, finish, read_job
from networks import size_of
from torch_networks import BUILD

job = read_job()
if job.threads is not None:
    torch.set_num_threads(job.threads)
model = BUILD[job.name](size_of(job.folder.name, job.name))
model.load_state_dict(torch.load(job.folder / f"{job.name}.pt"))
model.train(job.network.training)

x_array, y_array = job.batch()
x = torch.from_numpy(x_array)
if x.ndim == 4:
    x = x.permute(0, 3, 1, 2).contiguous()
y = None if y_array is None else torch.from_numpy(y_array)
if job.double:
    model.double()
    x = x.double() if x.is_floating_point() else x
    y = y.double() if y is not None and y.is_floating_point() else y


def loss_of(outputs: Tensor) -> Tensor:
    if job.network.loss == "sum":
        return outputs.sum()
    if job.network.loss == "mse":
        return nn.functional.mse_loss(outputs, y)
    return nn.functional.cross_entropy(outputs, y.long())


def bare() -> Tensor:
    model.zero_grad()
    loss = loss_of(model(x))
    loss.backward()
    return loss


modules = {
    path: module for path, module in model.named_modules()
    if isinstance(module, (nn.LSTM, nn.MultiheadAttention))
    or not list(module.children()) and "out_proj" not in path and not isinstance(module, nn.Flatten)
}
OWN_NAMES = {"weight_ih_l0": "kernel", "weight_hh_l0": "recurrent_kernel", "bias_ih_l0": "bias"}


def mean(tensor: Tensor) -> float:
    return tensor.abs().mean(dtype=torch.float64).item()


def weight_name(module: nn.Module, own: str) -> str | None:
    if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
        return {"weight": "gamma", "bias": "beta"}[own]
    if isinstance(module, nn.Embedding):
        return "embeddings"
    return OWN_NAMES.get(own) if isinstance(module, nn.LSTM) else {"weight": "kernel", "bias": "bias"}[own]


def weight_figures(layer: str, module: nn.Module) -> Figures:
    if isinstance(module, nn.MultiheadAttention):
        found = {"attention_output/kernel": module.out_proj.weight, "attention_output/bias": module.out_proj.bias}
        gradients = {own: weight.grad for own, weight in found.items()}
        for own, joined in (("kernel", module.in_proj_weight), ("bias", module.in_proj_bias)):
            parts = joined.grad.chunk(3)
            gradients |= {f"{part}/{own}": grad for part, grad in zip(("query", "key", "value"), parts)}
        return {f"{layer}/{own}": {"gradient": mean(grad)} for own, grad in gradients.items()}
    named = [(weight_name(module, own), weight.grad) for own, weight in module.named_parameters(recurse=False)]
    return {f"{layer}/{own}": {"gradient": mean(grad)} for own, grad in named if own is not None}


def figures() -> tuple[float, Figures]:
    outputs: dict[str, Tensor] = {}

    def keep(path: str, output: Tensor | tuple) -> None:
        if isinstance(output, tuple):  # an LSTM's last state, or what an attention puts out
            output = output[1][0] if isinstance(modules[path], nn.LSTM) else output[0]
        output.retain_grad()
        outputs[path] = output

    handles = [
        module.register_forward_hook(lambda _, __, output, path=path: keep(path, output))
        for path, module in modules.items()
    ]
    loss = bare()
    for handle in handles:
        handle.remove()
    found: Figures = {}
    for path, output in outputs.items():
        layer = path.replace(".", "_")
        is_raw = f"{path}_act" in modules or path == "head"
        names = ("z", "delta") if is_raw else ("a", "da")
        values = dict(zip(names, (mean(output), mean(output.grad))))
        found.setdefault(layer.removesuffix("_act"), {}).update(values)
        found |= weight_figures(layer, modules[path])
    return loss.item(), found


finish(job, {"torch": torch.__version__}, figures, bare)
