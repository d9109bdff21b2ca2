import type * as tfjs from "@tensorflow/tfjs";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { type Heap, heapView } from "../../engine/heap/heap.ts";
import { isStandIn } from "../../engine/optimizers/keras_optimizer.ts";
import type { LayersModel, Optimizer, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { backPropagate } from "../measure/back_propagate.ts";
import { dropTape, recordTape } from "../measure/keep_state.ts";
import { MeasureError } from "../measure/measure_options.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import { WatchedGradients } from "../measure/tap.ts";
import type { KeptProbe } from "./open_probe.ts";
import { outputsOf } from "../model/keras_outputs.ts";
import { errorMessage } from "../../ground/words/failure.ts";
import { showValue } from "../../ground/words/show_value.ts";

/** Learning rate of Keras's default optimizer. */
const LEARNING_RATE = 0.001;

interface OptimizerClass {
  new (...args: never[]): Optimizer;
  fromConfig(cls: OptimizerClass, config: object): Optimizer;
}

/**
 * Returns the requested or compiled optimizer; `null` if there is none, or if the model's file
 * names an unknown one.
 *
 * @throws {InputError} If the requested one is not an optimizer.
 */
export function givenOptimizer(model: LayersModel, asked: Optimizer | undefined): Optimizer | null {
  const given = asked ?? (model as { optimizer?: Optimizer }).optimizer ?? null;
  if (given === null) return null;
  if (typeof given.applyGradients !== "function" || typeof given.constructor !== "function") {
    throw new InputError(
      refusal`options.optimizer is ${showValue(asked)}, expected an optimizer of TensorFlow.js`,
    );
  }
  // A stand-in for an unknown optimizer was not chosen by the user.
  return isStandIn(given) ? null : given;
}

/**
 * Returns an optimizer of the same class and configuration, except for these settings, without
 * state.
 */
export function freshOptimizer(original: Optimizer, settings: object = {}): Optimizer {
  const own = original.constructor as unknown as OptimizerClass;
  return own.fromConfig(own, { ...original.getConfig(), ...settings });
}

/**
 * Returns a copy of an optimizer with its state (moments, number of steps), so that the original
 * does not change: of the given one, of the one that the model was compiled with, or a new Adam.
 * Adamax cannot export its state; its copy starts fresh.
 *
 * @returns The copy; the caller disposes it.
 * @throws {InputError} If the given one is not an optimizer.
 */
export async function cloneOptimizer(
  tf: TensorFlow,
  model: LayersModel,
  asked: Optimizer | undefined,
): Promise<Optimizer> {
  const original = givenOptimizer(model, asked);
  if (original === null) return tf.train.adam(LEARNING_RATE);
  const copy = freshOptimizer(original);
  if (original.getClassName() === "Adamax") return copy;
  const [iterations, ...slots] = await original.getWeights();
  await copy.setWeights([iterations, ...slots]);
  iterations.tensor.dispose();
  return copy;
}

/** Frees an optimizer's tensors. TensorFlow.js itself leaks the rate of Momentum. */
export function disposeOptimizer(optimizer: Optimizer): void {
  optimizer.dispose();
  (optimizer as unknown as { c?: Tensor }).c?.dispose();
}

/** Moves the weights one step along their gradients, `null` for a weight that J does not reach. */
export type Update = (variables: tfjs.Variable[], gradients: (Tensor | null)[]) => void;

/** Returns the update of a TensorFlow.js optimizer. */
export function updateOf(optimizer: Optimizer): Update {
  return (variables, gradients) =>
    optimizer.applyGradients(
      variables.map(({ name }, i) => ({ name, tensor: gradients[i] as Tensor })),
    );
}

/**
 * Returns the gradients of a scalar, `null` for a variable that it does not reach; the caller
 * disposes of them.
 *
 * @param value Computes the scalar.
 */
export function gradientsOf(
  tf: TensorFlow,
  variables: readonly tfjs.Variable[],
  value: () => Tensor,
): (Tensor | null)[] {
  const gradients = variables.map((): Tensor | null => null);
  const watched = new WatchedGradients();
  variables.forEach((variable, i) =>
    watched.watch(variable, (gradient) => gradients[i] = tf.keep(gradient.clone()))
  );
  try {
    let scalar: Tensor;
    const tape = recordTape(tf, () => void (scalar = value()));
    backPropagate(tf, tape, scalar!, watched);
    return gradients;
  } catch (error) {
    tf.dispose(gradients.filter((gradient) => gradient !== null));
    throw error;
  } finally {
    dropTape(tf);
  }
}

/** Returns the penalties that the layers' regularizers add to the loss. */
export function penaltiesOf(tf: TensorFlow, model: LayersModel): Tensor[] {
  return (model as unknown as { calculateLosses(): Tensor[] }).calculateLosses()
    .map((penalty) => tf.reshape(penalty, []));
}

/** Loss before the step. */
export interface StepLoss {
  /** J of the outputs. */
  loss: number;
  /** Penalties of the layers. */
  penalty: number;
}

/** Options of a step. */
interface StepOptions {
  /** Minimised objective, besides the penalties of the layers. */
  objective: ResolvedObjective;
  /** Moves the weights. */
  update: Update;
  /** Receives the outputs, which it must not keep or dispose. */
  see?: (outputs: Tensor[], taken: StepLoss) => void;
}

/**
 * Takes one step as `model.fit` does: with dropout and batch normalisation in training mode, the layers'
 * penalties in the loss, on the model's trainable weights. A model that is frozen as a whole only runs.
 * The step starts from the states that the model had before the probe.
 *
 * @returns The loss before the step.
 * @throws {MeasureError} If the loss cannot be differentiated.
 */
export function trainingStep(
  { tf, model, inputs, rewind }: KeptProbe,
  { objective, update, see }: StepOptions,
): StepLoss {
  rewind();
  const variables = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
  let gradients: (Tensor | null)[] = [];
  const taken = { loss: NaN, penalty: 0 };
  try {
    gradients = gradientsOf(tf, variables, () => {
      const outputs = outputsOf(tf, model, inputs, { training: true });
      const loss = tf.reshape(objective.evaluate(outputs), []);
      taken.loss = heapView(tf, loss)[0];
      const penalties = penaltiesOf(tf, model);
      for (const penalty of penalties) taken.penalty += heapView(tf, penalty)[0];
      see?.(outputs, taken);
      return penalties.reduce((sum, penalty) => tf.add(sum, penalty), loss);
    });
    update(variables, gradients);
    return taken;
  } catch (error) {
    throw new MeasureError(
      `A training step of ${objective.name} cannot be taken: ${errorMessage(error)}`,
      { cause: error },
    );
  } finally {
    tf.dispose(gradients.filter((gradient) => gradient !== null));
  }
}

/** Settings of Adam; the names and defaults are those of `tf.train.adam`. */
export interface AdamOptions {
  learningRate: number;
  /** Default: 0.9 (Kingma and Ba 2015). */
  beta1?: number;
  /** Default: 0.999 (Kingma and Ba 2015). */
  beta2?: number;
  /** Default: 1e-7, as in Keras. */
  epsilon?: number | null;
  /**
   * True to add epsilon before the second moment is bias-corrected, as Keras does. Default: after,
   * as TensorFlow.js does.
   */
  isKeras?: boolean;
}

/** Adam's moments of one weight. */
interface Moments {
  first: Tensor;
  second: Tensor;
}

/**
 * Returns Adam (Kingma and Ba 2015, algorithm 1) as one native sweep over the entries of a weight.
 * TensorFlow.js's own runs 15 operations per weight, which cost a network of 10 x 64 units as much
 * as 1.5 of its passes.
 *
 * @returns The update, and a function that frees the moments.
 */
export function adam(
  heap: Heap,
  { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon, isKeras = false }: AdamOptions,
): { update: Update; dispose(): void } {
  const { tf } = heap;
  // Keyed by weight: the set of trained weights may change between steps, and the sweep needs no
  // sizes.
  const known = new Map<tfjs.Variable, Moments>();
  let steps = 0;
  const momentsOf = (variable: tfjs.Variable): Moments => {
    const moments = known.get(variable);
    if (moments !== undefined) return moments;
    const zeros = () => tf.fill(variable.shape, 0) as Tensor;
    // If only one of them fits in memory, tidy frees it.
    const [first, second] = tf.tidy(() => [zeros(), zeros()]).map((one) => tf.keep(one));
    known.set(variable, { first, second });
    return { first, second };
  };
  const update: Update = (variables, gradients) => {
    steps++;
    const scale = 1 / Math.sqrt(1 - beta2 ** steps);
    const rates = {
      beta1,
      beta2,
      epsilon: (epsilon ?? 1e-7) * (isKeras ? scale : 1),
      rate: learningRate / (1 - beta1 ** steps),
      scale,
    };
    variables.forEach((variable, i) => {
      const gradient = gradients[i];
      if (gradient === null) return;
      const moments = momentsOf(variable);
      tf.tidy(() => {
        // A new tensor, never the old one: packed copies of the old one may be in use.
        const value = tf.fill(variable.shape, 0);
        const [weights, slopes, to] = [variable, gradient, value].map((one) => heap.address(one));
        const first = heap.address(moments.first), second = heap.address(moments.second);
        heap.native.adam({ weights, slopes, first, second, to }, variable.size, rates);
        variable.assign(value);
      });
    });
  };
  return {
    update,
    dispose() {
      for (const { first, second } of known.values()) tf.dispose([first, second]);
    },
  };
}

/** State of Adam, which TensorFlow.js declares private. */
interface Adam {
  beta2: number;
  /** beta2 to the power of the number of steps, plus one after an update. */
  accBeta2: tfjs.Variable;
  accumulatedSecondMoment: { originalName: string; variable: tfjs.Variable }[];
}

/** Number of entries of a weight that are looked at. */
const SAMPLE = 64;

/**
 * Returns the median over entries of g^2 / v after an update, with v the corrected second moment of
 * Adam. Entries whose gradient is 0 are left out: a row of an embedding that no example used.
 *
 * @returns `null` for an optimizer other than that of TensorFlow.js.
 */
export function secondMomentRatio(
  tf: TensorFlow,
  optimizer: Optimizer | null,
  gradients: ReadonlyMap<string, Tensor | null>,
): number | null {
  const { beta2, accBeta2, accumulatedSecondMoment } = (optimizer ?? {}) as Partial<Adam>;
  if (beta2 === undefined || accBeta2 === undefined) return null;
  const correction = 1 - heapView(tf, accBeta2)[0] / beta2;
  const found: number[] = [];
  for (const { originalName, variable } of accumulatedSecondMoment!) {
    const gradient = gradients.get(originalName.replace(/\/v$/, ""));
    if (gradient === null || gradient === undefined) continue;
    const squares = heapView(tf, variable);
    const slopes = heapView(tf, gradient);
    const stride = Math.ceil(slopes.length / SAMPLE);
    for (let i = 0; i < slopes.length; i += stride) {
      const ratio = slopes[i] ** 2 * correction / squares[i];
      if (slopes[i] !== 0 && Number.isFinite(ratio)) found.push(ratio);
    }
  }
  // A typed array sorts numbers without a function to compare them.
  return Float64Array.from(found).sort()[found.length >> 1] ?? null;
}
