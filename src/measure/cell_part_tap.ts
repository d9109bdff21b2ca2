import type { Tensor } from "../engine/tensorflow.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import { countFlat, observe, observePreActivations, type Sweep } from "./observe.ts";
import type { Observer } from "./tap.ts";

/** Adds up one activation inside a recurrent cell, at each step or over the whole sequence. */
export class CellPartTap {
  /** Row of the part. */
  readonly record: LayerRecord;
  readonly #sweep: Sweep;
  readonly #zOfStep: Observer;
  readonly #z: Observer;
  readonly #delta: Observer;
  /**
   * Observers of a and its gradient; `null` if these are the layer's own, which is tapped like any
   * layer's.
   */
  readonly #output: { a: Observer; gradient: Observer } | null;

  /**
   * @param sweep State that all observers share.
   * @param record Row of the part.
   * @param options `owner`: the row of the layer, if its z includes that of the part. `isLayer`:
   * true if the layer's cell has no other part, and `record` is the row of the layer.
   */
  constructor(
    sweep: Sweep,
    record: LayerRecord,
    { owner, isLayer = false }: { owner?: LayerRecord; isLayer?: boolean } = {},
  ) {
    this.record = record;
    this.#sweep = sweep;
    const others = owner === undefined ? [] : [owner];
    const all = (figure: Figure) =>
      observe(sweep, ...[record, ...others].map((row): [LayerRecord, Figure] => [row, figure]));
    this.#zOfStep = observePreActivations(sweep, -1, record, ...others);
    this.#z = all("preActivations");
    this.#delta = all("preActivationGradients");
    this.#output = isLayer ? null : {
      a: observe(sweep, [record, "activations"]),
      gradient: observe(sweep, [record, "activationGradients"]),
    };
  }

  /** Applies the activation to the z of a step; shows both, and later their gradients. */
  step(
    x: Tensor,
    apply: (x: Tensor) => Tensor,
    tap: (x: Tensor, forward: Observer, backward: Observer) => Tensor,
  ): Tensor {
    if (this.#output !== null) this.record.calls++;
    const activated = apply(tap(x, this.#zOfStep, this.#delta));
    return this.#output === null
      ? activated
      : tap(activated, this.#output.a, this.#output.gradient);
  }

  /** Shows z and a of the whole sequence, [batch, steps, units]. */
  forward(z: Tensor, a: Tensor): void {
    const [batch, steps, units] = z.shape;
    this.#z(z);
    this.record.see([batch, units]);
    countFlat(this.#sweep.heap, this.record, z, 2);
    if (this.#output === null) return;
    this.record.calls += steps;
    this.#output.a(a);
  }

  /** Shows their gradients. */
  backward(delta: Tensor, gradient: Tensor): void {
    this.#delta(delta);
    this.#output?.gradient(gradient);
  }
}
