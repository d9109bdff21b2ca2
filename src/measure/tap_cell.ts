import { type CellPart, tapSequence } from "../engine/repairs/sequence_taps.ts";
import type { Layer, Tensor } from "../engine/tensorflow.ts";
import { type ActivationHolder, activationObject, replaceActivation } from "./activation_region.ts";
import { CellPartTap } from "./cell_part_tap.ts";
import { LayerRecord } from "./layer_record.ts";
import type { Sweep } from "./observe.ts";
import { type Observer, wrapCall } from "./tap.ts";

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
 * @param cell The cell.
 * @param prefix Name of the rows, before `/candidate` and so on.
 * @param owner Record of the recurrent layer.
 * @param tap Shows a tensor inside the layer, and its gradient.
 * @returns The rows of the parts, and a function that removes the taps.
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
  const names = {
    activation: activation.getClassName(),
    recurrentActivation: gate?.getClassName() ?? null,
  };
  const parts = partsOf();
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

  function partsOf(): Partial<Record<CellPart, CellPartTap>> {
    if (gate === null) return { candidate: new CellPartTap(sweep, owner, { isLayer: true }) };
    const row = (name: string, of: { getClassName(): string }) =>
      new LayerRecord(`${prefix}/${name}`, owner.layer, cell.getClassName(), of.getClassName());
    const candidate = new CellPartTap(sweep, row("candidate", activation!), { owner });
    const gates = new CellPartTap(sweep, row("gates", gate), { owner });
    return APPLIES_TWICE.has(cell.getClassName())
      ? { candidate, output: new CellPartTap(sweep, row("cell_output", activation!)), gates }
      : { candidate, gates };
  }
}
