import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { LOSSES, type Objective } from "../model/objective.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";

/** What `model.compile` leaves behind; TensorFlow.js declares half of it private. */
interface Compiled {
  loss?: unknown;
  lossFunctions?: ((targets: Tensor, outputs: Tensor) => Tensor)[];
  /** A `tf.sequential()` has a model of its own do the work. */
  model?: Compiled;
}

/** The objective that a probe uses: the given one, the model's own loss, or the sum of the outputs. */
export function probeObjective(model: LayersModel, given: Objective | undefined): Objective {
  const compiled = model as unknown as Compiled;
  const { loss, lossFunctions } = compiled.model ?? compiled;
  if (given !== undefined) return given;
  const named = LOSSES.find((name) => name === loss);
  if (named !== undefined) return named;
  if (lossFunctions === undefined) return "sum";
  return function compiledLoss(outputs, targets) {
    return outputs.map((output, i) => lossFunctions[i](targets[i], output).mean())
      .reduce((sum, value) => sum.add(value));
  };
}

/** J of the outputs of a model on these inputs and targets, as in inference. */
export function evaluateObjective(
  tf: TensorFlow,
  model: LayersModel,
  { evaluate }: ResolvedObjective,
  inputs: Tensor[],
): number {
  const value = tf.tidy(() =>
    evaluate(
      [model.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false })]
        .flat() as Tensor[],
    )
  );
  const [number] = value.dataSync();
  value.dispose();
  return number;
}
