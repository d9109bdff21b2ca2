import type { Tensor } from "../engine/tensorflow.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import { countFlat, observe, observePreActivations, type Sweep } from "./observe.ts";
import type { Observer } from "./tap.ts";

/** What adds up one activation inside a recurrent cell: at each step, or over the whole sequence. */
export class CellPartTap {
  /** The row of the part. */
  readonly record: LayerRecord;
  readonly #sweep: Sweep;
  readonly #zOfStep: Observer;
  readonly #z: Observer;
  readonly #delta: Observer;
  /** Who sees a and its gradient; nobody where they are the layer's own, which is tapped as any layer's is. */
  readonly #output: { a: Observer; gradient: Observer } | null;

  /**
   * @param sweep What all observers share.
   * @param record The row of the part.
   * @param options `owner`: the row of the layer, where its z holds that of the part. `isLayer`: whether the part
   * is all that the layer's cell does, and `record` the row of the layer.
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

  /** Applies the activation to the z of a step, and shows both, and later their gradients. */
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

  /** Sees z and a of the whole sequence, [batch, steps, units]. */
  forward(z: Tensor, a: Tensor): void {
    const [batch, steps, units] = z.shape;
    this.#z(z);
    this.record.see([batch, units]);
    countFlat(this.#sweep.heap, this.record, z, 2);
    if (this.#output === null) return;
    this.record.calls += steps;
    this.#output.a(a);
  }

  /** Sees their gradients. */
  backward(delta: Tensor, gradient: Tensor): void {
    this.#delta(delta);
    this.#output?.gradient(gradient);
  }
}
