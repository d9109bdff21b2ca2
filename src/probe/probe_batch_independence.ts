import type { LayersModel } from "../engine/tensorflow.ts";
import { outputName } from "../measure/tensor_names.ts";
import type { Batch } from "../model/batch.ts";
import { keepModel } from "./keep_model.ts";
import { openProbe } from "./open_probe.ts";
import type { ProbeOptions } from "./probe_options.ts";
import type { ProbeSubject } from "./probe_subject.ts";
import { largestChange, rmsOf, runForward } from "./run_forward.ts";

/** Changes of one example's output with the other examples of the batch. */
export interface BatchIndependenceProbe extends ProbeSubject {
  /** Entries, one per output. */
  outputs: {
    /** Name of the output. */
    name: string;
    /** Number of rows. Unless equal to the number of examples, it cannot be split by example. */
    rows: number;
    /** rms of all its entries. */
    rms: number;
    /** Examples that were kept while all others were replaced, with the change. */
    examples: {
      /** Index of the example. */
      example: number;
      /** Largest |change| of an entry of its output. */
      change: number;
    }[];
  }[];
}

/**
 * Replaces all other examples of a batch with copies of one, and checks if the output of that one
 * changes. It does so for the first, the middle and the last example.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The seed the model was made under, for messages.
 * @returns How much the output of each example changes with the others, for the rule
 * `batch-independence`.
 * @throws {RangeError} If the batch has only one example.
 * @throws {TypeError} If the model or the batch is invalid.
 *
 * @example No example sees another one
 * ```ts
 * import { batchIndependence } from "@gradient-health/gradient-health/checks";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeBatchIndependence } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model);
 * const probe = await probeBatchIndependence(model, batch);
 * assertEquals(batchIndependence.check(probe), []);
 * model.dispose();
 * ```
 */
export async function probeBatchIndependence(
  model: LayersModel,
  batch: Batch,
  options: Pick<ProbeOptions, "seed"> = {},
): Promise<BatchIndependenceProbe> {
  const probe = await openProbe(model, batch, options);
  const { tf, inputs, examples, subject } = probe;
  if (examples < 2) {
    throw new RangeError("batch has 1 example, expected 2 or more to tell them apart");
  }
  const kept = keepModel(probe);
  try {
    const before = runForward(kept, inputs);
    const watched = [...new Set([0, Math.floor(examples / 2), examples - 1])];
    const after = watched.map((example) => {
      const copies = tf.tidy(() =>
        inputs.map((input) => tf.gather(input, tf.fill([examples], example, "int32")))
      );
      const outputs = runForward(kept, copies);
      tf.dispose(copies);
      return { example, outputs };
    });
    return {
      ...subject,
      outputs: before.map(({ shape, values }, k) => {
        const row = values.length / examples;
        const part = (all: Float32Array, example: number) =>
          all.subarray(example * row, (example + 1) * row);
        return {
          name: outputName(model, k),
          rows: shape[0],
          rms: rmsOf(values),
          examples: shape[0] !== examples ? [] : after.map(({ example, outputs }) => ({
            example,
            change: largestChange(part(values, example), part(outputs[k].values, example)),
          })),
        };
      }),
    };
  } finally {
    kept.restore();
  }
}
