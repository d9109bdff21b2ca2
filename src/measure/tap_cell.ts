import { type CellPart, tapSequence } from "../engine/repairs/sequence_taps.ts";
import type { Layer, Tensor } from "../engine/tensorflow.ts";
import { type ActivationHolder, activationObject, replaceActivation } from "./activation_region.ts";
import { type Figure, LayerRecord } from "./layer_record.ts";
import { countFlat, observe, observePreActivations, type Sweep } from "./observe.ts";
import { type Observer, wrapCall } from "./tap.ts";

/** Adds up one activation inside a recurrent cell, at each step or over the whole sequence. */
class CellPartTap {
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

const nobody = () => {};

/** Cells that apply `activation` twice per step: to the candidate, then to the cell state. */
const APPLIES_TWICE = new Set(["LSTMCell", "ConvLSTM2DCell"]);

/**
 * Taps the activations inside a recurrent cell. The cell of a simple recurrent layer has one, which
 * becomes the layer's own z. Cells with gates have rows for candidate, cell output and gates: these
 * squash different things and must not be averaged. The layer's z is all that the kernels produce
 * together.
 *
 * The engine computes most layers over the whole sequence, and shows each part once. Others go step
 * by step, and their activations are replaced.
 *
 * @param sweep State that all observers share.
 * @param layer `prefix`: name of the rows, before `/candidate` and so on; `owner`: record of the
 * recurrent layer; `tap`: shows a tensor inside the layer, and its gradient.
 * @returns The rows of the parts, and a function that removes the taps.
 */
export function tapCell(
  sweep: Sweep,
  cell: Layer,
  { prefix, owner, tap }: {
    prefix: string;
    owner: LayerRecord;
    tap: (x: Tensor, forward: Observer, backward: Observer) => Tensor;
  },
): { parts: LayerRecord[]; restore: (() => void)[] } {
  const holder = cell as unknown as ActivationHolder;
  const activation = activationObject(holder, "activation");
  if (activation === null) return { parts: [], restore: [] };
  const gate = activationObject(holder, "recurrentActivation");
  const names = {
    activation: activation.getClassName(),
    recurrentActivation: gate?.getClassName() ?? null,
  };
  const parts = partsOf(sweep, cell, { prefix, owner });
  const byStep = (part: CellPart): Parameters<typeof replaceActivation>[2] => (x, apply) =>
    parts[part]!.step(x, apply, tap);
  const restore = [
    tapSequence(cell, {
      ...names,
      lead: (h0) => tap(h0, nobody, nobody),
      forward: (part, z, a) => parts[part]!.forward(z, a),
      backward: (part, delta, gradient) => parts[part]!.backward(delta, gradient),
    }),
  ];
  if (gate !== null) {
    restore.push(replaceActivation(holder, "recurrentActivation", byStep("gates")));
  }
  let applied = 0;
  const isOutput = () => parts.output !== undefined && applied++ > 0;
  if (parts.output !== undefined) {
    restore.push(wrapCall(cell, (call, inputs, kwargs) => {
      applied = 0;
      return call(inputs, kwargs);
    }));
  }
  restore.push(
    replaceActivation(
      holder,
      "activation",
      (x, apply) => byStep(isOutput() ? "output" : "candidate")(x, apply),
    ),
  );
  const records = Object.values(parts).map(({ record }) => record);
  return { parts: records.filter((record) => record !== owner), restore };
}

/** Makes the taps of the parts: one of a simple cell, and one for each kind of the others. */
function partsOf(
  sweep: Sweep,
  cell: Layer,
  { prefix, owner }: { prefix: string; owner: LayerRecord },
): Partial<Record<CellPart, CellPartTap>> {
  const holder = cell as unknown as ActivationHolder;
  const activation = activationObject(holder, "activation")!;
  const gate = activationObject(holder, "recurrentActivation");
  if (gate === null) return { candidate: new CellPartTap(sweep, owner, { isLayer: true }) };
  const className = cell.getClassName();
  const row = (name: string, of: { getClassName(): string }) =>
    new LayerRecord(`${prefix}/${name}`, owner.layer, {
      className,
      activation: of.getClassName(),
    });
  const candidate = new CellPartTap(sweep, row("candidate", activation), { owner });
  const gates = new CellPartTap(sweep, row("gates", gate), { owner });
  return APPLIES_TWICE.has(className)
    ? { candidate, output: new CellPartTap(sweep, row("cell_output", activation)), gates }
    : { candidate, gates };
}
