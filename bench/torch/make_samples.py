"""Writes what PyTorch computes for its own samples of its operations, call by call.

    python bench/torch/make_samples.py FOLDER [NAME...]

The samples are those by which PyTorch tests itself (`op_db`, which its wheel has): of each of its
operations at most 60 in float32, 10 in int64 and 10 in bool, drawn at random. Each is traced as
torch.export traces a program, and each call of an operation of ATen becomes a case: its arguments,
and its outputs and gradients in float64, with the largest errors that PyTorch makes in float32.
FOLDER/NAME.jsonl has a case a line; bench/torch/compare_samples.ts reads them.
"""

import json
import logging
import math
import random
import sys
import warnings
from pathlib import Path

import torch
from torch.fx.experimental.proxy_tensor import make_fx
from torch.testing._internal.common_methods_invocations import op_db
from torch.utils import _pytree as pytree

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures/torch_programs"))
from make_aten_golden import draws, entries, flattened, kind_of  # noqa: E402

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

MOST_SAMPLES = {torch.float32: 60, torch.int64: 10, torch.bool: 10}
MOST_ENTRIES = 3000
HELD = {torch.float32, torch.float64, torch.int64, torch.int32, torch.bool}

# Operations that are compared elsewhere, or whose results have no defined values.
LEFT_OUT = {"empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted"}


class Unfit(Exception):
    """A call that is not compared, by its reason."""


def written(value):
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.is_quantized:
            raise Unfit("sparse or quantised")
        if value.dtype not in HELD:
            raise Unfit("complex" if value.is_complex() else "other dtypes")
        if value.numel() > MOST_ENTRIES:
            raise Unfit("large")
        kind = kind_of(value)
        data = [int(one) if kind == "bool" else one for one in value.detach().flatten().tolist()]
        if kind == "int32" and any(abs(one) >= 2**31 for one in data):
            raise Unfit("beyond 32 bits")
        spec = {"shape": list(value.shape), "dtype": kind}
        return {**spec, "data": [one if math.isfinite(one) else str(one) for one in data]}
    if isinstance(value, torch.dtype):
        return str(value).replace("torch.", "").replace("float64", "float32")
    if isinstance(value, (torch.device, torch.layout, torch.memory_format)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [written(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) and value != int(value) else {"number": str(value)}
    if isinstance(value, complex):
        raise Unfit("complex")
    if value is None or isinstance(value, (bool, int, str)):
        return value
    raise Unfit("other arguments")


def made(value, dtype, has_grad):
    """A copy of an argument with its floats in a dtype, and leaves of their own."""
    if isinstance(value, torch.Tensor):
        copy = value.detach().clone()
        return copy.to(dtype).requires_grad_(has_grad) if copy.is_floating_point() else copy
    if isinstance(value, torch.dtype):
        return dtype if value.is_floating_point else value
    if isinstance(value, (list, tuple)):
        return type(value)(made(one, dtype, has_grad) for one in value)
    return value


def computed(overload, args, kwargs, dtype, has_grad=True):
    """Outputs and gradients in a dtype; no gradients if PyTorch has none."""
    given = made(list(args), dtype, has_grad)
    named = {key: made(one, dtype, has_grad) for key, one in kwargs.items()}
    try:
        result = overload(*given, **named)
    except RuntimeError:
        if not has_grad:
            raise
        return computed(overload, args, kwargs, dtype, has_grad=False)
    outputs = [one for one in flattened(result) if isinstance(one, torch.Tensor)]
    leaves = [one for one in pytree.tree_leaves((given, named)) if isinstance(one, torch.Tensor) and one.requires_grad]
    total = [
        (one * torch.tensor(draws(9000 + j, one.numel()), dtype=one.dtype).reshape(one.shape)).sum()
        for j, one in enumerate(outputs)
        if one.is_floating_point() and one.requires_grad
    ]
    grads = None
    if total and leaves:
        grads = torch.autograd.grad(sum(total), leaves, allow_unused=True)
    return result, outputs, grads


def error(found, exact):
    """Largest error of finite entries, relative to the largest of them."""
    largest = 0
    for a, b in zip(found, exact):
        if b is None or a is None or not b.is_floating_point():
            continue
        a, b = a.detach().double().flatten(), b.detach().double().flatten()
        known = torch.isfinite(a) & torch.isfinite(b)
        if known.any():
            scale = max(0.01, float(b[known].abs().max()))
            largest = max(largest, float((a[known] - b[known]).abs().max()) / scale)
    return largest


def case_of(name, overload, args, kwargs):
    record = {"op": name, "args": written(list(args))}
    if kwargs:
        record["named"] = {key: written(one) for key, one in kwargs.items()}
    result, outputs, grads = computed(overload, args, kwargs, torch.float64)
    for one in outputs:
        written(one)
    record["out"] = [{"dtype": kind_of(t), "shape": list(t.shape), "data": entries(t)} for t in outputs]
    if not outputs and isinstance(result, (bool, int, float)):
        record["value"] = result
    if grads is not None:
        record["grad"] = [None if one is None else entries(one.to_dense()) for one in grads]
    try:
        _, single, slopes = computed(overload, args, kwargs, torch.float32)
        record["error"] = [error(single, outputs), error(slopes, grads) if grads and slopes else 0]
    except RuntimeError:
        pass
    return record


def functional(target):
    """The overload without a change in place, and the name of it in a graph."""
    packet, overload = target._schema.name.split("::")[1], target._overloadname
    if packet.endswith("_") and not packet.endswith("__"):
        plain = getattr(torch.ops.aten, packet[:-1], None)
        if plain is None or overload not in plain.overloads():
            raise Unfit("in place alone")
        packet, target = packet[:-1], getattr(plain, overload)
    return f"aten.{packet}.{overload}", target


class Recorder(torch.fx.Interpreter):
    """Runs a graph, and notes its calls."""

    def __init__(self, graph):
        super().__init__(graph)
        self.calls = []

    def call_function(self, target, args, kwargs):
        copy = pytree.tree_map(lambda one: one.detach().clone() if isinstance(one, torch.Tensor) else one, (args, kwargs))
        if isinstance(target, torch._ops.OpOverload) and target.namespace == "aten":
            self.calls.append((target, *copy))
        return super().call_function(target, args, kwargs)


def calls_of(op, sample):
    """The calls of ATen that a sample makes, as an exported program would."""
    leaves, spec = pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    at = [i for i, one in enumerate(leaves) if isinstance(one, torch.Tensor)]

    def run(*tensors):
        whole = list(leaves)
        for i, tensor in zip(at, tensors):
            whole[i] = tensor
        given, args, kwargs = pytree.tree_unflatten(whole, spec)
        return op(given, *args, **kwargs)

    tensors = [leaves[i] for i in at]
    graph = make_fx(run, pre_dispatch=True)(*[one.clone() for one in tensors])
    recorder = Recorder(graph)
    recorder.run(*[one.clone() for one in tensors])
    return recorder.calls


def write(folder, op, counts):
    seen = set()
    lines = []
    for dtype, most in MOST_SAMPLES.items():
        if dtype not in op.supported_dtypes("cpu"):
            continue
        torch.manual_seed(0)
        samples = list(op.sample_inputs("cpu", dtype, requires_grad=False))
        draw = random.Random(f"{op.name} {op.variant_test_name} {dtype}")
        for sample in draw.sample(samples, min(most, len(samples))):
            try:
                calls = calls_of(op, sample)
            except Exception as problem:
                counts["not traced"] = counts.get("not traced", 0) + 1
                counts.setdefault("names", {})[op.name] = str(problem)[:100]
                continue
            for target, args, kwargs in calls:
                try:
                    name, overload = functional(target)
                    if torch.Tag.nondeterministic_seeded in target.tags:
                        raise Unfit("random")
                    if name.split(".")[1] in LEFT_OUT:
                        raise Unfit("without values")
                    line = json.dumps(case_of(name, overload, args, kwargs), separators=(",", ":"))
                except Unfit as reason:
                    counts[str(reason)] = counts.get(str(reason), 0) + 1
                    continue
                except Exception as problem:
                    counts["refused by PyTorch"] = counts.get("refused by PyTorch", 0) + 1
                    counts.setdefault("problems", {})[str(target)] = str(problem)[:150]
                    continue
                if line not in seen:
                    seen.add(line)
                    lines.append(line)
    if lines:
        file = f"{op.name}{op.variant_test_name and '.' + op.variant_test_name}.jsonl"
        (folder / file).write_text("\n".join(lines) + "\n")
    return len(lines)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    counts, total = {}, 0
    for op in op_db:
        if len(sys.argv) > 2 and op.name not in sys.argv[2:] or "backward" in op.name:
            continue
        total += write(folder, op, counts)
    (folder / "counts.json").write_text(json.dumps(counts, indent=1))
    print(total, "cases;", {key: one for key, one in counts.items() if isinstance(one, int)})


main()
