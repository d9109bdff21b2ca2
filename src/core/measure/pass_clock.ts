import type { Layer } from "../../engine/tensorflow.ts";
import { layerWorkloads } from "./estimate_memory.ts";
import type { PassProgress } from "./measure_options.ts";
import type { PassPlan } from "./plan_pass.ts";

/** Cost of the backward pass relative to the forward one: two products for one. */
const BACKWARD_COST = 2;

/** Fixed cost of each layer, as a share of the mean, so that layers without products count, too. */
const FIXED_COST = 0.2;

/**
 * Reports the progress of a pass: each layer once forward and once backward, for each part of the
 * batch.
 */
export class PassClock {
  readonly #tell: (progress: PassProgress) => void;
  readonly #work: ReadonlyMap<Layer, number>;
  readonly #perPart: number;
  readonly #all: number;
  readonly #parts: number;
  readonly #sweep: number;
  readonly #seen = { forward: new Set<Layer>(), backward: new Set<Layer>() };
  #part = 0;
  #before = 0;
  #done = 0;

  /**
   * @param parts Number of parts of the batch; several parts have one more forward pass each. 1 for
   * a pass in one go.
   */
  constructor(
    layers: readonly Layer[],
    operations: ReadonlyMap<Layer, number>,
    parts: number,
    tell: (progress: PassProgress) => void,
  ) {
    const total = operations.values().reduce((sum, one) => sum + one, 0);
    const least = FIXED_COST * Math.max(total, 1) / layers.length;
    this.#tell = tell;
    this.#work = new Map(layers.map((layer) => [layer, (operations.get(layer) ?? 0) + least]));
    this.#sweep = this.#work.values().reduce((sum, one) => sum + one, 0);
    this.#perPart = (1 + BACKWARD_COST) * this.#sweep;
    this.#parts = parts;
    this.#all = parts * (this.#perPart + (parts > 1 ? this.#sweep : 0));
  }

  /** Notes that the outputs of one more part are known. */
  swept(): void {
    this.#done += this.#sweep;
    const done = this.#work.size;
    this.#part++;
    this.#say("forward", done);
    if (this.#part === this.#parts) this.#part = 0;
  }

  /** Begins a part: layers that did not run in the previous one will not run any more. */
  begin(): void {
    if (this.#part++ === 0) this.#before = this.#done;
    else this.#before += this.#perPart;
    this.#done = this.#before;
    for (const seen of Object.values(this.#seen)) seen.clear();
  }

  /** Notes that a layer is done. */
  see(phase: PassProgress["phase"], layer: Layer): void {
    const seen = this.#seen[phase];
    if (seen.has(layer)) return;
    seen.add(layer);
    this.#done += (phase === "forward" ? 1 : BACKWARD_COST) * (this.#work.get(layer) ?? 0);
    this.#say(phase, seen.size);
  }

  #say(phase: PassProgress["phase"], done: number): void {
    this.#tell({
      phase,
      done,
      total: this.#work.size,
      share: Math.min(1, this.#done / this.#all),
      ...this.#parts > 1 ? { part: this.#part, parts: this.#parts } : {},
    });
  }
}

/**
 * Starts the clock of a pass; `null` without an `onProgress`.
 *
 * @param onError Called with an error of the caller's callback, before it is rethrown.
 */
export function startClock(
  { model, inputs, layers, options: { onProgress }, memory, examples }: PassPlan,
  onError: (error: unknown) => void,
): PassClock | null {
  if (onProgress === undefined) return null;
  const parts = memory.kind === "parts" ? Math.ceil(examples / memory.examples) : 1;
  const operations = layerWorkloads(model, inputs.map(({ shape }) => shape));
  return new PassClock(layers, operations, parts, (progress) => {
    try {
      onProgress(progress);
    } catch (error) {
      onError(error);
      throw error;
    }
  });
}
