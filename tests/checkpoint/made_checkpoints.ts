import type { Finding } from "../../src/core/rules/finding.ts";
import { BLOCK, type MadeTensor } from "./write_checkpoint.ts";

/** Fault that is planted in a made checkpoint; `null` for none. */
export type Fault =
  | "nan"
  | "infinity"
  | "zero-row"
  | "repeated-row"
  | "times-30"
  | "swapped"
  | "untouched"
  | null;

/** Rules and kinds of findings that each fault has, one for each faulty tensor. */
const FINDINGS: Record<Exclude<Fault, null>, string> = {
  "nan": "error non-finite spread",
  "infinity": "error non-finite spread",
  "zero-row": "note symmetry zero-units",
  "repeated-row": "note symmetry duplicates",
  "times-30": "error blocks-alike too-large",
  "swapped": "warning blocks-alike swapped",
  "untouched": "warning blocks-alike untouched",
};

/** The faults, and clean checkpoints: those of 100 in turn. */
export const FAULTS: Fault[] = [...Object.keys(FINDINGS) as Fault[], null, null, null];

/** Returns the only findings that a made checkpoint should have, as `foundIn()` returns them. */
export function expectedOf({ fault, faulty }: Omit<MadeCheckpoint, "tensors">): string[] {
  if (fault === null) return [];
  const layers = faulty.map((name) => name.replace(/\.weight$/, "")).toSorted();
  return [`${FINDINGS[fault]}: ${layers.join(", ")}`];
}

/** Returns findings without the notes on the size of new kernels, which a trained one gets. */
export function foundIn(
  findings: readonly Pick<Finding, "rule" | "severity" | "kind" | "layer" | "layers">[],
): string[] {
  return findings.filter(({ rule }) => rule !== "init-scale").map(
    ({ severity, rule, kind, layer, layers = [layer!] }) =>
      `${severity} ${rule} ${kind}: ${layers.toSorted().join(", ")}`,
  );
}

/** Made checkpoint. */
export interface MadeCheckpoint {
  tensors: MadeTensor[];
  fault: Fault;
  /** Tensors that have the fault. */
  faulty: string[];
}

/** Options of {@linkcode makeCheckpoint}. */
export interface MadeOptions {
  fault: Fault;
  /** Number that decides on everything that is not given. */
  seed: number;
  blocks: number;
  width: number;
  dtype: MadeTensor["dtype"];
}

/**
 * Describes a transformer as training leaves it: kernels with heavy tails, whose size drifts over the
 * blocks; gains that moved; a first and a last block that differ by up to 2; and at most one fault.
 */
export function makeCheckpoint(
  { fault, seed, blocks, width, dtype }: MadeOptions,
): MadeCheckpoint {
  const tensors: MadeTensor[] = [];
  const drift = 1 + (seed % 5) * 0.01;
  const kernel = (name: string, shape: number[], std: number): MadeTensor => ({
    name,
    dtype,
    shape,
    // Wider kernels are smaller, as they are drawn.
    std: std * Math.sqrt(32 / width),
    tails: true,
  });
  tensors.push(kernel("model.embed_tokens.weight", [4 * width, width], 0.4));
  for (let block = 0; block < blocks; block++) {
    const at = (name: string) => `model.layers.${block}.${name}.weight`;
    const isEnd = block === 0 || block === blocks - 1;
    const size = drift ** block * (isEnd ? 1 + (seed % 7) / 7 : 1) *
      (1 + 0.02 * Math.sin(seed + 3 * block));
    tensors.push(
      kernel(at("self_attn.q_proj"), [width, width], 0.031 * size),
      kernel(at("self_attn.o_proj"), [width, width], 0.057 * size),
      kernel(at("mlp.up_proj"), [3 * width, width], 0.043 * size),
      kernel(at("mlp.down_proj"), [width, 3 * width], 0.037 * size),
      { name: at("input_layernorm"), dtype, shape: [width], std: 0.1, mean: 0.6 * size },
    );
  }
  tensors.push({ name: "model.norm.weight", dtype, shape: [width], std: 0.2, mean: 2 });
  return { tensors, fault, faulty: plant(tensors, { fault, seed, blocks, width }) };
}

/** Plants a fault into an inner block, and returns the names of the tensors that have it. */
function plant(
  tensors: MadeTensor[],
  { fault, seed, blocks, width }: Omit<MadeOptions, "dtype">,
): string[] {
  if (fault === null) return [];
  const block = 1 + seed % (blocks - 2);
  const find = (kind: string) => tensors.find(({ name }) => name.includes(`.${block}.${kind}`))!;
  const kinds = ["self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"];
  const tensor = find(kinds[seed % kinds.length]);
  const columns = tensor.shape[1];
  const row = 1 + seed * 7919 % (width - 1);
  const change = (
    from: number,
    count: number,
    of: (index: number, block: Float32Array) => number,
  ) => {
    const apply = (values: Float32Array, first: number) => {
      for (let index = from; index < from + count; index++) {
        if (index < first || index >= first + values.length) continue;
        values[index - first] = of(index, values);
      }
    };
    tensor.change = { from, to: from + count, apply };
  };
  if (fault === "nan") change(row * columns + 3, 1, () => NaN);
  else if (fault === "infinity") change(row * columns + 3, 1, () => -Infinity);
  else if (fault === "zero-row") change(row * columns, columns, () => 0);
  else if (fault === "repeated-row") {
    // The first row is in the same block.
    const near = 1 + (row - 1) % (Math.floor(BLOCK / columns) - 1);
    change(near * columns, columns, (index, block) => block[index - near * columns]);
  } else if (fault === "times-30") tensor.std! *= 30;
  else if (fault === "untouched") {
    tensor.std = 0.02;
    tensor.tails = false;
  } else {
    const other = find("self_attn.o_proj"), one = find("self_attn.q_proj");
    const name = one.name;
    one.name = other.name;
    other.name = name;
    return [one.name, other.name];
  }
  return [tensor.name];
}
