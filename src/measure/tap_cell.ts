import type { Layer, Tensor } from "../engine/tensorflow.ts";
import { type ActivationHolder, activationObject, replaceActivation } from "./activation_region.ts";
import { type Figure, LayerRecord } from "./layer_record.ts";
import { observe, observePreActivations, type Sweep } from "./observe.ts";
import { type Observer, wrapCall } from "./tap.ts";

/** Cells that apply `activation` twice a step: to the candidate, then to the cell state. */
const APPLIES_TWICE = new Set(["LSTMCell", "ConvLSTM2DCell"]);

/**
 * Taps the activations inside a recurrent cell. The cell of a simple recurrent layer has one, which
 * becomes the layer's own z. Cells with gates get rows of their own: candidate, cell output and
 * gates squash different things and must not be averaged; all that the kernels produce together is
 * the layer's z.
 *
 * @param sweep What all observers share.
 * @param cell The cell.
 * @param prefix Name of the rows, before `/candidate` and so on.
 * @param owner Record of the recurrent layer.
 * @param tap Shows a tensor inside the layer, and its gradient.
 * @returns The rows of the parts, and a function that takes the taps away.
 */
export function tapCell(
  sweep: Sweep,
  cell: Layer,
  prefix: string,
  owner: LayerRecord,
  tap: (x: Tensor, forward: Observer, backward: Observer) => Tensor,
): { parts: LayerRecord[]; restore: (() => void)[] } {
  const holder = cell as unknown as ActivationHolder;
  const activation = activationObject(holder, "activation");
  if (activation === null) return { parts: [], restore: [] };

  const gate = activationObject(holder, "recurrentActivation");
  if (gate === null) {
    return { parts: [], restore: [replaceActivation(holder, "activation", part(owner, []))] };
  }

  const row = (name: string, of: { getClassName(): string }) =>
    new LayerRecord(`${prefix}/${name}`, owner.layer, cell.getClassName(), of.getClassName());
  const candidate = row("candidate", activation);
  const gates = row("gates", gate);
  const tapCandidate = part(candidate, [owner]);
  const restore = [replaceActivation(holder, "recurrentActivation", part(gates, [owner]))];
  if (!APPLIES_TWICE.has(cell.getClassName())) {
    restore.push(replaceActivation(holder, "activation", tapCandidate));
    return { parts: [candidate, gates], restore };
  }

  const output = row("cell_output", activation);
  const tapOutput = part(output, []);
  let applied = 0;
  restore.push(
    wrapCall(cell, (call, inputs, kwargs) => {
      applied = 0;
      return call(inputs, kwargs);
    }),
    replaceActivation(
      holder,
      "activation",
      (z, apply) => (applied++ === 0 ? tapCandidate : tapOutput)(z, apply),
    ),
  );
  return { parts: [candidate, output, gates], restore };

  /** Shows z and a of one application to `record`, and z to the others too. */
  function part(
    record: LayerRecord,
    others: LayerRecord[],
  ): Parameters<typeof replaceActivation>[2] {
    const z = observePreActivations(sweep, -1, record, ...others);
    const delta = observe(
      sweep,
      ...[record, ...others].map((row): [LayerRecord, Figure] => [row, "preActivationGradients"]),
    );
    const showsOutput = record !== owner;
    const a = observe(sweep, [record, "activations"]);
    const gradient = observe(sweep, [record, "activationGradients"]);
    return (x, apply) => {
      record.calls += showsOutput ? 1 : 0;
      const activated = apply(tap(x, z, delta));
      return showsOutput ? tap(activated, a, gradient) : activated;
    };
  }
}
