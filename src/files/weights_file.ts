import type { FileType } from "../ground/traits/number_types.ts";
import { showValue } from "../ground/words/show_value.ts";
import type { FileIdentity } from "./byte_source.ts";

/** Tensor in a file; its entries are only read on demand. */
export interface FileTensor {
  /** Name: `layer1.0.conv1.weight`. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Type of the entries in the file. */
  type: FileType;
  /** Reads the entries as float32, row-major. */
  read(): Float32Array<ArrayBuffer>;
  /**
   * Returns the entries as the file has them, little-endian and row-major; absent if they are in
   * another order.
   */
  bytes?(): Uint8Array;
  /**
   * Yields those bytes in pieces, each of which may be written over the one before: of a packed
   * tensor, or of one in another order, for which nothing is awaited.
   */
  unpack?(): AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>;
  /**
   * Place of the entries, row-major and without gaps, in a file on the disk; absent if they are
   * packed or in another order.
   */
  stored?: { file: FileIdentity; offset: number };
  /**
   * Place of the entries in a file on the disk if they are there without gaps in another order, with
   * the axes of the tensor in that order, outermost first.
   */
  permuted?: { file: FileIdentity; offset: number; axes: number[] };
  /** File that has it, as the user does: not a temporary copy. */
  source?: FileIdentity;
  /** Name of the file that has it, if the weights are in several. */
  shard?: string;
}

/** Facts about a network from the `config.json` beside its weights; `null` if it lacks one. */
export interface NetworkConfig {
  /** Class of the network: `LlamaForCausalLM`. */
  architecture: string;
  /** Number of blocks. */
  layers: number | null;
  /** Number of attention heads. */
  heads: number | null;
  /** Number of heads of keys and values. */
  keyValueHeads: number | null;
  /** True if the head uses the matrix of the embedding. */
  tiesEmbeddings: boolean | null;
}

/** File that holds weights and no topology. */
export interface WeightsFile {
  /** Path of the file, as the caller put it. */
  path: string;
  /** Format of the file: `PyTorch` for a file of `torch.save` or `torch.export.save`. */
  format: "safetensors" | "PyTorch" | "Keras" | "TensorFlow.js" | "NumPy";
  /**
   * Order of the axes of kernels, and names of weights. Default: `"pytorch"`, `[out, in, ...window]`;
   * `"keras"` is `[...window, in, out]`, as Flax has it, too.
   */
  layout?: "keras" | "pytorch";
  /** Tensors, in the order of the file. */
  tensors: FileTensor[];
  /** Notes on how it was read, a sentence each. */
  notes: string[];
  /** Facts from the `config.json` beside it; absent if there is none. */
  config?: NetworkConfig;
}

/** Largest number of names in a note. */
const MAX_NAMES = 4;

/** Returns the note on the contents of a file of weights that are left out; none if nothing is. */
export function leftOut(names: readonly string[], why: string): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MAX_NAMES).map(showValue).join(", ");
  return [`${shown}${names.length > MAX_NAMES ? " ..." : ""} left out: ${why}.`];
}
