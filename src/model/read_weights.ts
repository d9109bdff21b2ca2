import { failure } from "../words/failure.ts";
import { formatCount } from "../words/numbers.ts";
import { requireValue, text } from "../words/requirements.ts";
import { isFloat } from "./files/file_types.ts";
import { ModelError } from "./model_error.ts";
import { readSafetensors } from "./torch/read_safetensors.ts";
import { readStateDict } from "./torch/read_state_dict.ts";
import type { FileTensor, WeightsFile } from "./weights_file.ts";

/**
 * Reads a file of weights that holds no topology: `.safetensors`, or a state dict that `torch.save` wrote (`.pt`,
 * `.pth`, `.ckpt`, `.bin`). The file is data: nothing of it runs, nothing outside it is read, and it gets no more
 * memory than a few times its size.
 *
 * @param path The file.
 * @returns Its tensors.
 * @throws {ModelError} If it is no such file: one sentence with what was found and what was expected.
 *
 * @example The names and shapes of a file
 * ```ts
 * import { readWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tensors } = await readWeights("fixtures/files/mlp.safetensors");
 * const bias = tensors.find(({ name }) => name === "4.bias")!;
 * assertEquals([bias.shape, bias.type, bias.read().length], [[10], "float32", 10]);
 * ```
 */
export async function readWeights(path: string): Promise<WeightsFile> {
  requireValue("path", path, text);
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new ModelError(`${path}: ${failure(error)}`, { cause: error });
  }
  try {
    const { format, tensors, notes } = parse(path, bytes);
    if (tensors.length === 0) throw new ModelError("The file holds no tensors, expected weights");
    return { path, format, tensors, notes: [...notes, ...notesOn(tensors)] };
  } catch (error) {
    if (error instanceof ModelError) error.message = `${path}: ${error.message}`;
    throw error;
  }
}

function parse(path: string, bytes: Uint8Array): Omit<WeightsFile, "path"> {
  if (/\.safetensors$/i.test(path)) {
    return { format: "safetensors", tensors: readSafetensors(bytes), notes: [] };
  }
  return { format: "PyTorch", ...readStateDict(bytes) };
}

/** What is not read as it was written. */
function notesOn(tensors: readonly FileTensor[]): string[] {
  const doubles = tensors.filter(({ type }) => type === "float64").length;
  const others = tensors.filter(({ type }) => !isFloat(type));
  const types = [...new Set(others.map(({ type }) => type))].join(", ");
  return [
    ...doubles > 0 ? [`${formatCount(doubles, "tensor")} of float64 read as float32.`] : [],
    ...others.length > 0
      ? [`${formatCount(others.length, "tensor")} of ${types} not judged: no weights.`]
      : [],
  ];
}
