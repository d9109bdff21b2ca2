import { ModelError } from "../model/model_error.ts";
import { showValue } from "../words/show_value.ts";
import type { TorchLayer, TorchTensor } from "./torch_layers.ts";

/** Names of an attention's layers in our MultiHeadAttention. */
const PARTS = ["query", "key", "value"] as const;

/** Name of the Linear that an attention has for its outputs. */
const OUTPUT = /(^|\.)out_proj$/;

/**
 * Returns the layers of a state dict, with each `nn.MultiheadAttention` split: PyTorch stacks the
 * kernels of queries, keys and values in `in_proj_weight` (or keeps them apart, if keys and values
 * have other sizes) and their biases in `in_proj_bias`; Keras has a layer for each.
 *
 * @throws {ModelError} If an attention has weights that no layer of Keras has.
 */
export function splitAttentions(layers: readonly TorchLayer[]): TorchLayer[] {
  const attentions = new Set(
    layers.filter(({ className }) => className === "MultiheadAttention").map(({ name }) => name),
  );
  return layers.flatMap((layer) => {
    if (attentions.has(layer.name)) return partsOf(layer);
    const owner = layer.name.replace(OUTPUT, "") || "(root)";
    return owner !== layer.name && attentions.has(owner)
      ? [{ ...layer, name: partName(owner, "attention_output") }]
      : [layer];
  });
}

const partName = (owner: string, part: string) => owner === "(root)" ? part : `${owner}.${part}`;

function partsOf(layer: TorchLayer): TorchLayer[] {
  const strange = layer.tensors.find(({ role }) => role === "other");
  if (strange !== undefined) {
    throw new ModelError({
      place: showValue(strange.name),
      found:
        "a key or a value that an attention of PyTorch adds to all others, and no attention of Keras does",
      expected: "one without (add_bias_kv)",
    });
  }
  const kernels = layer.tensors.filter(({ role }) => role === "kernel");
  const bias = layer.tensors.find(({ role }) => role === "bias");
  return PARTS.map((part, i) => ({
    ...layer,
    name: partName(layer.name, part),
    className: "Linear",
    tensors: [
      kernels.length === 1
        ? third(kernels[0], i)
        : kernels.find(({ own }) => own.startsWith(part[0]))!,
      ...bias === undefined ? [] : [third(bias, i)],
    ],
  }));
}

/** Returns one of three equal blocks of rows. */
function third(tensor: TorchTensor, part: number): TorchTensor {
  const [rows, ...columns] = tensor.shape;
  const length = rows / 3 * columns.reduce((all, size) => all * size, 1);
  return {
    ...tensor,
    shape: [rows / 3, ...columns],
    read: () => tensor.read().slice(part * length, (part + 1) * length),
  };
}
