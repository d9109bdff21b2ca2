import type { TorchLayer, TorchTensor } from "./torch_layers.ts";

/** What a MultiheadAttention projects, in the order in which its one matrix has it. */
const PARTS = ["query", "key", "value"];

/** A third of the rows of a tensor. */
function third(tensor: TorchTensor, i: number): TorchTensor {
  const [rows, ...rest] = tensor.shape;
  const read = () => {
    const values = tensor.read();
    const size = values.length / PARTS.length;
    return values.slice(i * size, (i + 1) * size);
  };
  return { ...tensor, shape: [rows / PARTS.length, ...rest], read };
}

/**
 * The layers of a file, and in the place of each MultiheadAttention three Linears: a Keras layer has a kernel each for
 * queries, keys and values, where PyTorch has one matrix with three times the rows.
 */
export function splitAttentions(layers: readonly TorchLayer[]): TorchLayer[] {
  return layers.flatMap((layer) =>
    layer.className !== "MultiheadAttention" ? [layer] : PARTS.map((part, i) => ({
      ...layer,
      name: `${layer.name}.${part}`,
      className: "Linear",
      tensors: layer.tensors.map((tensor) => third(tensor, i)),
    }))
  );
}
