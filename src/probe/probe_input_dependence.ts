import type { LayersModel } from "../engine/tensorflow.ts";
import { inputName, outputName } from "../measure/tensor_names.ts";
import type { Batch } from "../model/batch.ts";
import { keepModel } from "./keep_model.ts";
import { openProbe } from "./open_probe.ts";
import type { ProbeOptions } from "./probe_options.ts";
import type { ProbeSubject } from "./probe_subject.ts";
import { copyOf, largestChange, runForward } from "./run_forward.ts";

/** Changes of the outputs with each input. */
export interface InputDependenceProbe extends ProbeSubject {
  /** Names of the outputs. */
  outputs: string[];
  /** Entries, one per input. */
  inputs: {
    /** Name of the input. */
    name: string;
    /** True if all of its examples are alike, so that the probe shows nothing. */
    alike: boolean;
    /** Largest |change| of each output when the examples of this input are rotated. */
    changes: number[];
  }[];
}

/**
 * Rotates the examples of one input after the other, each example taking the place of the one
 * before it, and checks which outputs change.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The seed the model was made under, for messages.
 * @returns Which outputs change with which inputs, for the rule `input-dependence`.
 * @throws {RangeError} If the batch has only one example.
 * @throws {TypeError} If the model or the batch is invalid.
 *
 * @example The output follows the input
 * ```ts
 * import { inputDependence } from "@gradient-health/gradient-health/checks";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeInputDependence } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model);
 * const probe = await probeInputDependence(model, batch);
 * assertEquals(inputDependence.check(probe), []);
 * model.dispose();
 * ```
 */
export async function probeInputDependence(
  model: LayersModel,
  batch: Batch,
  options: Pick<ProbeOptions, "seed"> = {},
): Promise<InputDependenceProbe> {
  const probe = await openProbe(model, batch, options);
  const { tf, inputs, examples, subject } = probe;
  if (examples < 2) {
    throw new RangeError("batch has 1 example, expected 2 or more to trade places");
  }
  const kept = keepModel(probe);
  try {
    const before = runForward(kept, inputs);
    const order = Array.from({ length: examples }, (_, i) => (i + 1) % examples);
    return {
      ...subject,
      outputs: before.map((_, k) => outputName(model, k)),
      inputs: inputs.map((input, i) => {
        const rolled = tf.tidy(() => tf.gather(input, tf.tensor1d(order, "int32")));
        const alike = largestChange(copyOf(tf, input), copyOf(tf, rolled)) === 0;
        const after = runForward(kept, inputs.map((other, j) => i === j ? rolled : other));
        rolled.dispose();
        return {
          name: inputName(model, i),
          alike,
          changes: before.map(({ values }, k) => largestChange(values, after[k].values)),
        };
      }),
    };
  } finally {
    kept.restore();
  }
}
