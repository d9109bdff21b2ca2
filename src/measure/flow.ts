import type { Tensor } from "../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";

/** What is known of a tensor. */
export interface Origin {
  /** How deep it lies. */
  depth: number;
  /** Which layers could be the model's last. */
  heads: readonly LayerRecord[];
  /** The rows of the layer that made it, the layer's own first; none where tensors were joined. */
  rows: readonly LayerRecord[];
  /** Whether that layer has a kernel. */
  hasKernel: boolean;
  /** The rows whose outputs it is, or was joined from. */
  made: readonly LayerRecord[];
  /** Where that layer's inputs came from, or the tensors that were joined. */
  from: readonly Origin[];
}

const NOWHERE: Origin = {
  depth: 0,
  heads: [],
  rows: [],
  hasKernel: false,
  made: [],
  from: [],
};

/** A container that is being called. */
interface Enclosing {
  /** Where its inputs come from. */
  from: Origin;
  /** What its layers have returned and none of them has taken yet, by the tensors' ids. */
  open: Map<number, Origin>;
}

/**
 * Follows the tensors of the forward pass from layer to layer, and so tells the depth of each layer,
 * what feeds it, and which layers are the heads of the model, whatever its topology: what counts is what was
 * called, not what a graph says. (A graph does not say it: functional models nest, wrappers slice.)
 */
export class Flow {
  readonly #origins = new Map<number, Origin>();
  /** The names of the model's inputs, by the ids of the tensors. */
  readonly #inputs = new Map<number, string>();
  readonly #names: readonly string[];
  /** The containers that are being called, innermost last. */
  readonly #enclosing: Enclosing[] = [];
  #latest: Origin = NOWHERE;

  /** @param names What the model's inputs are called, in their order. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** A forward pass begins: what goes into the model, in the same order. */
  begin(inputs: readonly Tensor[]): void {
    this.#origins.clear();
    this.#inputs.clear();
    for (const [index, { id }] of inputs.entries()) this.#inputs.set(id, this.#names[index]);
  }

  /** Remembers which of the tensors that a layer is called on are inputs of the model, and their number. */
  readBy(row: LayerRecord, inputs: readonly Tensor[]): void {
    row.operands = Math.max(row.operands, inputs.length);
    for (const { id } of inputs) {
      const name = this.#inputs.get(id);
      if (name !== undefined) row.reads.add(name);
    }
  }

  /** Where the inputs of a call come from. A slice made by a wrapper is known by its wrapper. */
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

  /** A container (nested model, wrapper) is about to be called. */
  enter(inputs: Tensor[]): void {
    this.#enclosing.push({ from: this.originOf(inputs), open: new Map() });
  }

  /** A container has returned: what it made of its layers' outputs comes from all of them. */
  leave(outputs: Tensor[]): void {
    const open = new Set(this.#enclosing.pop()!.open.values());
    if (open.size > 0) this.#latest = join([...open]);
    for (const tensor of outputs) {
      if (!this.#origins.has(tensor.id)) this.#origins.set(tensor.id, this.#latest);
      this.#enclosing.at(-1)?.open.set(tensor.id, this.#origins.get(tensor.id)!);
    }
  }

  /**
   * A layer has been called.
   *
   * @param rows Its records, whose depth is raised and whose inputs are named.
   * @param from Where its inputs came from.
   * @param outputs What it returned.
   * @param hasKernel Whether it has a kernel: only such layers add to the depth.
   */
  called(rows: readonly LayerRecord[], from: Origin, outputs: Tensor[], hasKernel: boolean): void {
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
   * Marks the layers that made the model's outputs, and on which of the last kernels' ways each
   * layer lies.
   *
   * @returns How many last kernels there are.
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

/** The given origins and all before them, up to those (included) beyond which is not to be looked. */
function upstream(ends: Origin[], isPassed: (origin: Origin) => boolean): Set<Origin> {
  const seen = new Set(ends);
  // A set is walked in the order of its entries, those that are added on the way included.
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
