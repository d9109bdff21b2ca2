import type * as tfjs from "@tensorflow/tfjs";
import { heapView } from "../engine/heap_view.ts";
import type { LayersModel, Optimizer, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { backPropagate } from "../measure/back_propagate.ts";
import { dropTape, recordTape } from "../measure/engine_state.ts";
import { MeasureError } from "../measure/measure_error.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import { WatchedGradients } from "../measure/tap.ts";
import type { KeptProbe } from "./keep_model.ts";
import { outputsOf } from "./run_forward.ts";
import { errorMessage } from "../words/error_message.ts";

/** What training with Keras' defaults takes. */
const LEARNING_RATE = 0.001;

interface OptimizerClass {
  new (...args: never[]): Optimizer;
  fromConfig(cls: OptimizerClass, config: object): Optimizer;
}

/**
 * A copy of an optimizer with its state (moments, number of steps), so that the original is not moved:
 * of the given one, of the one that the model was compiled with, or a new Adam. Adamax cannot tell its
 * state; its copy starts afresh.
 *
 * @returns The copy; the caller's to dispose.
 * @throws {TypeError} If what was given is no optimizer.
 */
export async function cloneOptimizer(
  tf: TensorFlow,
  model: LayersModel,
  given: Optimizer | undefined,
): Promise<Optimizer> {
  const original = given ?? (model as { optimizer?: Optimizer }).optimizer ?? null;
  if (original === null) return tf.train.adam(LEARNING_RATE);
  const { constructor } = original as { constructor: unknown };
  if (typeof original.applyGradients !== "function" || typeof constructor !== "function") {
    throw new TypeError(
      `options.optimizer must be an optimizer of TensorFlow.js, got ${typeof given}.`,
    );
  }
  const own = constructor as OptimizerClass;
  const copy = own.fromConfig(own, original.getConfig());
  if (original.getClassName() === "Adamax") return copy;
  const [iterations, ...slots] = await original.getWeights();
  await copy.setWeights([iterations, ...slots]);
  iterations.tensor.dispose();
  return copy;
}

/** What takes the weights one step along their gradients, `null` where J does not reach a weight. */
export type Update = (variables: tfjs.Variable[], gradients: (Tensor | null)[]) => void;

/** The update that an optimizer of TensorFlow.js makes. */
export function updateOf(optimizer: Optimizer): Update {
  return (variables, gradients) =>
    optimizer.applyGradients(
      variables.map(({ name }, i) => ({ name, tensor: gradients[i] as Tensor })),
    );
}

/** What a step went down on, before it was taken. */
export interface StepLoss {
  /** J of the outputs. */
  loss: number;
  /** The penalties of the layers. */
  penalty: number;
}

/**
 * Takes one step as `model.fit` does: dropout and batch normalisation in training mode, the penalties of
 * the layers in the loss, the model's trainable weights. A model that is frozen as a whole only runs. It
 * starts from the states that the model had before the probe.
 *
 * @param see Looks at the outputs, which it may neither keep nor dispose.
 * @returns The loss before the step.
 * @throws {MeasureError} If the loss cannot be differentiated.
 */
export function trainingStep(
  { tf, model, inputs, rewind }: KeptProbe,
  objective: ResolvedObjective,
  update: Update,
  see: (outputs: Tensor[], taken: StepLoss) => void = () => {},
): StepLoss {
  rewind();
  const variables = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
  const gradients = variables.map((): Tensor | null => null);
  const watched = new WatchedGradients();
  variables.forEach((variable, i) =>
    watched.watch(variable, (gradient) => gradients[i] = tf.keep(gradient.clone()))
  );
  const taken = { loss: NaN, penalty: 0 };
  let total: Tensor;
  try {
    const tape = recordTape(tf, () => {
      const outputs = outputsOf(model, inputs, true);
      const loss = tf.reshape(objective.evaluate(outputs), []);
      taken.loss = heapView(tf, loss)[0];
      const penalties = (model as unknown as { calculateLosses(): Tensor[] }).calculateLosses()
        .map((penalty) => tf.reshape(penalty, []));
      for (const penalty of penalties) taken.penalty += heapView(tf, penalty)[0];
      total = penalties.reduce((sum, penalty) => tf.add(sum, penalty), loss);
      see(outputs, taken);
    });
    backPropagate(tf, tape, total!, watched);
    update(variables, gradients);
    return taken;
  } catch (error) {
    throw new MeasureError(
      `A training step of ${objective.name} cannot be taken: ${errorMessage(error)}`,
      { cause: error },
    );
  } finally {
    dropTape(tf);
    tf.dispose(gradients.filter((gradient) => gradient !== null));
  }
}
