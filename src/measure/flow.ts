import type { Tensor } from "../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";

/** What is known of a tensor. */
export interface Origin {
  /** How deep it lies. */
  depth: number;
  /** Which layers could be the model's last. */
  heads: ReadonlySet<LayerRecord>;
  /** Whether the backward pass reaches it: a tap has seen it, and it is no integer. */
  reached: boolean;
}

const NOWHERE: Origin = { depth: 0, heads: new Set(), reached: false };

/** A container that is being called. */
interface Enclosing {
  /** Where its inputs come from. */
  from: Origin;
  /** What its layers have returned and none of them has taken yet, by the tensors' ids. */
  open: Map<number, Origin>;
}

/**
 * Follows the tensors of the forward pass from layer to layer, and so tells the depth of each layer
 * and which layers are the heads of the model, whatever its topology: what counts is what was
 * called, not what a graph says. (A graph does not say it: functional models nest, wrappers slice.)
 */
export class Flow {
  readonly #origins = new Map<number, Origin>();
  /** The containers that are being called, innermost last. */
  readonly #enclosing: Enclosing[] = [];
  #latest: Origin = NOWHERE;

  /** Where the inputs of a call come from. A slice made by a wrapper is known by its wrapper. */
  originOf(inputs: Tensor[]): Origin {
    const enclosing = this.#enclosing.at(-1);
    for (const { id } of inputs) enclosing?.open.delete(id);
    const known = inputs.map((tensor) => this.#origins.get(tensor.id))
      .filter((o) => o !== undefined);
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
   * @param rows Its records, whose depth is raised.
   * @param from Where its inputs came from.
   * @param outputs What it returned.
   * @param hasKernel Whether it has a weight of rank 2 or more: only such layers add to the depth.
   */
  called(rows: LayerRecord[], from: Origin, outputs: Tensor[], hasKernel: boolean): void {
    const depth = from.depth + (hasKernel ? 1 : 0);
    const heads = new Set(hasKernel ? rows : [...from.heads, ...rows]);
    for (const row of rows) row.depth = Math.max(row.depth, depth);
    for (const tensor of outputs.toReversed()) {
      this.#latest = { depth, heads, reached: tensor.dtype === "float32" };
      this.#origins.set(tensor.id, this.#latest);
      this.#enclosing.at(-1)?.open.set(tensor.id, this.#latest);
    }
  }

  /** Marks the layers that made the model's outputs. */
  finish(outputs: Tensor[]): void {
    for (const tensor of outputs) {
      for (const record of (this.#origins.get(tensor.id) ?? this.#latest).heads) {
        record.isOutput = true;
      }
    }
  }
}

function join(origins: Origin[]): Origin {
  if (origins.length === 1) return origins[0];
  return {
    depth: Math.max(...origins.map((origin) => origin.depth)),
    heads: new Set(origins.flatMap((origin) => [...origin.heads])),
    reached: origins.some((origin) => origin.reached),
  };
}
