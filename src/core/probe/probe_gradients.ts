import type * as tfjs from "@tensorflow/tfjs";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import {
  type ActivationHolder,
  activationLayer,
  activationObject,
} from "../measure/activation_region.ts";
import type { Batch } from "../model/batches/batch.ts";
import { leafLayers } from "../model/layers/leaf_layers.ts";
import { modelWeights } from "../model/weights/model_weights.ts";
import { SeededRandom } from "../model/batches/seeded_random.ts";
import {
  copyOf,
  evaluateObjective,
  keepModel,
  type KeptProbe,
  openProbe,
  probeObjective,
  rmsOf,
  runForward,
} from "./open_probe.ts";
import type { ProbeOptions, ProbeSubject } from "./probe_options.ts";
import { outputsOf } from "../model/keras_outputs.ts";
import { MeasureError } from "../measure/measure_options.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import { errorMessage } from "../../ground/words/failure.ts";

/** First step, as a share of the rms of the weight (of 1 for a weight of zeros). */
const FIRST_STEP = 0.1;
/** Ratio of each step to the one before. */
const SHRINK = 1 / 4;
const MOST_STEPS = 8;
/** Differences below this cannot be resolved in float32. */
const ENOUGH = 1e-4;
/** Relative distance of neighbouring float32 numbers. */
const ROUNDING = 2 ** -23;

/** Derivative of J along a direction of one weight: by back-propagation, and by differences. */
export interface GradientComparison {
  /** Path of the layer that owns the weight. */
  layer: string;
  /** Name of the weight. */
  name: string;
  /** Gradient times the direction; 0 if there is no gradient. */
  analytic: number;
  /** Half the l1 norm of the gradient: the typical size of `analytic` over such directions. */
  scale: number;
  /** Central differences at ever smaller steps, until one agrees with `analytic`. */
  differences: {
    /** Distance by which each entry of the weight was moved. */
    step: number;
    /** (J(w + step v) - J(w - step v)) / (2 step). */
    numeric: number;
    /** (J(w + step v) - J(w)) / step. */
    forward: number;
    /** (J(w) - J(w - step v)) / step. */
    backward: number;
  }[];
}

/** Gradients by back-propagation and by differences. */
export interface GradientProbe extends ProbeSubject {
  /** Differentiated objective. */
  objective: { name: string };
  /** Smallest change of J that means anything, because J is computed in float32. */
  resolution: number;
  /** Names of the activations and classes of the layers, which show if J has kinks. */
  activations: string[];
  /** Class names of the layers, each once: some have kinks themselves. */
  layers: string[];
  /** Comparisons, one per trainable weight. */
  weights: GradientComparison[];
}

/**
 * Compares the gradient of each trainable weight with central differences of J along a direction of
 * entries 1 and -1 that leans towards the gradient: three in four, drawn at random, have its sign.
 * Along a fully random direction J changes so little that rounding hides it.
 *
 * @param model A built model; it is restored afterwards.
 * @param batch One tensor per input, and targets if the objective needs them.
 * @param options The objective J, and the seed the model was made under, for messages.
 * @returns Both derivatives of each weight, for the rule `numeric-gradients`.
 * @throws {MeasureError} If J cannot be differentiated.
 * @throws {InputError} If the model or the batch is invalid.
 *
 * @example Back-propagation against differences
 * ```ts
 * import { numericGradients } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { probeGradients } from "@gradient-health/gradient-health/probe";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * const probe = await probeGradients(model, batch, { objective: "meanSquaredError" });
 * assertEquals(numericGradients.run(probe), []);
 * model.dispose();
 * ```
 */
export async function probeGradients(
  model: LayersModel,
  batch: Batch,
  options: Pick<ProbeOptions, "objective" | "seed"> = {},
): Promise<GradientProbe> {
  const probe = await openProbe(model, batch, options);
  const { tf, inputs, subject } = probe;
  const objective = probeObjective(probe, options.objective);
  const leaves = leafLayers(model);
  const trained = modelWeights(model, leaves).filter(({ trainable }) => trainable);
  const kept = keepModel(probe);
  const evaluate = () => evaluateObjective(kept, objective, inputs);
  try {
    const variables = trained.map(({ variable }) => variable.read() as tfjs.Variable);
    const outputs = runForward(kept, inputs).map(({ values }) => values);
    const sizes = [evaluate(), ...outputs.map((values) => values.reduce(largest, 0))];
    const gradients = differentiate(kept, objective, inputs, variables);
    return {
      ...subject,
      objective: { name: objective.name },
      resolution: ROUNDING * sizes.reduce(largest, 0),
      activations: leaves.flatMap(({ layer }) => activationOf(layer) ?? []),
      layers: [...new Set(leaves.map(({ layer }) => layer.getClassName()))],
      weights: trained.map(({ layerPath, weightName }, i) => ({
        layer: layerPath,
        name: weightName,
        ...compare(tf, variables[i], { gradient: gradients[i], evaluate, seed: i }),
      })),
    };
  } finally {
    kept.restore();
  }
}

/** Returns the name of the activation that a layer is or applies. */
function activationOf(layer: Layer): string | undefined {
  return activationLayer(layer)?.name ??
    activationObject(layer as unknown as ActivationHolder, "activation")?.getClassName();
}

function largest(size: number, value: number): number {
  return Math.max(size, Math.abs(value));
}

/** Moves a weight along a direction and back, in ever smaller steps. */
function compare(
  tf: TensorFlow,
  variable: tfjs.Variable,
  { gradient, evaluate, seed }: {
    gradient: Float32Array | null;
    evaluate: () => number;
    seed: number;
  },
): Omit<GradientComparison, "layer" | "name"> {
  const random = new SeededRandom(seed, "direction");
  const values = copyOf(tf, variable);
  const direction = values.map((_, k) => {
    const sign = random.integer(2) * 2 - 1;
    return random.integer(2) === 0 ? sign : Math.sign(gradient?.[k] ?? 0) || sign;
  });
  const analytic = gradient?.reduce((sum, g, k) => sum + g * direction[k], 0) ?? 0;
  const scale = gradient?.reduce((sum, g) => sum + Math.abs(g) / 2, 0) ?? 0;
  const set = (distance: number) =>
    tf.tidy(() => {
      const moved = values.map((value, k) => value + distance * direction[k]);
      variable.assign(tf.tensor(moved, variable.shape));
    });
  const at = (distance: number) => {
    set(distance);
    return evaluate();
  };
  const here = at(0);
  const size = rmsOf(values) || 1;
  const differences: GradientComparison["differences"] = [];
  for (let k = 0; k < MOST_STEPS; k++) {
    const step = FIRST_STEP * SHRINK ** k * size;
    const above = at(step);
    const below = at(-step);
    const numeric = (above - below) / (2 * step);
    const forward = (above - here) / step;
    differences.push({ step, numeric, forward, backward: (here - below) / step });
    if (Math.abs(numeric - analytic) <= ENOUGH * scale) break;
  }
  set(0);
  return { analytic, scale, differences };
}

/**
 * Returns the gradient of J with respect to variables, in inference mode, from the states that the
 * model had before the probe; `null` for a variable on which J does not depend.
 *
 * @throws {MeasureError} If J cannot be differentiated.
 */
function differentiate(
  { tf, model, rewind }: KeptProbe,
  { name, evaluate }: ResolvedObjective,
  inputs: Tensor[],
  variables: tfjs.Variable[],
): (Float32Array | null)[] {
  rewind();
  // Held here because nothing else frees it if the backward pass throws.
  let value: Tensor | null = null;
  const objective = () => value = tf.reshape(evaluate(outputsOf(tf, model, inputs)), []);
  let outcome;
  try {
    outcome = tf.engine().gradients(objective, variables, undefined, true);
  } catch (error) {
    tf.dispose(value ?? []);
    throw new MeasureError(
      `The gradient of ${name} cannot be computed: ${errorMessage(error)}`,
      { cause: error },
    );
  }
  const gradients: (Tensor | null | undefined)[] = outcome.grads;
  const read = gradients.map((gradient) => gradient == null ? null : copyOf(tf, gradient));
  tf.dispose([outcome.value, ...gradients.filter((gradient) => gradient != null)]);
  return read;
}
