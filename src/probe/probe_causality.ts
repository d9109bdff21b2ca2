import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { outputName } from "../measure/tensor_names.ts";
import type { Batch } from "../model/batch.ts";
import { keepModel } from "./keep_model.ts";
import { openProbe } from "./open_probe.ts";
import type { ProbeOptions } from "./probe_options.ts";
import type { ProbeSubject } from "./probe_subject.ts";
import { largestChange, type Output, rmsOf, runForward } from "./run_forward.ts";

/**
 * Maximum number of steps to cut after: the first, the last but one, and evenly spaced ones
 * between.
 */
const MOST_CUTS = 32;

/** Changes of the outputs up to a step with the inputs after it. */
export interface CausalityProbe extends ProbeSubject {
  /** Number of steps of the sequences. */
  steps: number;
  /** Entries, one per output. */
  outputs: {
    /** Name of the output. */
    name: string;
    /** rms of all its entries. */
    rms: number;
    /** Steps (from 0) after which all inputs were replaced, with the change up to each. */
    cuts: {
      /** Last step whose input was kept. */
      step: number;
      /** Largest |change| of an entry of the output at that step or before. */
      change: number;
    }[];
  }[];
}

/**
 * Replaces the inputs after a step with copies of the input at that step, and checks if the outputs
 * up to it change. Time is the axis after the examples; an input without it, or of another length,
 * is left alone.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The seed the model was made under, for messages.
 * @returns How much each step changes with later ones, for the rule `causality`.
 * @throws {RangeError} If no input has two steps, or an output does not have the steps of the
 * inputs.
 * @throws {TypeError} If the model or the batch is invalid.
 *
 * @example A recurrent layer sees no later step
 * ```ts
 * import { causality } from "@gradient-health/gradient-health/checks";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeCausality } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = tf.sequential({
 *   layers: [tf.layers.gru({ units: 4, returnSequences: true, inputShape: [5, 3] })],
 * });
 * const probe = await probeCausality(model, randomBatch(model));
 * assertEquals(causality.check(probe), []);
 * model.dispose();
 * ```
 */
export async function probeCausality(
  model: LayersModel,
  batch: Batch,
  options: Pick<ProbeOptions, "seed"> = {},
): Promise<CausalityProbe> {
  const probe = await openProbe(model, batch, options);
  const { tf, inputs, subject } = probe;
  const steps = Math.max(...inputs.map(({ shape }) => shape[1] ?? 0));
  if (steps < 2) {
    throw new RangeError(
      "batch has no sequences, expected an input with a time axis of 2 steps or more after that " +
        "of the examples",
    );
  }
  const kept = keepModel(probe);
  try {
    const before = runForward(kept, inputs);
    before.forEach(({ shape }, k) => {
      if (shape[1] === steps) return;
      throw new RangeError(
        `The output ${outputName(model, k)} has the shape [${shape.join(", ")}], expected ` +
          `${steps} steps, as the inputs have, on the axis after that of the examples`,
      );
    });
    const outputs = before.map(({ values }, k): CausalityProbe["outputs"][number] => ({
      name: outputName(model, k),
      rms: rmsOf(values),
      cuts: [],
    }));
    for (const step of cuts(steps)) {
      const changed = tf.tidy(() =>
        inputs.map((input) => input.shape[1] === steps ? stopAfter(tf, input, step) : input.clone())
      );
      const after = runForward(kept, changed);
      tf.dispose(changed);
      outputs.forEach(({ cuts }, k) => {
        cuts.push({ step, change: changeUntil(step, before[k], after[k]) });
      });
    }
    return { ...subject, steps, outputs };
  } finally {
    kept.restore();
  }
}

function cuts(steps: number): number[] {
  const count = Math.min(steps - 1, MOST_CUTS);
  return Array.from(
    { length: count },
    (_, i) => count === 1 ? 0 : Math.round(i * (steps - 2) / (count - 1)),
  );
}

/** Returns the sequences up to a step, with that step repeated to the end. */
function stopAfter(tf: TensorFlow, input: Tensor, step: number): Tensor {
  const indices = Array.from({ length: input.shape[1]! }, (_, i) => Math.min(i, step));
  return tf.gather(input, tf.tensor1d(indices, "int32"), 1);
}

function changeUntil(step: number, before: Output, after: Output): number {
  const [examples, steps] = before.shape;
  const entries = before.values.length / examples;
  const kept = entries / steps * (step + 1);
  let largest = 0;
  for (let example = 0; example < examples; example++) {
    const part = ({ values }: Output) => values.subarray(example * entries).subarray(0, kept);
    const change = largestChange(part(before), part(after));
    if (!(change <= largest)) largest = change;
  }
  return largest;
}
