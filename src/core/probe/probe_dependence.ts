import { InputError, refusal } from "../../ground/words/input_error.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { inputName, outputName } from "../model/names.ts";
import type { Batch } from "../model/batches/batch.ts";
import {
  copyOf,
  keepModel,
  largestChange,
  openProbe,
  type Output,
  rmsOf,
  runForward,
} from "./open_probe.ts";
import type { ProbeOptions, ProbeSubject } from "./probe_options.ts";

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
 * @returns Change of the outputs when the inputs change, for the rule `input-dependence`.
 * @throws {InputError} If the batch has only one example, or if the model or the batch is invalid.
 *
 * @example The output follows the input
 * ```ts
 * import { inputDependence } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeInputDependence } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model);
 * const probe = await probeInputDependence(model, batch);
 * assertEquals(inputDependence.run(probe), []);
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
    throw new InputError(refusal`batch has 1 example, expected 2 or more to trade places`);
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
 * @returns Change of each example's output when the others change, for the rule
 * `batch-independence`.
 * @throws {InputError} If the batch has only one example, or if the model or the batch is invalid.
 *
 * @example No example sees another one
 * ```ts
 * import { batchIndependence } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeBatchIndependence } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model);
 * const probe = await probeBatchIndependence(model, batch);
 * assertEquals(batchIndependence.run(probe), []);
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
    throw new InputError(refusal`batch has 1 example, expected 2 or more to tell them apart`);
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
 * @returns Change of each step when later ones change, for the rule `causality`.
 * @throws {InputError} If no input has two steps, or an output does not have the steps of the
 * inputs, or if the model or the batch is invalid.
 *
 * @example A recurrent layer sees no later step
 * ```ts
 * import { causality } from "@gradient-health/gradient-health/rules";
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
 * assertEquals(causality.run(probe), []);
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
    throw new InputError({
      place: "batch",
      verb: "has",
      found: "no sequences",
      expected: "an input with a time axis of 2 steps or more after that of the examples",
    });
  }
  const kept = keepModel(probe);
  try {
    const before = runForward(kept, inputs);
    before.forEach(({ shape }, k) => {
      if (shape[1] === steps) return;
      throw new InputError({
        place: `The output ${outputName(model, k)}`,
        verb: "has",
        found: `the shape [${shape.join(", ")}]`,
        expected: `${steps} steps, as the inputs have, on the axis after that of the examples`,
      });
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
