import type { Layer, LayersModel, TensorFlow } from "../../../src/engine/mod.ts";
import { isModelPlan, type LayerPlan, type ModelPlan, neededSteps } from "./layer_plan.ts";

type Symbolic = LayersModel["inputs"][number];

/** Builds a model of TensorFlow.js as its plan says. */
export function buildModel(
  tf: TensorFlow,
  plan: ModelPlan,
  isIndices: boolean[] = [],
): LayersModel {
  const inputs = plan.inputs.map((sizes, i) =>
    tf.input({ shape: [...sizes], dtype: isIndices[i] ? "int32" : "float32" })
  );
  const tensors: Symbolic[] = [...inputs];
  const made = new Map<LayerPlan | ModelPlan, Layer>();
  const needed = neededSteps(plan);
  for (const step of needed) {
    const { plan: part, from, to } = step;
    const layer = made.get(part) ??
      (isModelPlan(part) ? buildModel(tf, part) : part.make(tf)) as Layer;
    made.set(part, layer);
    const given = from.map((tensor) => tensors[tensor]);
    const states = isModelPlan(part) ? 0 : part.states ?? 0;
    const results = states > 0
      ? layer.apply(given[0], { initialState: given.slice(1) })
      : layer.apply(given.length === 1 ? given[0] : given);
    [results].flat().forEach((result, i) => tensors[to[i]] = result as Symbolic);
  }
  const outputs = plan.results.map((tensor) => tensors[tensor]);
  const model = tf.model({ inputs, outputs, name: plan.name });
  for (const [part, layer] of made) {
    if (isModelPlan(part)) continue;
    const values = part.weights.map(({ values, shape }) => tf.tensor(values, shape));
    layer.setWeights(values);
    tf.dispose(values);
    layer.trainable = part.trainable;
  }
  model.trainable = plan.trainable;
  return model;
}
