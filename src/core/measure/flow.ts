import type { Tensor } from "../../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";

export interface Origin {
  /** Number of layers with a kernel on the longest path to it. */
  depth: number;
  /** Layers that may be the model's last. */
  heads: readonly LayerRecord[];
  /** Rows of the layer that made it, the layer's own first; none if tensors were joined. */
  rows: readonly LayerRecord[];
  /** True if that layer has a kernel. */
  hasKernel: boolean;
  /** Rows whose outputs it is, or was joined from. */
  made: readonly LayerRecord[];
  /** Origins of that layer's inputs, or of the joined tensors. */
  from: readonly Origin[];
}

const NOWHERE: Origin = { depth: 0, heads: [], rows: [], hasKernel: false, made: [], from: [] };

/** Container that is being called. */
interface Enclosing {
  /** Origin of its inputs. */
  from: Origin;
  /** Outputs of its layers that none of them has read yet, by the tensors' ids. */
  open: Map<number, Origin>;
}

/**
 * Follows the tensors of the forward pass from layer to layer. It finds the depth of each layer,
 * its inputs, and the heads of the model, whatever its topology. It relies on the calls and not on
 * the graph, which does not have this information: functional models nest, wrappers slice.
 */
export class Flow {
  readonly #origins = new Map<number, Origin>();
  /** Names of the model's inputs, by the ids of the tensors. */
  readonly #inputs = new Map<number, string>();
  readonly #names: readonly string[];
  /** Containers that are being called, innermost last. */
  readonly #enclosing: Enclosing[] = [];
  #latest: Origin = NOWHERE;

  /** @param names Names of the model's inputs, in their order. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Begins a forward pass with the inputs of the model, in the same order. */
  begin(inputs: readonly Tensor[]): void {
    this.#origins.clear();
    this.#inputs.clear();
    for (const [index, { id }] of inputs.entries()) this.#inputs.set(id, this.#names[index]);
  }

  /** Notes the number of a layer's input tensors, and the model inputs among them. */
  readBy(row: LayerRecord, inputs: readonly Tensor[]): void {
    row.operands = Math.max(row.operands, inputs.length);
    for (const { id } of inputs) {
      const name = this.#inputs.get(id);
      if (name !== undefined) row.reads.add(name);
    }
  }

  /**
   * Returns the origin of the inputs of a call. A slice made by a wrapper has the origin of the
   * wrapper's inputs.
   */
  originOf(inputs: Tensor[]): Origin {
    const enclosing = this.#enclosing.at(-1);
    const known: Origin[] = [];
    for (const { id } of inputs) {
      enclosing?.open.delete(id);
      const origin = this.#origins.get(id);
      if (origin !== undefined) known.push(origin);
    }
    return known.length > 0 ? join(known) : enclosing?.from ?? NOWHERE;
  }

  /** Enters a container (nested model, wrapper) that is about to be called. */
  enter(inputs: Tensor[]): void {
    this.#enclosing.push({ from: this.originOf(inputs), open: new Map() });
  }

  /** Leaves a container: tensors that it made from its layers' outputs come from all of them. */
  leave(outputs: Tensor[]): void {
    const open = new Set(this.#enclosing.pop()!.open.values());
    if (open.size > 0) this.#latest = join([...open]);
    for (const tensor of outputs) {
      if (!this.#origins.has(tensor.id)) this.#origins.set(tensor.id, this.#latest);
      this.#enclosing.at(-1)?.open.set(tensor.id, this.#origins.get(tensor.id)!);
    }
  }

  /**
   * Notes the call of a layer.
   *
   * @param rows Its records, whose depth is raised and whose inputs are named.
   * @param call `from`: origin of its inputs; `outputs`: its outputs; `hasKernel`: true if it has a
   * kernel: only such layers add to the depth.
   */
  called(
    rows: readonly LayerRecord[],
    { from, outputs, hasKernel }: { from: Origin; outputs: Tensor[]; hasKernel: boolean },
  ): void {
    const depth = from.depth + (hasKernel ? 1 : 0);
    const heads = hasKernel ? rows : [...new Set([...from.heads, ...rows])];
    for (const row of rows) {
      row.depth = Math.max(row.depth, depth);
      for (const { name } of from.made) row.inputs.add(name);
    }
    for (const tensor of outputs.toReversed()) {
      this.#latest = { depth, heads, rows, hasKernel, made: [rows[0]], from: [from] };
      this.#origins.set(tensor.id, this.#latest);
      this.#enclosing.at(-1)?.open.set(tensor.id, this.#latest);
    }
  }

  /**
   * Marks the layers that made the model's outputs, and for each layer the last kernels whose paths
   * to an output include it.
   *
   * @returns Number of last kernels.
   */
  finish(outputs: Tensor[]): number {
    const ends = outputs.map(({ id }) => this.#origins.get(id) ?? this.#latest);
    for (const { heads } of ends) for (const record of heads) record.isOutput = true;
    const above = upstream(ends, ({ hasKernel }) => !hasKernel);
    const kernels = [...above].filter(({ hasKernel }) => hasKernel);
    const names = new Map(kernels.map(({ rows }) => [rows[0], rows[0].name]));
    for (const { rows, heads, hasKernel } of above) {
      if (hasKernel) continue;
      for (const head of heads) {
        const name = names.get(head);
        if (name !== undefined) { for (const row of rows) row.heads.add(name); }
      }
    }
    for (const kernel of kernels) {
      for (const { rows } of upstream([kernel], () => true)) {
        for (const row of rows) row.heads.add(kernel.rows[0].name);
      }
    }
    return names.size;
  }
}

/** Returns the given origins and those before them, looking only past origins that `isPassed` accepts. */
function upstream(ends: Origin[], isPassed: (origin: Origin) => boolean): Set<Origin> {
  const seen = new Set(ends);
  // Iteration over a set includes entries added on the way.
  for (const origin of seen) {
    if (isPassed(origin)) { for (const before of origin.from) seen.add(before); }
  }
  return seen;
}

function join(origins: Origin[]): Origin {
  if (origins.length === 1) return origins[0];
  return {
    depth: Math.max(...origins.map((origin) => origin.depth)),
    heads: [...new Set(origins.flatMap((origin) => origin.heads))],
    rows: [],
    hasKernel: false,
    made: [...new Set(origins.flatMap((origin) => origin.made))],
    from: origins,
  };
}
